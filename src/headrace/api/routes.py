"""The public endpoints."""

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from headrace.api import render
from headrace.api.auth import authenticate
from headrace.api.documented import ACCOUNT, CREDITS, ENRICH, STORED, EnrichOperation
from headrace.api.read import enrichment_request
from headrace.api.services import AnyRequest, header, services_of
from headrace.domain.errors import Problem
from headrace.domain.model import Enrichment

_encode = msgspec.json.Encoder().encode


@post(
    ["/v2/contacts/single_enrich", "/v2/contacts/sync_single_enrich"],
    status_code=200,
    operation_class=EnrichOperation,
    **ENRICH,
)
async def single_enrich(request: AnyRequest) -> ASGIResponse:
    """Find one person's details now."""
    services = services_of(request)
    account = await authenticate(request)
    standing = services.limits.admit(account.id)
    _require_json(request)
    wanted = enrichment_request(await request.body())
    enrichment = await services.enricher.enrich(wanted, account)
    expand = bool(request.scope["query_string"]) and "attempts" in request.query_params.get("expand", "")
    answer = render.enrich_answer(enrichment, account, attempts=expand)
    return _json(_encode(answer), {**standing.headers(), **_spending(enrichment)})


@get("/v2/enrichments/{enrichment_id:str}", **STORED)
async def stored_enrichment(request: AnyRequest, enrichment_id: FromPath[str]) -> ASGIResponse:
    """A finished enrichment with its attempts; another account's looks as if it did not exist."""
    account = await authenticate(request)
    stored = await services_of(request).enrichments.get(enrichment_id, account.id)
    if stored is None:
        raise Problem("not_found", detail="There is no such enrichment")
    return _json(_encode(render.stored_answer(stored, account)))


@get(["/v2/credits", "/api/v2/credits"], **CREDITS)
async def account_credits(request: AnyRequest) -> ASGIResponse:
    """What the account can spend."""
    account = await authenticate(request)
    return _json(_encode(render.credits_answer(account)))


@get(["/v2/account", "/api/v2/account"], **ACCOUNT)
async def account_details(request: AnyRequest) -> ASGIResponse:
    """The account behind the key."""
    account = await authenticate(request)
    return _json(_encode(render.account_answer(account)))


def _require_json(request: AnyRequest) -> None:
    """A body without a type is taken for JSON; one of another type is refused."""
    declared = header(request, b"content-type").partition(";")[0].strip().lower()
    if declared and declared != "application/json" and not declared.endswith("+json"):
        raise Problem("unsupported_media_type")


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


def _json(body: bytes, headers: dict[str, str] | None = None) -> ASGIResponse:
    return ASGIResponse(body=body, media_type="application/json", headers=headers)
