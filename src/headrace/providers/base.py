"""The shape of a vendor adapter: a translation between Headrace's words and one vendor's wire.

An adapter does no I/O. `find`, `verify` and `balance` are generators that yield a `Request` (or a `Wait`,
when the vendor asks to be polled), receive a `Response`, and return what was found. The engine owns sockets,
deadlines, limits, retries and money, and turns every failure into a named one.
"""

from collections.abc import Generator, Mapping
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

from msgspec import Struct, field

from headrace.domain.failures import Failure, Refused
from headrace.domain.model import Answer, Contact, Failed, Field, Judged, Needs
from headrace.ports import Response

__all__ = [
    "BY_COMPANY",
    "BY_DOMAIN",
    "BY_PROFILE",
    "WHOLE_VENDOR",
    "Adapter",
    "Balance",
    "Conversation",
    "Failure",
    "Findings",
    "HasBalance",
    "Rate",
    "Refused",
    "Request",
    "Response",
    "Verifies",
    "Wait",
    "compact",
]

T = TypeVar("T")

BY_DOMAIN = frozenset({"name", "domain"})
BY_COMPANY = frozenset({"name", "company_name"})
BY_PROFILE = frozenset({"linkedin_url"})


class Request(Struct, frozen=True):
    """One call to the vendor. `path` begins with a slash and is the one on the vendor's page."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str] | None = None


class Wait(Struct, frozen=True):
    """Pause before going on: the vendor is still working. Seconds."""

    seconds: float


class Rate(Struct, frozen=True):
    """At most `calls` in any `seconds`."""

    calls: int
    seconds: float


class Balance(Struct, frozen=True):
    """What is left at the vendor, in its credits. `pools` names them where there are several."""

    credits: float
    pools: Mapping[str, float] = field(default_factory=dict)


Conversation = Generator[Request | Wait, Response, T]
Findings = Answer | Mapping[Field, Answer | Failed]
"""One answer for the one field asked; or an answer each, where a call can serve several fields."""

WHOLE_VENDOR = "*"
"""The key in `rates` of a limit that all capabilities share."""


class Adapter(Protocol):
    """A vendor that finds. Constructed with its credentials as keyword arguments.

    `finds` says what each field needs to be asked. `together`: fields that one call can answer; `one_price`:
    such a call costs no more than its dearest field. `rates` and `concurrency` are the vendor's own limits
    per capability (or `WHOLE_VENDOR`), `timeout` (seconds) what its page says to allow; configuration
    overrides all three.
    """

    name: ClassVar[str]
    base_url: ClassVar[str]
    finds: ClassVar[Mapping[Field, Needs]]
    together: ClassVar[frozenset[Field]]
    one_price: ClassVar[bool]
    rates: ClassVar[Mapping[str, Rate]]
    concurrency: ClassVar[int]
    timeout: ClassVar[float]

    def headers(self) -> Mapping[str, str]:
        """Sent with every request; carries the credentials."""
        ...

    def find(self, wanted: tuple[Field, ...], contact: Contact) -> Conversation[Findings]:
        """Look for `wanted`: one field, or several of `together`. Raises `Refused`."""
        ...


@runtime_checkable
class Verifies(Protocol):
    """A vendor that judges an address."""

    def verify(self, address: str) -> Conversation[Judged]:
        """Raises `Refused`."""
        ...


@runtime_checkable
class HasBalance(Protocol):
    """A vendor that tells what is left."""

    def balance(self) -> Conversation[Balance]:
        """Raises `Refused`."""
        ...


def compact(**fields: str | None) -> dict[str, str]:
    """A request body without the fields that are not known."""
    return {name: value for name, value in fields.items() if value}
