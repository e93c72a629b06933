"""The public endpoints."""

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from headrace.api import render
from headrace.api.answers import json_answer, reply_answer
from headrace.api.auth import authenticate
from headrace.api.body import body_and_claim_of
from headrace.api.documented import ACCOUNT, CREDITS, ENRICH, STORED, EnrichOperation
from headrace.api.read import check_webhook, enrichment_request
from headrace.api.services import AnyRequest, services_of
from headrace.domain.errors import Problem
from headrace.domain.model import Account, Enrichment
from headrace.engine.enrich import Once
from headrace.ports import Claim, Reply

_encode = msgspec.json.Encoder().encode
_REHEARSAL = {"X-Headrace-Sandbox": "true"}


@post(
    ["/v2/contacts/single_enrich", "/v2/contacts/sync_single_enrich"],
    status_code=200,
    operation_class=EnrichOperation,
    **ENRICH,
)
async def single_enrich(request: AnyRequest) -> ASGIResponse:
    """Find one person's details now."""
    account, services = await authenticate(request), services_of(request)
    body, claim = await body_and_claim_of(request, account.id)
    since = services.clock.monotonic()
    if claim is None:
        return await _enriched(request, account, body, since)
    answer = await services.turns.once(claim, lambda: _enriched(request, account, body, since, claim))
    if not isinstance(answer, Reply):
        return answer
    standing = await services.limits.look(account.id)
    took = (services.clock.monotonic() - since) * 1000
    return reply_answer(answer, {**standing.headers(), **_spending(0, account.available, took, took)})


async def _enriched(
    request: AnyRequest, account: Account, body: bytes, since: float, claim: Claim | None = None
) -> ASGIResponse:
    services = services_of(request)
    standing = await services.limits.admit(account.id)
    wanted = enrichment_request(body)
    check_webhook(services, wanted)
    expand = bool(request.scope["query_string"]) and _expands(request)

    def write(enrichment: Enrichment) -> bytes:
        return _encode(render.enrich_answer(enrichment, account, attempts=expand))

    once = Once(claim, write) if claim else None
    enrichment = await services.enricher.enrich(wanted, account, once, since)
    if wanted.webhook_url:
        services.wake()
    overhead = max(0.0, enrichment.duration_ms - enrichment.waited_ms)
    spending = _spending(enrichment.charged, enrichment.remaining, enrichment.duration_ms, overhead)
    rehearsal = _REHEARSAL if enrichment.sandbox else {}
    return json_answer(write(enrichment), {**standing.headers(), **spending, **rehearsal})


@get("/v2/enrichments/{enrichment_id:str}", **STORED)
async def stored_enrichment(request: AnyRequest, enrichment_id: FromPath[str]) -> ASGIResponse:
    """A finished enrichment with its attempts; another account's looks as if it did not exist."""
    account = await authenticate(request)
    stored = await services_of(request).enrichments.get(enrichment_id, account.id)
    if stored is None or stored.state != "finished":
        raise Problem("not_found", detail="There is no such enrichment")
    return json_answer(_encode(render.stored_answer(stored, account)))


@get(["/v2/credits", "/api/v2/credits"], **CREDITS)
async def account_credits(request: AnyRequest) -> ASGIResponse:
    """What the account can spend."""
    account = await authenticate(request)
    return json_answer(_encode(render.credits_answer(account)))


@get(["/v2/account", "/api/v2/account"], **ACCOUNT)
async def account_details(request: AnyRequest) -> ASGIResponse:
    """The account behind the key."""
    account = await authenticate(request)
    return json_answer(_encode(render.account_answer(account)))


def _expands(request: AnyRequest) -> bool:
    said: list[str] = request.query_params.getall("expand", [])
    return any("attempts" in each.split(",") for each in said)


def _spending(charged: int, remaining: int, duration_ms: float, overhead_ms: float) -> dict[str, str]:
    return {
        "X-Headrace-Credits-Charged": str(render.credits(charged)),
        "X-Headrace-Credits-Remaining": str(render.credits(remaining)),
        "X-Headrace-Duration-Ms": f"{duration_ms:.1f}",
        "X-Headrace-Overhead-Ms": f"{overhead_ms:.1f}",
    }
