"""Who asks."""

from headrace.api.services import AnyRequest, header, services_of
from headrace.domain.errors import Problem
from headrace.domain.model import Account

REHEARSAL_ACCOUNT = "sandbox"
"""The account of `serve --sandbox`. Its keys were printed for trying things out, on a database that may since
have become a real one, so they open nothing but rehearsals."""


async def authenticate(request: AnyRequest) -> Account:
    """The account behind `X-API-KEY`. A missing, wrong and revoked key get the same answer.

    Read afresh each time, so that what an operator changes holds from the next request on.
    """
    key = header(request, b"x-api-key")
    services = services_of(request)
    account = await services.accounts.by_api_key(key) if key else None
    if account is None or (account.name == REHEARSAL_ACCOUNT and not services.sandbox):
        raise Problem("unauthorized")
    return account
