"""Whether the books are right, and what operators did."""

from litestar import get
from litestar.response.base import ASGIResponse

from headrace.api.admin import documented, read, render
from headrace.api.admin.asked import shown, store_of
from headrace.api.admin.schemas import AuditPage
from headrace.api.auth import authenticate_operator
from headrace.api.services import AnyRequest

MOST = 1_000
"""Lines on a page."""

_LAST_LINE = 2**31 - 1


@get("/admin/v1/ledger/verify", **documented.VERIFY)
async def verify_books(request: AnyRequest) -> ASGIResponse:
    """Recompute every balance from its entries, as of one moment."""
    await authenticate_operator(request)
    return shown(render.books_answer(await store_of(request).audit()))


@get("/admin/v1/audit", operation_class=documented.AuditOperation, **documented.AUDIT)
async def audit_log(request: AnyRequest) -> ASGIResponse:
    """What operators did, page by page."""
    await authenticate_operator(request)
    most = read.number(request, "limit", 100, MOST)
    before = read.number(request, "before", 0, _LAST_LINE)
    found = await store_of(request).audit_log.entries(most + 1, before, read.word(request, "subject"))
    page, more = found[:most], len(found) > most
    return shown(AuditPage([render.audit_line(entry) for entry in page], page[-1].id if more else None))
