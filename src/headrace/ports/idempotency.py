"""One execution for each `Idempotency-Key`."""

from typing import Protocol

from msgspec import Struct


class Claim(Struct, frozen=True):
    """One use of an `Idempotency-Key`. `name` tells keys of different callers and routes apart;
    `fingerprint` is what was asked, in one spelling; the answer is kept for `seconds`."""

    name: str
    fingerprint: str
    seconds: float = 86_400


class Reply(Struct, frozen=True):
    """The answer that belongs to a claim; status 0 while it is being worked out, `ours` where this process
    took it to do so. `seconds`: how long to keep it, where that differs from the claim's."""

    claim: Claim
    status: int
    body: bytes
    seconds: float | None = None
    ours: bool = False


class Idempotency(Protocol):
    """Answers by `Idempotency-Key`."""

    async def look(self, claim: Claim) -> Reply | None:
        """What is known of the key. Raises `Problem(idempotency_key_reused)` if another request used it."""
        ...

    async def begin(self, claim: Claim) -> None:
        """Take the key. Raises `Problem(idempotency_key_in_use)`."""
        ...

    async def end(self, reply: Reply) -> None:
        """Keep the answer."""
        ...

    async def free(self, claim: Claim) -> None:
        """Let the key go: nothing came of the request."""
        ...
