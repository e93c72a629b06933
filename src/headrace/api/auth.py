"""Who asks."""

from headrace.api.services import AnyRequest, header, services_of
from headrace.domain.errors import Problem
from headrace.domain.model import Account


async def authenticate(request: AnyRequest) -> Account:
    """The account behind `X-API-KEY`. A missing, wrong and revoked key get the same answer.

    Read afresh each time, so that what an operator changes holds from the next request on.
    """
    key = header(request, b"x-api-key")
    account = await services_of(request).accounts.by_api_key(key) if key else None
    if account is None:
        raise Problem("unauthorized")
    return account
