"""Credits: held, then charged or given back, once."""

import asyncio
from collections import Counter

import pytest

from headrace.domain.errors import Problem
from headrace.storage import webhooks
from headrace.storage.opening import Storage
from tests.storage.backends import Backend
from tests.storage.making import account, balance, crash, settlement

pytestmark = pytest.mark.usefixtures("certain")


async def test_a_hold_moves_credits_from_available_to_held(storage: Storage) -> None:
    payer = await account(storage, credits=10_000)

    assert await storage.ledger.hold("e1", payer.id, 3_000) == 7_000
    assert await balance(storage, payer.id) == (7_000, 3_000)


async def test_a_hold_of_everything_is_allowed(storage: Storage) -> None:
    payer = await account(storage, credits=3_000)

    assert await storage.ledger.hold("e1", payer.id, 3_000) == 0


async def test_a_hold_of_more_than_is_available_is_refused_and_leaves_nothing(
    storage: Storage, backend: Backend
) -> None:
    payer = await account(storage, credits=2_999)

    with pytest.raises(Problem, match="insufficient_credits"):
        await storage.ledger.hold("e1", payer.id, 3_000)

    assert await balance(storage, payer.id) == (2_999, 0)
    assert backend.rows("SELECT * FROM enrichments") == []


async def test_held_credits_cannot_be_held_again(storage: Storage) -> None:
    payer = await account(storage, credits=3_000)
    await storage.ledger.hold("e1", payer.id, 2_000)

    with pytest.raises(Problem, match="insufficient_credits"):
        await storage.ledger.hold("e2", payer.id, 1_001)


async def test_a_hold_on_an_unknown_account_is_refused(storage: Storage) -> None:
    with pytest.raises(Problem, match="insufficient_credits"):
        await storage.ledger.hold("e1", "nobody", 1)


async def test_one_enrichment_is_held_for_only_once(storage: Storage) -> None:
    payer = await account(storage, credits=10_000)
    await storage.ledger.hold("e1", payer.id, 3_000)

    with pytest.raises(Exception, match=r"UNIQUE|unique|duplicate"):
        await storage.ledger.hold("e1", payer.id, 3_000)

    assert await balance(storage, payer.id) == (7_000, 3_000)


@pytest.mark.parametrize("charged", [0, 1, 1_500, 3_000])
async def test_a_settlement_charges_and_gives_the_rest_back(storage: Storage, charged: int) -> None:
    payer = await account(storage, credits=10_000)
    await storage.ledger.hold("e1", payer.id, 3_000)

    assert await storage.ledger.settle(settlement("e1", payer.id, charged)) == 10_000 - charged
    assert await balance(storage, payer.id) == (10_000 - charged, 0)


async def test_a_release_gives_everything_back(storage: Storage) -> None:
    payer = await account(storage, credits=10_000)
    await storage.ledger.hold("e1", payer.id, 3_000)

    assert await storage.ledger.release("e1") == 10_000
    assert await balance(storage, payer.id) == (10_000, 0)


async def test_a_second_settlement_moves_nothing(storage: Storage, backend: Backend) -> None:
    payer = await account(storage, credits=10_000)
    await storage.ledger.hold("e1", payer.id, 3_000)
    await storage.ledger.settle(settlement("e1", payer.id, 1_000))

    assert await storage.ledger.settle(settlement("e1", payer.id, 3_000)) == 9_000

    assert await balance(storage, payer.id) == (9_000, 0)
    assert backend.rows("SELECT charged FROM enrichments") == [(1_000,)]


async def test_a_release_after_the_settlement_raises_and_moves_nothing(
    storage: Storage, backend: Backend
) -> None:
    payer = await account(storage, credits=10_000)
    await storage.ledger.hold("e1", payer.id, 3_000)
    await storage.ledger.settle(settlement("e1", payer.id, 3_000))

    with pytest.raises(LookupError, match="e1"):
        await storage.ledger.release("e1")

    assert await balance(storage, payer.id) == (7_000, 0)
    assert backend.rows("SELECT state FROM enrichments") == [("finished",)]


async def test_a_settlement_after_the_release_raises_and_moves_nothing(
    storage: Storage, backend: Backend
) -> None:
    payer = await account(storage, credits=10_000)
    await storage.ledger.hold("e1", payer.id, 3_000)
    await storage.ledger.release("e1")

    with pytest.raises(LookupError, match="e1"):
        await storage.ledger.settle(settlement("e1", payer.id, 3_000))

    assert await balance(storage, payer.id) == (10_000, 0)
    assert backend.rows("SELECT state, charged, record FROM enrichments") == [("released", 0, None)]


