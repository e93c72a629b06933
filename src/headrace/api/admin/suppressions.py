"""Persons who must be left alone. Who they are stands in bodies only: an address ends up in logs."""

from litestar import delete, get, post
from litestar.response.base import ASGIResponse
from msgspec import UNSET, Struct

from headrace.api.admin import documented, read, render
from headrace.api.admin.asked import Change, changed, shown, store_of
from headrace.api.admin.schemas import PersonSelectors, Suppressed, SuppressionsPage, Unsuppressed
from headrace.api.auth import authenticate_operator
from headrace.api.services import AnyRequest
from headrace.domain.errors import Problem
from headrace.operate.persons import Selectors, identify

MOST = 1_000
"""Identifiers on a page."""

SOURCE = "admin"
"""Where what is suppressed here came from."""


@get(
    "/admin/v1/suppressions",
    operation_class=documented.SuppressionsOperation,
    **documented.SUPPRESSIONS,
)
async def suppressions_list(request: AnyRequest) -> ASGIResponse:
    """All that is suppressed, page by page."""
    await authenticate_operator(request)
    most, after = read.number(request, "limit", 100, MOST), _digest(read.word(request, "after"))
    found = await store_of(request).suppressions.page(after, most + 1)
    page, more = found[:most], len(found) > most
    details = [render.suppression_details(each) for each in page]
    return shown(SuppressionsPage(details, page[-1].digest.hex() if more else None))


@post(
    "/admin/v1/suppressions",
    status_code=201,
    operation_class=documented.SuppressOperation,
    **documented.SUPPRESS,
)
async def suppress(request: AnyRequest) -> ASGIResponse:
    """Leave a person alone from now on."""

    async def work(change: Change) -> Struct:
        known = _identified(change.body)
        return Suppressed(len(known), await store_of(request).suppressions.add(known, SOURCE, change.actor))

    return await changed(request, work, 201)


@delete(
    "/admin/v1/suppressions",
    status_code=200,
    operation_class=documented.UnsuppressOperation,
    **documented.UNSUPPRESS,
)
async def unsuppress(request: AnyRequest) -> ASGIResponse:
    """Let a person be looked for again."""

    async def work(change: Change) -> Struct:
        known = _identified(change.body)
        return Unsuppressed(len(known), await store_of(request).suppressions.remove(known, change.actor))

    return await changed(request, work)


def _identified(body: bytes) -> tuple[str, ...]:
    given = read.body(body, PersonSelectors)
    said = {name: getattr(given, name) for name in PersonSelectors.__struct_fields__}
    known = {name: None if value is UNSET else value for name, value in said.items()}
    return identify(Selectors(linkedin=known.pop("linkedin_url"), **known))


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Problem("bad_request", detail="after must be the next of the page before") from None
