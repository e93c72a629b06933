"""Keys of accounts. Keys of operators are made by the command alone, but revoked here too."""

from litestar import delete, get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from msgspec import Struct

from headrace.api.admin import documented, read, render
from headrace.api.admin.asked import Change, account_of, changed, shown, store_of
from headrace.api.admin.schemas import KeyMade, KeyRevoked, KeysAnswer, Nothing
from headrace.api.auth import authenticate_operator
from headrace.api.services import AnyRequest
from headrace.operate import keys


@get("/admin/v1/accounts/{account:str}/keys", **documented.KEYS)
async def keys_list(request: AnyRequest, account: FromPath[str]) -> ASGIResponse:
    """An account's keys, never their text."""
    await authenticate_operator(request)
    found = await store_of(request).accounts.keys(await account_of(request, account))
    return shown(KeysAnswer([render.key_details(key) for key in found]))


@post(
    "/admin/v1/accounts/{account:str}/keys",
    status_code=201,
    operation_class=documented.ChangeOperation,
    **documented.NEW_KEY,
)
async def new_key(request: AnyRequest, account: FromPath[str]) -> ASGIResponse:
    """Another key for an account."""

    async def work(change: Change) -> Struct:
        read.body(change.body, Nothing)
        found = await account_of(request, account)
        key = await store_of(request).accounts.add_key(found, change.actor)
        return KeyMade(key.id, key.text)

    return await changed(request, work, 201)


@delete("/admin/v1/keys/{key_id:str}", status_code=200, **documented.REVOKE_KEY)
async def revoke_key(request: AnyRequest, key_id: FromPath[str]) -> ASGIResponse:
    """Refuse a key from the next request on."""
    actor = await authenticate_operator(request)
    await keys.revoke(store_of(request), key_id, actor)
    return shown(KeyRevoked(key_id, revoked=True))
