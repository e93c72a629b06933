"""API keys: how they are made, read and kept."""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

_PREFIX = "hr"
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at birth: `text` is shown once, only `digest` is kept."""

    id: str
    text: str
    digest: bytes


class KeySmith:
    """Makes keys of 256 random bits and checks them against keyed hashes.

    A plain hash would let anyone who copies the database test guesses; with the pepper, which is kept
    outside it, a copied table is useless.
    """

    def __init__(self, pepper: bytes) -> None:
        self._pepper = pepper

    def make(self) -> NewKey:
        key_id = "".join(secrets.choice(_ALPHABET) for _ in range(12))
        secret = secrets.token_urlsafe(32)
        return NewKey(key_id, f"{_PREFIX}_{key_id}_{secret}", self._digest(secret))

    def split(self, text: str) -> tuple[str, str] | None:
        """The id and the secret of a key's text; `None` for text of any other form."""
        parts = text.split("_", 2)
        if len(parts) != 3 or parts[0] != _PREFIX or not text.isascii():
            return None
        return parts[1], parts[2]

    def matches(self, secret: str, digest: bytes) -> bool:
        return hmac.compare_digest(self._digest(secret), digest)

    def _digest(self, secret: str) -> bytes:
        return hmac.digest(self._pepper, secret.encode(), hashlib.sha256)


def pepper_beside(database: Path) -> bytes:
    """The pepper in the file beside the database, made on first use and readable only by its owner."""
    path = database.with_name(f"{database.name}.key")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return bytes.fromhex(path.read_text().strip())
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
    return bytes.fromhex(path.read_text())