async def test_what_was_never_held_cannot_be_settled_or_released(storage: Storage) -> None:
    payer = await account(storage, credits=10_000)

    with pytest.raises(LookupError, match="e1"):
        await storage.ledger.settle(settlement("e1", payer.id, 0))
    with pytest.raises(LookupError, match="e1"):
        await storage.ledger.release("e1")


@pytest.mark.parametrize("charged", [3_001, 10_001, -1])
async def test_a_charge_outside_the_hold_is_impossible(
    storage: Storage, backend: Backend, charged: int
) -> None:
    payer = await account(storage, credits=10_000)
    await storage.ledger.hold("e1", payer.id, 3_000)
    await storage.ledger.hold("e2", payer.id, 3_000)

    with pytest.raises(Exception, match=r"CHECK|check"):
        await storage.ledger.settle(settlement("e1", payer.id, charged))

    assert await balance(storage, payer.id) == (4_000, 6_000)
    assert await storage.ledger.settle(settlement("e1", payer.id, 3_000)) == 4_000
    assert (await storage.audit()).balanced


@pytest.mark.parametrize("amount", [-1, -20_000])
async def test_a_negative_hold_is_impossible(storage: Storage, amount: int) -> None:
    payer = await account(storage, credits=10_000)
    await storage.ledger.hold("e1", payer.id, 3_000)

    with pytest.raises(Exception, match=r"CHECK|check"):
        await storage.ledger.hold("e2", payer.id, amount)

    assert await balance(storage, payer.id) == (7_000, 3_000)


async def test_granted_credits_can_be_taken_back_down_to_nothing(storage: Storage) -> None:
    payer = await account(storage)

    assert await storage.ledger.grant(payer.id, 5_000) == 5_000
    assert await storage.ledger.grant(payer.id, -2_000) == 3_000
    assert await storage.ledger.grant(payer.id, -3_000) == 0


async def test_more_than_is_available_cannot_be_taken_back(storage: Storage, backend: Backend) -> None:
    payer = await account(storage, credits=5_000)
    await storage.ledger.hold("e1", payer.id, 2_000)

    with pytest.raises(Problem, match="insufficient_credits"):
        await storage.ledger.grant(payer.id, -3_001)

    assert await balance(storage, payer.id) == (3_000, 2_000)
    assert backend.rows("SELECT COUNT(*) FROM ledger_entries WHERE kind = 'take_back'") == [(0,)]


async def test_accounts_do_not_touch_each_other(storage: Storage) -> None:
    first, second = await account(storage, "one", 5_000), await account(storage, "two", 7_000)
    await storage.ledger.hold("e1", first.id, 4_000)
    await storage.ledger.hold("e2", second.id, 4_000)
    await storage.ledger.settle(settlement("e1", first.id, 4_000))

    assert await balance(storage, first.id) == (1_000, 0)
    assert await balance(storage, second.id) == (3_000, 4_000)


async def test_a_thousand_concurrent_holds_on_credits_for_one_have_one_winner(
    storage: Storage, backend: Backend
) -> None:
    payer = await account(storage, credits=3_000)

    results = await asyncio.gather(
        *(storage.ledger.hold(f"e{number}", payer.id, 3_000) for number in range(1_000)),
        return_exceptions=True,
    )

    refused = [result for result in results if isinstance(result, Problem)]
    assert Counter(problem.code for problem in refused) == {"insufficient_credits": 999}
    assert [result for result in results if not isinstance(result, BaseException)] == [0]
    assert await balance(storage, payer.id) == (0, 3_000)
    assert (await storage.audit()).balanced


async def test_of_a_hundred_concurrent_settlements_and_releases_of_one_hold_one_moves_money(
    storage: Storage, backend: Backend
) -> None:
    payer = await account(storage, credits=3_000)
    await storage.ledger.hold("e1", payer.id, 3_000)

    settled = [storage.ledger.settle(settlement("e1", payer.id, 3_000)) for _ in range(50)]
    released = [storage.ledger.release("e1") for _ in range(50)]
    results = await asyncio.gather(*settled, *released, return_exceptions=True)

    left, held = await balance(storage, payer.id)
    assert (left, held) in [(0, 0), (3_000, 0)]
    told = Counter(type(result) if isinstance(result, BaseException) else result for result in results)
    assert told == ({0: 50, LookupError: 50} if left == 0 else {3_000: 1, LookupError: 99})
    assert (await storage.audit()).balanced


