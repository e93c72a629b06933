"""An account's own webhooks: what became of them, and another try."""

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from msgspec import Struct

from headrace.api import render
from headrace.api.answers import json_answer
from headrace.api.auth import authenticate
from headrace.api.changes import Change, carried_out
from headrace.api.documented import DELIVERIES, REPLAY, OnceOperation
from headrace.api.schemas import Replayed
from headrace.api.services import AnyRequest, services_of
from headrace.domain.errors import Problem

_encode = msgspec.json.Encoder().encode


@get("/v2/webhooks", **DELIVERIES)
async def own_deliveries(request: AnyRequest) -> ASGIResponse:
    """The account's deliveries, the newest first."""
    account = await authenticate(request)
    found = await services_of(request).store.webhooks.listed(account.id)
    return json_answer(_encode(render.deliveries_answer(found)))


@post("/v2/webhooks/{delivery_id:str}/replay", status_code=200, operation_class=OnceOperation, **REPLAY)
async def replay_own(request: AnyRequest, delivery_id: FromPath[str]) -> ASGIResponse:
    """Deliver it again; another account's looks as if it did not exist."""
    account = await authenticate(request)
    services = services_of(request)
    await services.limits.admit(account.id)

    async def work(_change: Change) -> Struct:
        if not await services.store.webhooks.replay(delivery_id, account.id):
            raise Problem("not_found", detail="There is no such delivery")
        services.wake()
        return Replayed(delivery_id, replayed=True)

    return await carried_out(request, account.id, work)
