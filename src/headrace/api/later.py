"""The endpoints whose caller does not wait: queue one contact or many, ask later what came of it."""

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from headrace.api import render
from headrace.api.answers import json_answer, reply_answer
from headrace.api.auth import authenticate
from headrace.api.documented import BULK, CONTACT, PROGRESS, QUEUE, BulkOperation, QueueOperation
from headrace.api.idempotency import claim_of
from headrace.api.read import bulk_request, check_webhook, enrichment_request, require_json
from headrace.api.schemas import BulkAnswer
from headrace.api.services import AnyRequest, services_of
from headrace.domain.errors import Problem
from headrace.domain.model import Account, EnrichmentRequest
from headrace.engine.ids import new_id
from headrace.ports import Claim, Reply

BULK_BODY_LIMIT = 1 << 20
"""Bytes of a bulk's body."""

_encode = msgspec.json.Encoder().encode


@post("/api/v2/contacts/single_enrich", status_code=200, operation_class=QueueOperation, **QUEUE)
async def queue_enrich(request: AnyRequest) -> ASGIResponse:
    """Look for one person's details later."""
    account, body = await _asked(request)
    wanted = enrichment_request(body)
    check_webhook(services_of(request), wanted)
    services_of(request).enricher.check(wanted, account, later=True)
    enrichment_id = new_id()
    answer = _encode(render.pending_answer(enrichment_id, wanted))
    claim = claim_of(request, account.id, body)
    return await _queued(request, account, [wanted], [enrichment_id], None, (200, answer), claim)


@post(
    "/api/v2/contacts/bulk_enrich",
    status_code=202,
    operation_class=BulkOperation,
    request_max_body_size=BULK_BODY_LIMIT,
    **BULK,
)
async def bulk_enrich(request: AnyRequest) -> ASGIResponse:
    """Look for 2 to 100 people's details later: all of them, or none."""
    account, body = await _asked(request)
    wanted = bulk_request(body)
    check_webhook(services_of(request), wanted[0])
    _check_all(request, wanted, account)
    bulk_id = new_id()
    answer = _encode(BulkAnswer(bulk_id, "queued"))
    claim = claim_of(request, account.id, body)
    ids = [new_id() for _ in wanted]
    return await _queued(request, account, wanted, ids, bulk_id, (202, answer), claim)


@get(["/api/v2/contacts/{enrichment_id:str}", "/v2/contacts/{enrichment_id:str}"], **CONTACT)
async def contact(request: AnyRequest, enrichment_id: FromPath[str]) -> ASGIResponse:
    """What came of an enrichment; another account's looks as if it did not exist."""
    account = await authenticate(request)
    stored = await services_of(request).enrichments.get(enrichment_id, account.id)
    if stored is None:
        raise Problem("not_found", detail="There is no such enrichment")
    return json_answer(_encode(render.contact_answer(stored, account)))


@get("/api/v2/contacts/bulk/{bulk_id:str}", **PROGRESS)
async def bulk_progress(request: AnyRequest, bulk_id: FromPath[str]) -> ASGIResponse:
    """How far a bulk has come."""
    account = await authenticate(request)
    progress = await services_of(request).enrichments.progress(bulk_id, account.id)
    if progress is None:
        raise Problem("not_found", detail="There is no such bulk")
    return json_answer(_encode(render.progress_answer(progress)))


async def _asked(request: AnyRequest) -> tuple[Account, bytes]:
    account = await authenticate(request)
    await services_of(request).limits.admit(account.id)
    require_json(request)
    return account, await request.body()


def _check_all(request: AnyRequest, wanted: list[EnrichmentRequest], account: Account) -> None:
    """One contact that may not be looked for refuses the bulk; the message says which one."""
    for place, each in enumerate(wanted):
        try:
            services_of(request).enricher.check(each, account, later=True)
        except Problem as problem:
            if problem.code != "bad_request":
                raise
            raise Problem("bad_request", detail=f"contacts[{place}]: {problem.message}") from None


async def _queued(
    request: AnyRequest,
    account: Account,
    wanted: list[EnrichmentRequest],
    ids: list[str],
    bulk_id: str | None,
    answer: tuple[int, bytes],
    claim: Claim | None,
) -> ASGIResponse:
    services = services_of(request)
    amounts = [services.enricher.price(each) for each in wanted]
    reply = Reply(claim, *answer) if claim else None

    async def queue() -> None:
        await services.enrichments.queue(wanted, account, amounts, ids, bulk_id, reply)

    known = None
    if claim:
        known = await services.turns.once(claim, queue)
    else:
        await queue()
    if known:
        return reply_answer(known)
    services.wake()
    return json_answer(answer[1], status=answer[0])
