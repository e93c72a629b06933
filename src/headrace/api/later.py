"""The endpoints whose caller does not wait: queue one contact or many, ask later what came of it."""

from collections.abc import Callable

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from msgspec import Struct

from headrace.api import render
from headrace.api.answers import json_answer, reply_answer
from headrace.api.auth import authenticate
from headrace.api.body import BODY_LIMIT, LONG_BODY_LIMIT, body_and_claim_of
from headrace.api.documented import BULK, CONTACT, PROGRESS, QUEUE, BulkOperation, QueueOperation
from headrace.api.read import bulk_request, check_webhook, enrichment_request
from headrace.api.schemas import BulkAnswer
from headrace.api.services import AnyRequest, Services, services_of
from headrace.domain.errors import Problem
from headrace.domain.model import Account, EnrichmentRequest
from headrace.engine.ids import new_id
from headrace.ports import Claim, Reply

_encode = msgspec.json.Encoder().encode


class _Order(Struct, frozen=True):
    """What is to be queued, with an id for each contact, and what the caller hears of it."""

    wanted: list[EnrichmentRequest]
    ids: list[str]
    bulk_id: str | None
    answer: tuple[int, bytes]


@post("/api/v2/contacts/single_enrich", status_code=200, operation_class=QueueOperation, **QUEUE)
async def queue_enrich(request: AnyRequest) -> ASGIResponse:
    """Look for one person's details later."""
    return await _once(request, _single, BODY_LIMIT)


@post(
    "/api/v2/contacts/bulk_enrich",
    status_code=202,
    operation_class=BulkOperation,
    **BULK,
)
async def bulk_enrich(request: AnyRequest) -> ASGIResponse:
    """Look for 2 to 100 people's details later: all of them, or none."""
    return await _once(request, _bulk, LONG_BODY_LIMIT)


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


async def _once(
    request: AnyRequest, read: Callable[[Services, Account, bytes], _Order], limit: int
) -> ASGIResponse:
    """Queue what the body asks for, or repeat the answer that the same request got before."""
    account, services = await authenticate(request), services_of(request)
    body, claim = await body_and_claim_of(request, account.id, limit)

    async def queued() -> ASGIResponse:
        await services.limits.admit(account.id)
        order = read(services, account, body)
        await _queue(services, account, order, claim)
        return json_answer(order.answer[1], status=order.answer[0])

    if claim is None:
        return await queued()
    answer = await services.turns.once(claim, queued)
    return reply_answer(answer) if isinstance(answer, Reply) else answer


def _single(services: Services, account: Account, body: bytes) -> _Order:
    wanted = enrichment_request(body)
    check_webhook(services, wanted)
    services.enricher.check(wanted, account, later=True)
    enrichment_id = new_id()
    answer = _encode(render.pending_answer(enrichment_id, wanted))
    return _Order([wanted], [enrichment_id], None, (200, answer))


def _bulk(services: Services, account: Account, body: bytes) -> _Order:
    wanted = bulk_request(body)
    check_webhook(services, wanted[0])
    _check_all(services, wanted, account)
    bulk_id = new_id()
    return _Order(wanted, [new_id() for _ in wanted], bulk_id, (202, _encode(BulkAnswer(bulk_id, "queued"))))


def _check_all(services: Services, wanted: list[EnrichmentRequest], account: Account) -> None:
    """One contact that may not be looked for refuses the bulk; the message says which one."""
    for place, each in enumerate(wanted):
        try:
            services.enricher.check(each, account, later=True)
        except Problem as problem:
            if problem.code != "bad_request":
                raise
            raise Problem("bad_request", detail=f"contacts[{place}]: {problem.message}") from None


async def _queue(services: Services, account: Account, order: _Order, claim: Claim | None) -> None:
    reply = Reply(claim, *order.answer) if claim else None
    await services.enricher.queue(order.wanted, account, order.ids, order.bulk_id, reply)
    services.wake()
