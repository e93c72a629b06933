"""What accounts can spend."""

from litestar import get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from msgspec import Struct

from headrace.api.admin import documented, read
from headrace.api.admin.asked import Change, account_of, changed, shown, store_of
from headrace.api.admin.schemas import CreditsChange, CreditsChanged, CreditsStanding
from headrace.api.auth import authenticate_operator
from headrace.api.render import credits
from headrace.api.services import AnyRequest
from headrace.operate.amounts import milli_credits


@get("/admin/v1/accounts/{account:str}/credits", **documented.STANDING)
async def credits_standing(request: AnyRequest, account: FromPath[str]) -> ASGIResponse:
    """An account's balance."""
    await authenticate_operator(request)
    found = await account_of(request, account)
    return shown(CreditsStanding(found.id, found.name, credits(found.available), credits(found.held)))


@post(
    "/admin/v1/accounts/{account:str}/credits",
    status_code=200,
    operation_class=documented.CreditsOperation,
    **documented.ADD_CREDITS,
)
async def add_credits(request: AnyRequest, account: FromPath[str]) -> ASGIResponse:
    """Add credits, or take some back. Sent again with its `Idempotency-Key`, it never adds twice: not even
    when the first answer was lost in a crash."""

    async def work(change: Change) -> Struct:
        amount = milli_credits(read.body(change.body, CreditsChange).amount, "amount")
        found = await account_of(request, account)
        ledger = store_of(request).ledger
        available = await ledger.grant(found.id, amount, change.operation, change.actor)
        return CreditsChanged(found.id, found.name, credits(amount), credits(available))

    return await changed(request, work)
