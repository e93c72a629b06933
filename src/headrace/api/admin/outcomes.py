"""What became of addresses. They stand in the body only: in a URL they would end up in logs."""

from litestar import post
from litestar.response.base import ASGIResponse
from msgspec import Struct

from headrace.api.admin import documented, read
from headrace.api.admin.asked import Change, changed
from headrace.api.admin.schemas import OutcomesCounted, OutcomesReport
from headrace.api.body import LONG_BODY_LIMIT
from headrace.api.services import AnyRequest, services_of
from headrace.operate.outcomes import Outcome


@post(
    "/admin/v1/outcomes",
    status_code=200,
    operation_class=documented.OutcomesOperation,
    **documented.OUTCOMES,
)
async def report_outcomes(request: AnyRequest) -> ASGIResponse:
    """Learn from what bounced and what arrived. Nothing counts twice, however often it is sent."""

    async def work(change: Change) -> Struct:
        told = read.body(change.body, OutcomesReport).outcomes
        desk = services_of(request).outcomes
        found = await desk.report([Outcome(each.email, each.outcome) for each in told], change.actor)
        return OutcomesCounted(found.counted, found.unknown, found.repeated)

    return await changed(request, work, limit=LONG_BODY_LIMIT)
