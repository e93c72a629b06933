"""Several processes on one database."""

from contextlib import ExitStack

import pytest

from headrace.storage.opening import Storage
from tests.storage.backends import Backend
from tests.storage.making import account, balance, settlement, until
from tests.storage.processes import Child

pytestmark = pytest.mark.usefixtures("certain")


async def test_two_processes_racing_for_credits_for_fifty_win_exactly_fifty(
    storage: Storage, backend: Backend
) -> None:
    payer = await account(storage, credits=50_000)
    with (
        Child("race", backend.url, payer.id, "200") as one,
        Child("race", backend.url, payer.id, "200") as two,
    ):
        assert (one.line(), two.line()) == ("ready", "ready")
        one.go()
        two.go()
        won = [int(one.line()), int(two.line())]

        assert sum(won) == 50
        assert await balance(storage, payer.id) == (0, 50_000)
        assert (await storage.audit()).balanced


async def test_holds_of_a_killed_process_come_back_and_those_of_a_living_one_do_not(
    storage: Storage, backend: Backend
) -> None:
    payer = await account(storage, credits=100_000)
    with (
        Child("hold", backend.url, payer.id, "10") as doomed,
        Child("hold", backend.url, payer.id, "7") as safe,
    ):
        doomed_owner, safe_owner = doomed.line(), safe.line()
        assert await storage.owner.dead({doomed_owner, safe_owner}) == set()
        assert await storage.ledger.release_abandoned() == 0

        doomed.kill()
        await until(lambda: storage.owner.dead({doomed_owner}))

        assert await storage.owner.dead({doomed_owner, safe_owner}) == {doomed_owner}
        assert await storage.ledger.release_abandoned() == 10
        assert await balance(storage, payer.id) == (93_000, 7_000)
        assert (await storage.audit()).balanced


async def test_what_one_process_writes_the_next_read_of_another_sees(
    storage: Storage, backend: Backend
) -> None:
    payer = await account(storage, credits=5_000)
    stranger = backend.open()
    await stranger.ledger.hold("e1", payer.id, 2_000)
    assert await balance(storage, payer.id) == (3_000, 2_000)

    await storage.ledger.settle(settlement("e1", payer.id, 2_000))
    assert await balance(stranger, payer.id) == (3_000, 0)
    stranger.close()


async def test_the_audit_is_right_while_another_process_writes(storage: Storage, backend: Backend) -> None:
    payer = await account(storage, credits=1_000_000)
    with Child("write", backend.url, payer.id) as writer:
        assert writer.line() == "ready"
        writer.go()
        entries = [(await storage.audit()).entries]
        while len(entries) < 40 or entries[-1] == entries[0]:
            found = await storage.audit()
            assert found.complaints == ()
            assert found.available + found.held == 1_000_000
            entries.append(found.entries)
        writer.go()
        assert int(writer.line()) > 0
        assert writer.wait() == 0
    assert (await storage.audit()).held == 0


async def test_processes_that_meet_on_a_new_database_make_keys_that_all_work(fresh: Backend) -> None:
    names = [f"account {number}" for number in range(3)]
    with ExitStack() as stack:
        children = [stack.enter_context(Child("first_use", fresh.url, name)) for name in names]
        assert {child.line() for child in children} == {"ready"}
        for child in children:
            child.go()
        keys = [child.line() for child in children]
        assert [child.wait() for child in children] == [0, 0, 0]

    storage = fresh.open()
    found = [await storage.accounts.by_api_key(key) for key in keys]
    assert [one.name if one else None for one in found] == names
    storage.close()
