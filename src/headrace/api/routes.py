"""The public endpoints."""

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from headrace.api import render
from headrace.api.answers import json_answer, reply_answer
from headrace.api.auth import authenticate
from headrace.api.body import body_of
from headrace.api.documented import ACCOUNT, CREDITS, ENRICH, STORED, EnrichOperation
from headrace.api.idempotency import claim_of
from headrace.api.read import check_webhook, enrichment_request, require_json
from headrace.api.services import AnyRequest, services_of
from headrace.domain.errors import Problem
from headrace.domain.model import Account, Enrichment
from headrace.engine.enrich import Once
from headrace.ports import Claim, Reply

_encode = msgspec.json.Encoder().encode


@post(
    ["/v2/contacts/single_enrich", "/v2/contacts/sync_single_enrich"],
    status_code=200,
    operation_class=EnrichOperation,
    **ENRICH,
)
async def single_enrich(request: AnyRequest) -> ASGIResponse:
    """Find one person's details now."""
    account = await authenticate(request)
    require_json(request)
    body = await body_of(request)
    claim = claim_of(request, account.id, body)
    if claim is None:
        return await _enriched(request, account, body)
    answer = await services_of(request).turns.once(claim, lambda: _enriched(request, account, body, claim))
    return reply_answer(answer) if isinstance(answer, Reply) else answer


async def _enriched(
    request: AnyRequest, account: Account, body: bytes, claim: Claim | None = None
) -> ASGIResponse:
    services = services_of(request)
    since = services.clock.monotonic()
    standing = await services.limits.admit(account.id)
    wanted = enrichment_request(body)
    check_webhook(services, wanted)
    expand = bool(request.scope["query_string"]) and "attempts" in request.query_params.get("expand", "")

    def write(enrichment: Enrichment) -> bytes:
        return _encode(render.enrich_answer(enrichment, account, attempts=expand))

    once = Once(claim, write) if claim else None
    enrichment = await services.enricher.enrich(wanted, account, once, since)
    if wanted.webhook_url:
        services.wake()
    return json_answer(write(enrichment), {**standing.headers(), **_spending(enrichment)})


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


def _spending(enrichment: Enrichment) -> dict[str, str]:
    overhead = max(0.0, enrichment.duration_ms - enrichment.waited_ms)
    headers = {
        "X-Headrace-Credits-Charged": str(render.credits(enrichment.charged)),
        "X-Headrace-Credits-Remaining": str(render.credits(enrichment.remaining)),
        "X-Headrace-Duration-Ms": f"{enrichment.duration_ms:.1f}",
        "X-Headrace-Overhead-Ms": f"{overhead:.1f}",
    }
    if enrichment.sandbox:
        headers["X-Headrace-Sandbox"] = "true"
    return headers
