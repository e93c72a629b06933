"""Who asks."""

from headrace.api.services import AnyRequest, header, services_of
from headrace.domain.errors import Problem
from headrace.domain.model import REHEARSAL_ACCOUNT, Account


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


async def authenticate_operator(request: AnyRequest) -> str:
    """The operator behind `X-API-KEY`, as the audit log names them: `admin:<key id>`. An account's key is as
    wrong here as an operator's key is everywhere else."""
    key = header(request, b"x-api-key")
    key_id = await services_of(request).store.admin_keys.id_of(key) if key else None
    if key_id is None:
        raise Problem("unauthorized")
    return f"admin:{key_id}"
