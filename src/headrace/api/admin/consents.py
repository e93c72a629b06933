"""What accounts have consented to."""

from litestar import get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from msgspec import UNSET, Struct

from headrace.api.admin import documented, read, render
from headrace.api.admin.asked import Change, account_of, changed, shown, store_of
from headrace.api.admin.schemas import ConsentChange, ConsentsAnswer
from headrace.api.auth import authenticate_operator
from headrace.api.services import AnyRequest
from headrace.domain.model import Account


@get("/admin/v1/accounts/{account:str}/consents", **documented.CONSENTS)
async def consents_list(request: AnyRequest, account: FromPath[str]) -> ASGIResponse:
    """All that an account ever said about personal addresses."""
    await authenticate_operator(request)
    return shown(await _answer(request, await account_of(request, account)))


@post(
    "/admin/v1/accounts/{account:str}/consents",
    status_code=201,
    operation_class=documented.ConsentOperation,
    **documented.NEW_CONSENT,
)
async def new_consent(request: AnyRequest, account: FromPath[str]) -> ASGIResponse:
    """Write down a consent, or its withdrawal."""

    async def work(change: Change) -> Struct:
        said = read.body(change.body, ConsentChange)
        version = None if said.version is UNSET else read.plain("version", said.version)
        found = await account_of(request, account)
        granted = said.action == "grant"
        await store_of(request).accounts.consent(found, granted, change.actor, version)
        return await _answer(request, await account_of(request, found.id))

    return await changed(request, work, 201)


async def _answer(request: AnyRequest, account: Account) -> ConsentsAnswer:
    consents = await store_of(request).accounts.consents(account)
    return ConsentsAnswer(
        account.consents_personal_email, [render.consent_details(each) for each in consents]
    )