async def test_holds_of_a_dead_owner_are_given_back_and_those_of_the_living_stay(backend: Backend) -> None:
    dying, living = backend.open(), backend.open()
    payer = await account(dying, credits=10_000)
    await dying.ledger.hold("lost", payer.id, 1_000)
    await dying.ledger.hold("lost too", payer.id, 1_500)
    await living.ledger.hold("working", payer.id, 2_000)
    crash(dying)

    heir = backend.open()
    assert await heir.ledger.release_abandoned() == 2
    assert await balance(heir, payer.id) == (8_000, 2_000)
    assert await heir.ledger.release_abandoned() == 0
    assert await living.ledger.settle(settlement("working", payer.id, 2_000)) == 8_000
    with pytest.raises(LookupError, match="lost"):
        await heir.ledger.settle(settlement("lost", payer.id, 1_000))
    assert (await heir.audit()).balanced
    living.close()
    heir.close()


async def test_an_owners_own_holds_are_never_abandoned(storage: Storage) -> None:
    payer = await account(storage, credits=10_000)
    await storage.ledger.hold("e1", payer.id, 1_000)

    assert await storage.ledger.release_abandoned() == 0
    assert await balance(storage, payer.id) == (9_000, 1_000)


async def test_several_heirs_at_once_give_an_abandoned_hold_back_once(backend: Backend) -> None:
    dying = backend.open()
    payer = await account(dying, credits=10_000)
    for number in range(20):
        await dying.ledger.hold(f"e{number}", payer.id, 100)
    crash(dying)

    heirs = [backend.open() for _ in range(4)]
    released = await asyncio.gather(*(heir.ledger.release_abandoned() for heir in heirs))

    assert sum(released) == 20
    assert await balance(heirs[0], payer.id) == (10_000, 0)
    assert (await heirs[0].audit()).balanced
    for heir in heirs:
        heir.close()


async def test_the_record_and_the_webhook_are_there_with_the_settlement(
    storage: Storage, backend: Backend
) -> None:
    payer = await account(storage, credits=10_000)
    await storage.ledger.hold("e1", payer.id, 3_000)

    url = "https://client.example/hook"
    await storage.ledger.settle(
        settlement("e1", payer.id, 3_000, webhook_url=url, webhook_body=b'{"status":"success"}')
    )

    queued = backend.rows("SELECT enrichment_id, account_id, state, next_at FROM webhook_deliveries")
    assert queued == [("e1", payer.id, "pending", 1_800_000_000.5)]
    (listed,) = await storage.webhooks.listed(payer.id)
    assert listed.url == url
    assert backend.rows("SELECT state, charged FROM enrichments") == [("finished", 3_000)]


async def test_without_a_webhook_body_none_is_queued(storage: Storage, backend: Backend) -> None:
    payer = await account(storage, credits=10_000)
    await storage.ledger.hold("e1", payer.id, 3_000)
    await storage.ledger.settle(settlement("e1", payer.id, 0, webhook_url="https://client.example/hook"))

    assert backend.rows("SELECT * FROM webhook_deliveries") == []


async def test_a_webhook_that_cannot_be_queued_undoes_its_settlement(
    storage: Storage, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer = await account(storage, credits=10_000)
    await storage.ledger.hold("e1", payer.id, 3_000)
    done = settlement("e1", payer.id, 3_000, webhook_url="https://c.example/", webhook_body=b"{}")

    monkeypatch.setattr(webhooks, "delivery", lambda vault, _: {**DELIVERY, "account": "nobody"})
    with pytest.raises(Exception, match=r"FOREIGN KEY|foreign key"):
        await storage.ledger.settle(done)

    assert backend.rows("SELECT * FROM webhook_deliveries") == []
    assert backend.rows("SELECT state, charged FROM enrichments") == [("running", 0)]
    assert backend.rows("SELECT kind FROM ledger_entries WHERE operation_id = 'e1'") == [("hold",)]
    assert await balance(storage, payer.id) == (7_000, 3_000)


DELIVERY = {"id": "d1", "enrichment": "e1", "endpoint": b"digest", "at": 0.0, "record": b"sealed"}
