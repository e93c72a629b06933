"""Changes that are carried out once, however often they are asked for with one `Idempotency-Key`."""

from collections.abc import Awaitable, Callable
from uuid import NAMESPACE_URL, uuid5

import msgspec
from litestar.response.base import ASGIResponse
from msgspec import Struct

from headrace.api.answers import json_answer, reply_answer
from headrace.api.body import BODY_LIMIT, body_of, require_json
from headrace.api.idempotency import claim_of
from headrace.api.services import AnyRequest, services_of
from headrace.engine.ids import new_id
from headrace.ports import Claim


class Change(Struct, frozen=True):
    """A change that `actor` asks for. `operation` names it: the same whenever the request comes again with
    its `Idempotency-Key`."""

    actor: str
    body: bytes
    operation: str


Work = Callable[[Change], Awaitable[Struct]]
"""Carries a change out; returns the answer."""

_encode = msgspec.json.Encoder().encode


async def carried_out(
    request: AnyRequest, actor: str, work: Work, status: int = 200, limit: int = BODY_LIMIT
) -> ASGIResponse:
    """The answer of `work`, or, when the request was sent before, the answer that it got then. `limit`: bytes
    of its body."""
    require_json(request)
    body = await body_of(request, limit)
    claim = claim_of(request, actor, body) if request.method == "POST" else None
    if claim is None:
        return json_answer(_encode(await work(Change(actor, body, new_id()))), status=status)
    change, first = Change(actor, body, _operation(claim)), False

    async def once() -> tuple[int, bytes]:
        nonlocal first
        first = True
        return status, _encode(await work(change))

    reply = await services_of(request).turns.alone(claim, once)
    return json_answer(reply.body, status=reply.status) if first else reply_answer(reply)


def _operation(claim: Claim) -> str:
    """Made from what was asked too: a key that comes again with another request is another operation."""
    return str(uuid5(NAMESPACE_URL, f"{claim.name}\n{claim.fingerprint}"))
