"""How records are sealed: with AES-256-GCM-SIV, which stays safe should two records ever share a nonce."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CIPHER = "AES-256-GCM-SIV"
FIRST_CIPHER = "Fernet, which is AES-128-CBC with HMAC-SHA256"
"""What records are sealed with, and were at first, for those who must say so."""

_KEY_BYTES = 32
_NONCE_BYTES = 12

MARK = b"\x01"
FIRST_MARK = b"g"
"""What sealed records begin with, and did at first, when they were Fernet tokens under the same keys. No
record that is not sealed begins so."""


class Sealer:
    """Seals with the first of `keys`, each 32 bytes in URL-safe base64; opens with all of them.

    A sealed record is the mark of this format, the nonce, and the record with its tag: 29 bytes more.
    Raises `ValueError` without keys, or for one that is none.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ValueError("no keys")
        self._keys = keys
        self._ciphers = [_cipher(key) for key in keys]

    def seal(self, record: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return b"".join((MARK, nonce, self._ciphers[0].encrypt(nonce, record, MARK)))

    def open(self, sealed: bytes) -> bytes | None:
        """The record; `None` where no key fits, or it was tampered with."""
        if sealed[:1] == MARK:
            opened = (_opened(cipher, sealed) for cipher in self._ciphers)
            return next((record for record in opened if record is not None), None)
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            return None

    def is_newest(self, sealed: bytes) -> bool:
        """Whether it is sealed in this format and with the first key."""
        return sealed[:1] == MARK and _opened(self._ciphers[0], sealed) is not None

    @cached_property
    def _fernet(self) -> MultiFernet:
        return MultiFernet([Fernet(key) for key in self._keys])


def new_key() -> bytes:
    """A random key, in the form in which keys are kept."""
    return urlsafe_b64encode(os.urandom(_KEY_BYTES))


def _cipher(key: bytes) -> AESGCMSIV:
    secret = urlsafe_b64decode(key)
    if len(secret) != _KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    # Derived, because the key itself served for Fernet.
    return AESGCMSIV(HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"headrace: sealed records").derive(secret))


def _opened(cipher: AESGCMSIV, sealed: bytes) -> bytes | None:
    begins = len(MARK) + _NONCE_BYTES
    try:
        return cipher.decrypt(sealed[len(MARK) : begins], sealed[begins:], MARK)
    except (InvalidTag, ValueError):  # the latter: it is too short to be one
        return None
