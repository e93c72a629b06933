"""What every request of an operator goes through: whose key it is, and which account is meant."""

import msgspec
from litestar.response.base import ASGIResponse
from msgspec import Struct

from headrace.api.answers import json_answer
from headrace.api.auth import authenticate_operator
from headrace.api.body import BODY_LIMIT
from headrace.api.changes import Change, Work, carried_out
from headrace.api.services import AnyRequest, services_of
from headrace.domain.errors import Problem
from headrace.domain.model import Account
from headrace.operate.ports import Store

_encode = msgspec.json.Encoder().encode


def store_of(request: AnyRequest) -> Store:
    return services_of(request).store


async def account_of(request: AnyRequest, who: str) -> Account:
    """By id or name. Raises `Problem(not_found)`."""
    try:
        return await store_of(request).accounts.get(who)
    except LookupError:
        raise Problem("not_found", detail="There is no such account") from None


def shown(answer: Struct) -> ASGIResponse:
    return json_answer(_encode(answer))


async def changed(
    request: AnyRequest, work: Work, status: int = 200, limit: int = BODY_LIMIT
) -> ASGIResponse:
    """Carry `work` out for an operator. `limit`: bytes of the body."""
    return await carried_out(request, await authenticate_operator(request), work, status, limit)


__all__ = ["Change", "account_of", "changed", "shown", "store_of"]
