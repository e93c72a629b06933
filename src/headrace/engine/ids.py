"""Ids that sort by time, so that new rows land at the end of an index however many there are."""

import os
import time
from uuid import UUID


def new_id() -> str:
    """A version 7 UUID (RFC 9562): 48 bits of milliseconds, 74 random ones."""
    random = int.from_bytes(os.urandom(10), "big")
    stamp = time.time_ns() // 1_000_000 << 80
    value = stamp | 0x7 << 76 | (random >> 68 & 0xFFF) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    return str(UUID(int=value))


def earliest_id(at: float) -> str:
    """The first id that can be made at `at`, in seconds since 1970; those made before it sort before it."""
    return str(UUID(int=int(at * 1000) << 80))
