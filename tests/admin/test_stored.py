"""What operators change, as it is kept: the same on every database."""

import asyncio

import pytest

from headrace.domain.errors import Problem
from headrace.operate import accounts, webhooks
from headrace.operate.accounts import NewAccount
from headrace.operate.model import NameTaken, Settings
from headrace.operate.ports import OPERATOR
from headrace.storage.opening import Storage
from tests.storage.backends import Backend
from tests.storage.conftest import backend, migrated, storage

__all__ = ["backend", "migrated", "storage"]


async def test_an_account_is_made_in_one_commit(storage: Storage, backend: Backend) -> None:
    key = storage.accounts.new_key()
    await storage.accounts.create("whole", Settings(), credits=5_000, consented=True, key=key)
    lines = [line.action for line in await storage.audit_log.entries()]
    assert sorted(lines) == ["account.create", "consent.grant", "credits.grant", "key.create"]

    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        await storage.accounts.create("half", Settings(), credits=5_000, consented=True, key=key)
    with pytest.raises(NameTaken):
        await storage.accounts.create("whole", Settings(), credits=5_000)
    assert [account.name for account in await storage.accounts.all()] == ["whole"]
    assert (
        backend.rows("SELECT COUNT(*) FROM consents")
        == backend.rows("SELECT COUNT(*) FROM api_keys")
        == [(1,)]
    )
    assert len(await storage.audit_log.entries()) == len(lines)
    assert (await storage.audit()).available == 5_000


async def test_of_many_who_make_one_account_one_does(storage: Storage) -> None:
    made = await asyncio.gather(
        *(accounts.create(storage, NewAccount("raced", credits=1), OPERATOR) for _ in range(10)),
        return_exceptions=True,
    )
    refused = [each.code for each in made if isinstance(each, Problem)]
    assert refused == ["name_taken"] * 9
    assert (await storage.audit()).available == 1


async def test_accounts_come_in_pages(storage: Storage) -> None:
    ids = [(await storage.accounts.create(f"a{number}", Settings())).id for number in range(5)]

    assert [each.id for each in await storage.accounts.page("", 3)] == ids[:3]
    assert [each.id for each in await storage.accounts.page(ids[2], 3)] == ids[3:]
    assert await storage.accounts.page(ids[4], 3) == []


async def test_ages_come_back_as_they_were_set(storage: Storage) -> None:
    made = await storage.accounts.create("aged", Settings(max_age=1.5))
    assert Settings.of(made) == Settings(max_age=1.5)
    await storage.accounts.set(made, Settings(max_age=3_600, miss_max_age=60))
    again = await storage.accounts.get("aged")
    assert (again.max_age, again.miss_max_age) == (3_600, 60)


async def test_an_operators_key_opens_until_it_is_revoked(storage: Storage) -> None:
    one, two = await storage.admin_keys.create(), await storage.admin_keys.create()
    made = await storage.accounts.create("acme", Settings())
    of_account = await storage.accounts.add_key(made)

    assert await storage.admin_keys.id_of(one.text) == one.id
    assert await storage.admin_keys.id_of(of_account.text) is None
    assert await storage.accounts.by_api_key(one.text) is None
    mixed = f"hradmin_{one.id}_{two.text.split('_', 2)[2]}"
    assert await storage.admin_keys.id_of(mixed) is None
    assert await storage.admin_keys.revoke(one.id)
    assert not await storage.admin_keys.revoke(one.id)
    assert await storage.admin_keys.id_of(one.text) is None
    listed = await storage.admin_keys.all()
    assert [(each.id, each.revoked_at is None) for each in listed] == [(one.id, False), (two.id, True)]


async def test_a_grant_is_made_and_written_down_once(storage: Storage) -> None:
    made = await storage.accounts.create("acme", Settings())

    granted = await asyncio.gather(*(storage.ledger.grant(made.id, 7, "one", "admin:k") for _ in range(5)))
    assert granted == [7] * 5
    with pytest.raises(Problem, match="insufficient_credits"):
        await storage.ledger.grant(made.id, -8, "two", "admin:k")
    lines = await storage.audit_log.entries(subject=made.id)
    assert [line.action for line in lines] == ["credits.grant", "account.create"]


async def test_secrets_are_replaced_one_after_the_other(storage: Storage, backend: Backend) -> None:
    made = await storage.accounts.create("acme", Settings())
    other = backend.open()
    first = await asyncio.gather(*(webhooks.secret(each, made, OPERATOR) for each in (storage, other) * 4))
    assert len({each.secret for each in first}) == 1

    rotated = await asyncio.gather(*(webhooks.rotate(each, made, OPERATOR) for each in (storage, other) * 4))
    kept = await storage.webhooks.secrets(made.id)
    other.close()
    assert {each.secret for each in kept} == {first[0].secret, *(each[0].secret for each in rotated)}
    assert kept[0].until is None
    assert all(each.until for each in kept[1:])


async def test_a_replaced_secret_is_used_for_a_day_even_if_replaced_again(storage: Storage) -> None:
    made = await storage.accounts.create("acme", Settings())
    await webhooks.secret(storage, made, OPERATOR)
    once = await webhooks.rotate(storage, made, OPERATOR)
    twice = await webhooks.rotate(storage, made, OPERATOR)

    assert once[1].until
    assert twice[2] == once[1]
    assert twice[1].until
    assert 0 <= twice[1].until - once[1].until < 60


async def test_who_is_released_may_be_looked_for_again(storage: Storage) -> None:
    person = ["email:jane@acme.example", "phone:+33612345678"]
    assert await storage.suppressions.add(person, "admin", "admin:k") == 2
    assert await storage.suppressions.hit(person[:1])

    assert await storage.suppressions.remove([person[0], "email:nobody@acme.example"], "admin:k") == 1
    assert not await storage.suppressions.hit(person[:1])
    assert await storage.suppressions.hit(person[1:])
    actions = [line.action for line in await storage.audit_log.entries()]
    assert actions == ["suppression.remove", "suppression.add", "suppression.add"]
    assert (await storage.audit_log.verify()).broken_at is None
