"""An account's own webhooks: what became of them, and another try."""

from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import get, post
from litestar.openapi.spec import Example, Operation
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from msgspec import Struct

from headrace.api import render
from headrace.api.answers import json_answer
from headrace.api.auth import authenticate
from headrace.api.changes import Change, carried_out
from headrace.api.complaints import KEY
from headrace.api.documented import SECURED, idempotency
from headrace.api.headers import REPLAYED
from headrace.api.refusals import (
    KEYED,
    ONCE,
    RATE_LIMITED,
    answer,
    bad_requests,
    no_json,
    not_found,
    refusals,
)
from headrace.api.schemas import DeliveriesAnswer, Replayed
from headrace.api.services import AnyRequest, services_of
from headrace.domain.errors import Problem

_encode = msgspec.json.Encoder().encode

DELIVERY_EXAMPLE: dict[str, Any] = {
    "id": "01a20172-8f0e-7c11-9b4e-5d1f3a7c2e90",
    "enrichment_id": "123e4567-e89b-12d3-a456-426614174000",
    "url": "https://hooks.example.com/headrace",
    "attempts": 2,
    "state": "pending",
    "last_status": 500,
    "last_error": None,
    "next_at": "2026-11-22T04:12:57+00:00",
    "created_at": "2026-11-22T04:07:52+00:00",
}
_DELIVERIES: dict[str, Any] = {
    "summary": "The account's webhooks: due, delivered, given up",
    "tags": ["Webhooks"],
    "security": SECURED,
    "responses": {
        200: answer(DeliveriesAnswer, "The newest 100.", Example(value={"deliveries": [DELIVERY_EXAMPLE]})),
        **refusals(*KEYED),
    },
}
_REPLAY: dict[str, Any] = {
    "summary": "Have a webhook delivered again",
    "tags": ["Webhooks"],
    "security": SECURED,
    "responses": {
        200: answer(
            Replayed,
            "It is due again, with its old id and body.",
            Example(value={"id": DELIVERY_EXAMPLE["id"], "replayed": True}),
            headers=(REPLAYED,),
        ),
        **refusals(
            *bad_requests([KEY]),
            not_found("There is no such delivery"),
            *no_json(),
            *KEYED,
            RATE_LIMITED,
            *ONCE,
        ),
    },
}


@dataclass
class OnceOperation(Operation):
    """A change whose path says all."""

    def __post_init__(self) -> None:
        self.parameters = [*(self.parameters or []), *idempotency()]


@get("/v2/webhooks", **_DELIVERIES)
async def own_deliveries(request: AnyRequest) -> ASGIResponse:
    """The account's deliveries, the newest first."""
    account = await authenticate(request)
    found = await services_of(request).store.webhooks.listed(account.id)
    return json_answer(_encode(render.deliveries_answer(found)))


@post("/v2/webhooks/{delivery_id:str}/replay", status_code=200, operation_class=OnceOperation, **_REPLAY)
async def replay_own(request: AnyRequest, delivery_id: FromPath[str]) -> ASGIResponse:
    """Deliver it again; another account's looks as if it did not exist."""
    account = await authenticate(request)
    services = services_of(request)

    async def work(_change: Change) -> Struct:
        await services.limits.admit(account.id)
        if not await services.store.webhooks.replay(delivery_id, account.id):
            raise Problem("not_found", detail="There is no such delivery")
        services.wake()
        return Replayed(delivery_id, replayed=True)

    return await carried_out(request, account.id, work)
