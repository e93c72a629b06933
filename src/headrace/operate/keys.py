"""Keys of accounts and of operators."""

from headrace.domain.errors import Problem
from headrace.operate.ports import Store


async def revoke(store: Store, key_id: str, actor: str) -> None:
    """A key of either class is refused from the next request on. Raises `Problem(not_found)`."""
    if not (await store.accounts.revoke_key(key_id, actor) or await store.admin_keys.revoke(key_id, actor)):
        raise Problem("not_found", detail="There is no such live key")
