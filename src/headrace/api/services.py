"""What the routes work with; put together by `wiring`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from litestar import Request
from litestar.datastructures import State

from headrace.api.limits import AccountLimits
from headrace.api.turns import Turns
from headrace.engine.enrich import Enricher
from headrace.engine.guard import Guard
from headrace.engine.own.verify import Verifier
from headrace.operate.outcomes import OutcomeDesk
from headrace.operate.ports import Store
from headrace.ports import Accounts, Clock, Enrichments

AnyRequest = Request[None, None, State]


@dataclass(frozen=True, slots=True)
class Services:
    """`providers` are those that take part; `database_answers` tells whether the storage is there. `wake`
    tells this process's worker that something was queued; `check_webhook` raises `Blocked` for a URL that
    nothing could be delivered to. `sandbox`: every vendor is a rehearsal, so every answer says so."""

    accounts: Accounts
    enrichments: Enrichments
    enricher: Enricher
    verifier: Verifier
    outcomes: OutcomeDesk
    turns: Turns
    limits: AccountLimits
    guard: Guard
    providers: tuple[str, ...]
    database_answers: Callable[[], Awaitable[bool]]
    wake: Callable[[], None]
    store: Store
    check_webhook: Callable[[str], None]
    clock: Clock
    sandbox: bool = False


def header(request: AnyRequest, name: bytes) -> str:
    """A request header by its lower-case name; empty when it was not sent."""
    for key, value in request.scope["headers"]:
        if key == name:
            return value.decode("latin-1")
    return ""


def services_of(request: AnyRequest) -> Services:
    found: Services = request.app.state["services"]
    return found
