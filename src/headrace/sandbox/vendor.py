"""The shape of one vendor of the sandbox: what it knows, which paths it serves, how it words its refusals."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field

from headrace.sandbox.coverage import Knowledge
from headrace.sandbox.desk import Desk
from headrace.sandbox.wire import BadInput, Request, Response

Handler = Callable[[Request, Desk], Response]
Kinds = Callable[[Request], tuple[str, ...]]

EMAIL = ("email",)
PERSONAL_EMAIL = ("personal_email",)
PHONE = ("phone",)
VERIFY = ("verify",)
UNCOUNTED: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """A path's handler and the capabilities it serves: fixed, or read from the request.

    A path may exist `only_with` one variant, or be `gone_with` one; a `public` one needs no key.
    """

    handle: Handler
    kinds: tuple[str, ...] | Kinds = UNCOUNTED
    only_with: str = ""
    gone_with: str = ""
    public: bool = False

    def served(self, variants: Container[str]) -> bool:
        """Whether the path exists under these switches."""
        return (not self.only_with or self.only_with in variants) and self.gone_with not in variants

    def asked(self, request: Request) -> tuple[str, ...]:
        """What this request asks for; the call is counted under the first."""
        return self.kinds(request) if callable(self.kinds) else self.kinds


@dataclass(frozen=True, slots=True)
class Refusals:
    """The vendor's own words for everything that goes wrong."""

    bad_key: Callable[[Request, Desk], Response]
    out_of_credits: Callable[[Request, Desk], Response]
    rate_limited: Callable[[Request, Desk], Response]
    bad_input: Callable[[Request, BadInput], Response]
    server_error: Callable[[Request, int], Response]


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor; `pace` is its median and 95th percentile latency in seconds, `paces` that by capability.
    `longest`: what a rare call may take, by capability, where that is far more."""

    name: str
    knowledge: Knowledge
    routes: Mapping[tuple[str, str], Route]
    key_of: Callable[[Request], str]
    refusals: Refusals
    pace: tuple[float, float]
    paces: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    longest: Mapping[str, float] = field(default_factory=dict)
    pools: tuple[str, ...] = ("credits",)
    variants: frozenset[str] = frozenset()
    headers: Callable[[Desk], tuple[tuple[str, str], ...]] = lambda desk: ()
    body_limit: Callable[[Request], int] | None = None
