"""What vendors answered, for those who ask the same."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from msgspec import Struct

K_contra = TypeVar("K_contra", contravariant=True)
T = TypeVar("T")


class Remembered(Struct, frozen=True):
    """What a vendor answered at `obtained_at` (seconds since 1970). `found`: it had something."""

    answer: bytes
    found: bool
    obtained_at: float


class Answers(Protocol):
    """What vendors answered, for use again. `question` is a keyed hash."""

    async def recall(self, question: bytes) -> Remembered | None:
        """The latest answer, however old. Raises `Problem(storage_unavailable)`."""
        ...

    async def forget(self, subject: str) -> None:
        """Forget all answers that have this among their `subjects`. Raises `Problem(storage_unavailable)`."""
        ...

    async def remember(self, question: bytes, answer: Remembered, subjects: Sequence[str]) -> None:
        """Keep an answer in the place of an older one, unless one of the persons that it is about, which are
        its `subjects`, is suppressed. Raises `Problem(storage_unavailable)`."""
        ...


class Flights(Protocol[K_contra, T]):
    """Work that many ask for at the same time and that is done once."""

    def free(self, key: K_contra) -> bool:
        """Whether `once` is known to begin at once, as nobody is at it."""
        ...

    async def once(self, key: K_contra, work: Callable[[], Awaitable[T]], seconds: float) -> tuple[T, bool]:
        """What `work` returns, and whether another's work was shared.

        Of all who ask at the same time one works. Whoever comes after it has ended works anew. If the one
        that works fails or is cancelled, only it is told so, and another of those who wait works; also if it
        takes longer than `seconds`. `key` may hold personal data only where it stays in the process.
        """
        ...
