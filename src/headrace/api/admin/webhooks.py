"""Webhooks that are due or were delivered, and what they are signed with."""

from litestar import get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from msgspec import Struct

from headrace.api.admin import documented, read, render
from headrace.api.admin.asked import Change, account_of, changed, shown, store_of
from headrace.api.admin.schemas import Nothing
from headrace.api.auth import authenticate_operator
from headrace.api.render import deliveries_answer
from headrace.api.schemas import Replayed
from headrace.api.services import AnyRequest, services_of
from headrace.domain.errors import Problem
from headrace.operate import webhooks

MOST = 1_000
"""Deliveries in one answer."""


@get(
    "/admin/v1/accounts/{account:str}/webhooks",
    operation_class=documented.LimitOperation,
    **documented.DELIVERIES,
)
async def deliveries(request: AnyRequest, account: FromPath[str]) -> ASGIResponse:
    """An account's deliveries, the newest first."""
    await authenticate_operator(request)
    most = read.number(request, "limit", 100, MOST)
    found = await account_of(request, account)
    return shown(deliveries_answer(await store_of(request).webhooks.listed(found.id, most)))


@post(
    "/admin/v1/webhooks/{delivery_id:str}/replay",
    status_code=200,
    operation_class=documented.ChangeOperation,
    **documented.REPLAY,
)
async def replay_delivery(request: AnyRequest, delivery_id: FromPath[str]) -> ASGIResponse:
    """Deliver it again, with its old id and body."""

    async def work(change: Change) -> Struct:
        read.body(change.body, Nothing)
        if not await store_of(request).webhooks.replay(delivery_id, actor=change.actor):
            raise Problem("not_found", detail="There is no such delivery")
        services_of(request).wake()
        return Replayed(delivery_id, replayed=True)

    return await changed(request, work)


@get("/admin/v1/accounts/{account:str}/webhooks/secret", **documented.SECRET)
async def signing_secret(request: AnyRequest, account: FromPath[str]) -> ASGIResponse:
    """What an account's webhooks are signed with."""
    await authenticate_operator(request)
    found = await account_of(request, account)
    return shown(render.secret_answer(await store_of(request).webhooks.secrets(found.id)))


@post(
    "/admin/v1/accounts/{account:str}/webhooks/secret",
    status_code=200,
    operation_class=documented.ChangeOperation,
    **documented.ROTATE,
)
async def rotate_secret(request: AnyRequest, account: FromPath[str]) -> ASGIResponse:
    """A new secret; the one that it replaces signs beside it for a day."""

    async def work(change: Change) -> Struct:
        read.body(change.body, Nothing)
        found = await account_of(request, account)
        return render.secret_answer(await webhooks.rotate(store_of(request), found, change.actor))

    return await changed(request, work)
