"""Accounts and their settings."""

from typing import Any

from litestar import get, patch, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from msgspec import UNSET, Struct

from headrace.api.admin import documented, read, render
from headrace.api.admin.asked import Change, account_of, changed, shown, store_of
from headrace.api.admin.schemas import AccountMade, AccountsPage, NewAccountRequest, SettingsChange
from headrace.api.auth import authenticate_operator
from headrace.api.services import AnyRequest
from headrace.operate import accounts
from headrace.operate.amounts import milli_credits
from headrace.operate.model import Settings

MOST = 200
"""Accounts on a page."""


@get("/admin/v1/accounts", operation_class=documented.AccountsOperation, **documented.ACCOUNTS)
async def accounts_list(request: AnyRequest) -> ASGIResponse:
    """All accounts, page by page."""
    await authenticate_operator(request)
    most = read.number(request, "limit", 50, MOST)
    found = await store_of(request).accounts.page(read.word(request, "after"), most + 1)
    page, more = found[:most], len(found) > most
    details = [render.account_details(account) for account in page]
    return shown(AccountsPage(details, page[-1].id if more else None))


@post(
    "/admin/v1/accounts",
    status_code=201,
    operation_class=documented.NewAccountOperation,
    **documented.NEW_ACCOUNT,
)
async def new_account(request: AnyRequest) -> ASGIResponse:
    """An account with its first key: all of it, or nothing."""

    async def work(change: Change) -> Struct:
        wanted = read.body(change.body, NewAccountRequest)
        new = accounts.NewAccount(
            name=wanted.name,
            settings=accounts.changed(Settings(), **_given(wanted)),
            credits=milli_credits(wanted.credits, "credits"),
            consents=wanted.consent,
        )
        account, key = await accounts.create(store_of(request), new, change.actor)
        return AccountMade(account.id, account.name, key.text)

    return await changed(request, work, 201)


@get("/admin/v1/accounts/{account:str}", **documented.ONE_ACCOUNT)
async def one_account(request: AnyRequest, account: FromPath[str]) -> ASGIResponse:
    """One account, by id or name."""
    await authenticate_operator(request)
    return shown(render.account_details(await account_of(request, account)))


@patch(
    "/admin/v1/accounts/{account:str}", operation_class=documented.SettingsOperation, **documented.SETTINGS
)
async def change_settings(request: AnyRequest, account: FromPath[str]) -> ASGIResponse:
    """Change settings; they hold from the next request on."""

    async def work(change: Change) -> Struct:
        wanted = read.body(change.body, SettingsChange)
        found = await account_of(request, account)
        settings = accounts.changed(Settings.of(found), **_given(wanted))
        await store_of(request).accounts.set(found, settings, change.actor)
        return render.account_details(await account_of(request, found.id))

    return await changed(request, work)


def _given(wanted: SettingsChange) -> dict[str, Any]:
    said = {name: getattr(wanted, name) for name in SettingsChange.__struct_fields__}
    return {name: value for name, value in said.items() if value is not UNSET}
