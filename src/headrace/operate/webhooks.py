"""Secrets that webhooks are signed with."""

from collections.abc import Sequence

from headrace.domain.model import Account
from headrace.jobs.signing import new_secret
from headrace.operate.model import Secret
from headrace.operate.ports import Store

STAYS_VALID = 86_400.0
"""Seconds for which a secret that was replaced still signs, beside the new one."""


async def secret(store: Store, account: Account, actor: str) -> Secret:
    """The newest secret; the first one is made where there is none."""
    known = await store.webhooks.secrets(account.id)
    if known:
        return known[0]
    made = Secret(new_secret())

    def first(inuse: Sequence[Secret], _now: float) -> Sequence[Secret]:
        return inuse or [made]

    return (await store.webhooks.change_secrets(account.id, first, actor))[0]


async def rotate(store: Store, account: Account, actor: str) -> Sequence[Secret]:
    """A new secret, and those that it replaces, which stay valid for a day at most."""
    made = Secret(new_secret())

    def added(inuse: Sequence[Secret], now: float) -> Sequence[Secret]:
        until = now + STAYS_VALID
        return [made, *(Secret(each.secret, min(each.until or until, until)) for each in inuse)]

    return await store.webhooks.change_secrets(account.id, added, actor)
