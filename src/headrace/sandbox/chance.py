"""Chance that never changes its mind: the same question always draws the same number."""

from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


def roll(*question: object) -> float:
    """A number in [0, 1) that depends on the question alone."""
    text = "\x1f".join(map(str, question)).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=6).digest(), "big") / 2.0**48


def pick(options: tuple[T, ...], *question: object) -> T:
    """One of the options, always the same for the same question."""
    return options[int(roll(*question) * len(options))]
