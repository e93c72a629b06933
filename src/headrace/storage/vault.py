"""What is kept so that a copy of the database tells nothing: sealed records and keyed hashes."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Protocol, TypeVar

import structlog
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from msgspec import MsgspecError

from headrace.domain.errors import Problem
from headrace.storage import belonging
from headrace.storage.errors import Unusable
from headrace.storage.sealing import Sealer, new_key

T = TypeVar("T")

_DIGEST_BYTES = 16
_LOOK_AGAIN = 1.0
"""Seconds for which the keys in a file are taken to be unchanged."""

log = structlog.get_logger()


class Keyring(Protocol):
    """The keys that records are sealed with. The first one seals; all of them open."""

    def keys(self) -> tuple[bytes, ...]: ...

    def are_current(self) -> bool:
        """Whether the first one seals as of now. Where that cannot be known it may be retired any moment,
        and nothing would open what it sealed."""
        ...


class ConfiguredKeys:
    """Keys from the settings, the same on all machines of a fleet. Raises `Unusable`."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(key.strip().encode() for key in keys)
        _check(self._keys, "security.encryption_keys")

    def keys(self) -> tuple[bytes, ...]:
        return self._keys

    def are_current(self) -> bool:
        return True  # who configures them says when they go


class KeyFile:
    """Keys in a file that only its owner can read, one a line; made with a first key where there are no
    sealed records yet, for the user to whom `beside` belongs. Read again when it changes, so that keys can be
    rotated while servers run."""

    def __init__(self, path: Path, *, may_make: bool, beside: Path | None = None) -> None:
        self.path = path
        if not path.exists():
            if not may_make:
                raise Unusable(
                    f"{path}: is missing; restore this file, without it no record can be read; if it is lost"
                    " for good, see headrace db give-up"
                )
            write_keys(path, [new_key()], replace=False, beside=beside)
        self._looked_at = 0.0
        self._stamp = 0, 0
        self._trouble = ""  # what the file could not be read for, when it was looked at last
        self._keys: tuple[bytes, ...] = ()
        self.keys()

    def keys(self) -> tuple[bytes, ...]:
        now = time.monotonic()
        if now - self._looked_at > _LOOK_AGAIN or not self._keys:
            self._looked_at = now
            self._read()
        return self._keys

    def are_current(self) -> bool:
        self.keys()
        return not self._trouble

    async def replace(self, keys: Sequence[bytes]) -> None:
        """Set the keys, newest first; processes that have the file open follow within a second. Raises
        `Unusable`, and then they are as they were."""
        write_keys(self.path, keys)

    def _read(self) -> None:
        try:
            status = self.path.stat()
            stamp = status.st_mtime_ns, status.st_ino
            if stamp != self._stamp:
                self._keys, self._stamp = self._found(), stamp
        except (OSError, Unusable) as error:
            if not self._keys:
                raise Unusable(str(error)) from None
            self._note(str(error))
        else:
            self._note("")

    def _note(self, trouble: str) -> None:
        """Those read before go on opening what they sealed. Said once a change."""
        if trouble != self._trouble:
            self._trouble = trouble
            if trouble:
                log.error("encryption_keys_unusable", path=str(self.path), reason=trouble)
            else:
                log.info("encryption_keys_usable", path=str(self.path))

    def _found(self) -> tuple[bytes, ...]:
        if self.path.stat().st_mode & 0o077:
            raise Unusable(f"{self.path}: others can read it; run chmod 600 on it")
        keys = tuple(self.path.read_bytes().split())
        try:
            _check(keys, str(self.path))
        except Unusable as error:
            raise Unusable(
                f"{error}; restore this file, or, if the keys are lost for good, move it away and see"
                " headrace db give-up"
            ) from None
        return keys


class Vault:
    """Seals records and hashes identifiers."""

    def __init__(self, pepper: bytes, keyring: Keyring) -> None:
        self.pepper = pepper
        self.keyring = keyring
        self._keyed = HMAC(pepper, SHA256())
        self._sealer_of: tuple[tuple[bytes, ...], Sealer] | None = None

    def check(self) -> None:
        """Raises `Problem(storage_unavailable)` while nothing can be sealed that is sure to open later."""
        if not self.keyring.are_current():
            raise Problem("storage_unavailable", retry_after=1)

    def seal(self, record: bytes) -> bytes:
        """Raises `Problem(storage_unavailable)`, as `check` does."""
        self.check()
        return self._sealer().seal(record)

    def open(self, sealed: bytes) -> bytes:
        """The record. One from before records were sealed is returned as it is. Raises `Unusable`."""
        if is_plain(sealed):
            return sealed
        record = self._sealer().open(sealed)
        if record is None:
            raise Unusable(
                "a record was sealed with a key that is not there any more; put it back, or see headrace db"
                " give-up"
            )
        return record

    def read(self, sealed: bytes, as_: Callable[[bytes], T]) -> T | None:
        """What the record says; `None` for what no key opens any more, or another version wrote."""
        with suppress(Unusable, MsgspecError):
            return as_(self.open(sealed))
        return None

    def opens(self, sealed: bytes) -> bool:
        """Whether one of the keys is the one that it was sealed with."""
        return self._sealer().open(sealed) is not None

    def reseal(self, sealed: bytes) -> bytes:
        """The same record under the newest key. Raises `Unusable`, and as `seal` does."""
        return self.seal(self.open(sealed))

    def is_newest(self, sealed: bytes) -> bool:
        """Whether it is sealed as it would be now, so that no other key is needed for it."""
        return self._sealer().is_newest(sealed)

    def digest(self, text: str) -> bytes:
        """A keyed hash: equal for equal texts, and useless without the pepper."""
        keyed = self._keyed.copy()
        keyed.update(text.encode(errors="surrogatepass"))
        return keyed.finalize()[:_DIGEST_BYTES]

    def _sealer(self) -> Sealer:
        keys = self.keyring.keys()
        if self._sealer_of is None or self._sealer_of[0] is not keys:
            self._sealer_of = keys, Sealer(keys)
        return self._sealer_of[1]


def is_plain(record: bytes) -> bool:
    """Whether it is the JSON text of a version that did not seal yet."""
    return record[:1] in (b"{", b"[")


def write_keys(
    path: Path, keys: Sequence[bytes], *, replace: bool = True, beside: Path | None = None
) -> None:
    """The file appears whole or not at all. One that takes another's place belongs to the same user; a first
    one to whom `beside` belongs. Without `replace`, the first of several processes wins.

    Raises `Unusable`, and then nothing has changed.
    """
    made: Path | None = None
    try:
        with NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            made = Path(file.name)
            file.write(b"\n".join([*keys, b""]))  # made with mode 0600
            file.flush()
            _hand_over(file.fileno(), path, beside)
            os.fsync(file.fileno())
        if replace:
            made.replace(path)
        else:
            with suppress(FileExistsError):
                os.link(made, path)
    except OSError as error:
        raise Unusable(f"{path}: cannot be written: {error.strerror}") from None
    finally:
        if made:
            made.unlink(missing_ok=True)


def _hand_over(made: int, path: Path, beside: Path | None) -> None:
    try:
        if path.exists():
            belonging.keep(made, path)
        elif beside:
            belonging.follow(made, beside)
    except PermissionError:
        raise Unusable(
            f"{path}: belongs to another user, who could not read a new one; run this as that user or as root"
        ) from None


def _check(keys: Sequence[bytes], where: str) -> None:
    try:
        Sealer(keys)
    except (ValueError, TypeError):
        raise Unusable(f"{where}: holds no keys, or one that is not 32 bytes in URL-safe base64") from None
