"""Many at once: each gets exactly what it would have got alone and in its turn."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Sequence

import msgspec
import pytest

from headrace.domain.errors import Problem
from headrace.engine.ids import new_id
from headrace.storage.opening import Storage
from tests.storage.backends import Backend
from tests.storage.making import account, balance, settlement
from tests.storage.processes import Child


@pytest.mark.parametrize("seed", range(4))
async def test_holds_of_one_moment_are_granted_in_their_order_as_far_as_the_credits_reach(
    storage: Storage, seed: int
) -> None:
    chance = random.Random(seed)
    payers = [(await account(storage, f"payer {number}", credits=20_000)).id for number in range(4)]
    asked = [(chance.choice([*payers, "nobody"]), chance.randrange(0, 3_000)) for _ in range(200)]

    results = await asyncio.gather(
        *(storage.ledger.hold(new_id(), payer, amount) for payer, amount in asked), return_exceptions=True
    )

    assert [described(result) for result in results] == expected(asked, dict.fromkeys(payers, 20_000))
    assert (await storage.audit()).balanced


def expected(asked: Sequence[tuple[str, int]], available: dict[str, int]) -> list[int | str]:
    """What each is told if they come one after the other."""
    told: list[int | str] = []
    for payer, amount in asked:
        if available.get(payer, -1) < amount:
            told.append("insufficient_credits")
        else:
            available[payer] -= amount
            told.append(available[payer])
    return told


def described(result: int | BaseException) -> int | str:
    """A balance, or the kind of error."""
    return result if isinstance(result, int) else str(getattr(result, "code", type(result).__name__))


async def test_one_that_is_wrong_spoils_nothing_for_those_beside_it(storage: Storage) -> None:
    payer = await account(storage, credits=100_000)
    for number in range(10):
        await storage.ledger.hold(f"running {number}", payer.id, 1_000)

    work = {
        "holds": [storage.ledger.hold(f"new {number}", payer.id, 1_000) for number in range(10)],
        "a hold that exists": [storage.ledger.hold("running 0", payer.id, 1_000)],
        "a hold of less than nothing": [storage.ledger.hold("negative", payer.id, -1)],
        "too much to pay": [storage.ledger.hold("too much", payer.id, 1_000_000)],
        "settlements": [
            storage.ledger.settle(settlement(f"running {number}", payer.id, 400)) for number in range(5)
        ],
        "a charge of more than is held": [storage.ledger.settle(settlement("running 9", payer.id, 1_001))],
        "a settlement of nothing": [storage.ledger.settle(settlement("never was", payer.id, 0))],
        "releases": [storage.ledger.release(f"running {number}") for number in range(5, 9)],
        "a release of nothing": [storage.ledger.release("never was")],
    }
    names = [name for name, each in work.items() for _ in each]
    waiting = [one for each in work.values() for one in each]
    order = random.Random(7).sample(range(len(waiting)), len(waiting))
    results = await asyncio.gather(*(waiting[place] for place in order), return_exceptions=True)

    told: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for place, result in zip(order, results, strict=True):
        told[names[place]][type(result).__name__] += 1
    right = {"holds": 10, "settlements": 5, "releases": 4}
    assert {name: told[name] for name in right} == {name: {"int": many} for name, many in right.items()}
    wrong = {name: next(iter(each)) for name, each in told.items() if name not in right}
    assert wrong["too much to pay"] == "Problem"
    assert wrong["a settlement of nothing"] == wrong["a release of nothing"] == "LookupError"
    for name in ("a hold that exists", "a hold of less than nothing", "a charge of more than is held"):
        assert wrong[name] in {"IntegrityError", "UniqueViolationError", "CheckViolationError"}
    assert await balance(storage, payer.id) == (100_000 - 11_000 - 5 * 400, 11_000)
    assert (await storage.audit()).balanced


async def test_settlements_of_one_moment_each_with_everything_that_belongs_to_them(storage: Storage) -> None:
    payers = [await account(storage, f"payer {number}", credits=100_000) for number in range(3)]
    names = [f"e{number}" for number in range(60)]
    owners = {name: payers[number % 3].id for number, name in enumerate(names)}
    await asyncio.gather(*(storage.ledger.hold(name, owners[name], 1_000) for name in names))

    done = [
        settlement(
            name, owners[name], number * 10, webhook_url=f"https://{name}.example/", webhook_body=b"{}"
        )
        for number, name in enumerate(names)
    ]
    await asyncio.gather(*map(storage.ledger.settle, done))

    for number, name in enumerate(names):
        stored = await storage.enrichments.get(name, owners[name])
        assert stored
        assert (stored.charged, stored.record.request.webhook_url) == (
            number * 10,
            f"https://{name}.example/",
        )
    for payer in payers:
        listed = await storage.webhooks.listed(payer.id)
        assert {each.enrichment_id for each in listed} == {
            n for n, owner in owners.items() if owner == payer.id
        }
        assert all(each.url == f"https://{each.enrichment_id}.example/" for each in listed)
    assert (await storage.audit()).balanced


async def test_two_processes_that_meet_the_same_accounts_in_opposite_order_stand_in_nobodys_way(
    storage: Storage, backend: Backend
) -> None:
    payers = [(await account(storage, f"payer {number}", credits=1_000_000)).id for number in range(6)]
    with (
        Child("churn", backend.url, ",".join(payers), "30") as one,
        Child("churn", backend.url, ",".join(reversed(payers)), "30") as two,
    ):
        assert (one.line(), two.line()) == ("ready", "ready")
        one.go()
        two.go()
        charged = Counter[str]()
        for child in (one, two):
            charged.update(msgspec.json.decode(child.line(), type=dict[str, int]))

    assert {payer: await balance(storage, payer) for payer in payers} == {
        payer: (1_000_000 - charged[payer], 0) for payer in payers
    }
    assert sum(charged.values()) > 0
    assert (await storage.audit()).complaints == ()


async def test_credits_that_run_out_under_several_processes_run_out_exactly(
    storage: Storage, backend: Backend
) -> None:
    payer = await account(storage, credits=77_000)
    children = [Child("race", backend.url, payer.id, "100") for _ in range(3)]
    with children[0], children[1], children[2]:
        assert {child.line() for child in children} == {"ready"}
        for child in children:
            child.go()
        losers = asyncio.gather(
            *(storage.ledger.hold(new_id(), payer.id, 1_000) for _ in range(100)), return_exceptions=True
        )
        won = sum(isinstance(result, int) for result in await losers)
        refused = {type(result) for result in await losers if not isinstance(result, int)}
        won += sum([int(await asyncio.to_thread(child.line)) for child in children])

        assert won == 77
        assert refused <= {Problem}
        assert await balance(storage, payer.id) == (0, 77_000)
