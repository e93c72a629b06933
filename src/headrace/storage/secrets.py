"""Secrets that a fleet keeps in its database, where the settings name none."""

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import suppress

import structlog

from headrace.domain.errors import Problem
from headrace.storage.database import Statement, Steps
from headrace.storage.postgres import PostgresDatabase
from headrace.storage.sealing import new_key

PEPPER = "pepper"
ENCRYPTION_KEYS = "encryption_keys"

_REFRESH = 1.0
"""Seconds between two looks at the keys, so that they can be rotated while servers run."""

_ALL = "SELECT value FROM secrets WHERE name = :name"
_ADD = "INSERT INTO secrets (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING"
_SET = "UPDATE secrets SET value = :value WHERE name = :name"

log = structlog.get_logger()


def kept_pepper(database: PostgresDatabase) -> bytes:
    """The pepper of the database, made by whoever opens it first."""
    log.warning("secrets_in_database", advice="set security.pepper and security.encryption_keys")
    return bytes.fromhex(database.call(_kept(database, PEPPER, secrets.token_hex(32))))


class KeyTable:
    """`Keyring` on the database; the first key is made by whoever opens it first."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self._keys = _split(database.call(_kept(database, ENCRYPTION_KEYS, new_key().decode())))
        database.beside(self._refresh())

    def keys(self) -> tuple[bytes, ...]:
        return self._keys

    def are_current(self) -> bool:
        return True  # who cannot read them cannot write either

    async def replace(self, keys: Sequence[bytes]) -> None:
        """Set the keys, newest first."""
        value = " ".join(key.decode() for key in keys)
        await self._database.write(lambda: _put(_SET, ENCRYPTION_KEYS, value))

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(_REFRESH)
            with suppress(Problem):
                kept = _split((await self._database.read_here(_ALL, {"name": ENCRYPTION_KEYS}))[0][0])
                if kept != self._keys:
                    self._keys = kept


async def _kept(database: PostgresDatabase, name: str, new: str) -> str:
    await database.write_here(lambda: _put(_ADD, name, new))
    return str((await database.read_here(_ALL, {"name": name}))[0][0])


def _put(sql: str, name: str, value: str) -> Steps[None]:
    yield Statement(sql, {"name": name, "value": value})


def _split(value: str) -> tuple[bytes, ...]:
    return tuple(value.encode().split())
