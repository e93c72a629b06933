"""What is known of domains, wherever that is kept."""

from typing import Protocol

from msgspec import Struct

from headrace.finder.learning import Knowledge


class Lesson(Struct, frozen=True):
    """One address that was confirmed. `weight`: how probably it is right; `at`: seconds since 1970.
    `company`: the name of the employer, where the address also tells which domain that writes from."""

    first: str
    last: str
    local: str
    domain: str
    weight: float
    at: float
    company: str | None = None


class Knowing(Protocol):
    """Keeps what lessons teach: counts, the domains of companies, and no address."""

    async def of(self, domain: str) -> Knowledge | None:
        """`None` for a domain that nothing is known of, and while that cannot be read."""
        ...

    async def domain_of(self, company: str) -> str | None:
        """The domain under which addresses of that company were confirmed, its name in any spelling; `None`
        unless it is clear, and while that cannot be read."""
        ...

    async def learn(self, *lessons: Lesson) -> None:
        """Take in what was learned, all about one domain. Raises `Problem(storage_unavailable)`."""
        ...


class Ignorance:
    """`Knowing` where nothing is kept."""

    async def of(self, domain: str) -> None:  # noqa: ARG002
        return None

    async def domain_of(self, company: str) -> None:  # noqa: ARG002
        return None

    async def learn(self, *lessons: Lesson) -> None:
        """They are lost."""
