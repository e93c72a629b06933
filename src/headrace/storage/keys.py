"""API keys: how they are made, read and kept."""

import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from headrace.operate.model import NewKey
from headrace.storage import belonging
from headrace.storage.errors import Unusable

ACCOUNT_KEY, ADMIN_KEY = "hr", "hradmin"
"""What the text of a key begins with."""

ANY_USE = """
    SELECT 1 FROM api_keys UNION ALL SELECT 1 FROM admin_keys UNION ALL SELECT 1 FROM suppressions
    UNION ALL SELECT 1 FROM audit_ends LIMIT 1
"""
"""Whether anything was stored that another pepper could not read."""

_PEPPER_BYTES = 32
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


class KeySmith:
    """Makes keys of one class, with 256 random bits, and checks them against keyed hashes.

    A plain hash would let anyone who copies the database test guesses; with the pepper, which is kept
    outside it, a copied table is useless.
    """

    def __init__(self, pepper: bytes, prefix: str = ACCOUNT_KEY) -> None:
        self._keyed = HMAC(pepper, SHA256())
        self._prefix = prefix

    def make(self) -> NewKey:
        key_id = "".join(secrets.choice(_ALPHABET) for _ in range(12))
        secret = secrets.token_urlsafe(32)
        return NewKey(key_id, f"{self._prefix}_{key_id}_{secret}", self._digest(secret))

    def split(self, text: str) -> tuple[str, str] | None:
        """The id and the secret of a key's text; `None` for text of any other form."""
        parts = text.split("_", 2)
        if len(parts) != 3 or parts[0] != self._prefix or not text.isascii():
            return None
        return parts[1], parts[2]

    def matches(self, secret: str, digest: bytes) -> bool:
        return hmac.compare_digest(self._digest(secret), digest)

    def _digest(self, secret: str) -> bytes:
        keyed = self._keyed.copy()
        keyed.update(secret.encode())
        return keyed.finalize()


def pepper_file(database: Path) -> Path:
    """Where the pepper of a database file is, unless the settings name one."""
    return database.with_name(f"{database.name}.key")


def pepper_beside(database: Path, in_use: bool) -> bytes:
    """The pepper in the file beside the database, made before its first use and readable only by its owner.

    Raises `Unusable` where it is lost: any other pepper would turn every key away.
    """
    path = pepper_file(database)
    if not path.exists() and not in_use:
        _make_pepper(path, database)
    try:
        pepper = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError):
        pepper = b""
    if len(pepper) < _PEPPER_BYTES:
        raise Unusable(f"{path}: holds no pepper; restore this file, without it no API key is accepted")
    return pepper


def _make_pepper(path: Path, beside: Path) -> None:
    """The file appears with its content or not at all, and belongs to whom `beside` does; of several
    processes, the first one's stays."""
    with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.") as file:  # made with mode 0600
        file.write(secrets.token_hex(_PEPPER_BYTES))
        file.flush()
        belonging.follow(file.fileno(), beside)
        os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(file.name, path)
