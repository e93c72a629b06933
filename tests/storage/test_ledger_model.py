"""Any sequence of operations, crashes and concurrent batches against a model of a few lines."""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from headrace.domain.errors import Problem
from headrace.engine.ids import new_id
from headrace.storage.opening import Storage
from tests.storage.backends import Backend, SqliteBackend
from tests.storage.making import account, balance, crash, settlement

AMOUNTS = st.one_of(st.integers(0, 5_000), st.integers(1_000, 3_500))
PARTS = st.sampled_from([1.0, 0.7, 0.5, 0.1, 0.0])
WHICH = st.integers(0, 1_000)


@dataclass
class Purse:
    """What the model knows about an account."""

    id: str
    available: int = 0
    held: int = 0
    earned: int = 0
    granted: int = 0


@dataclass
class Books:
    """The model: purses, what is held, and what has ended."""

    purses: list[Purse]
    running: dict[str, tuple[Purse, int]] = field(default_factory=dict)
    ended: list[tuple[str, Purse]] = field(default_factory=list)
    settled: set[str] = field(default_factory=set)

    def purse(self, which: int) -> Purse:
        return self.purses[which % len(self.purses)]

    def hold(self, purse: Purse, enrichment: str, amount: int) -> None:
        purse.available -= amount
        purse.held += amount
        self.running[enrichment] = (purse, amount)

    def end(self, enrichment: str, charged: int) -> Purse:
        purse, held = self.running.pop(enrichment)
        purse.held -= held
        purse.earned += charged
        purse.available += held - charged
        self.ended.append((enrichment, purse))
        return purse


class LedgerMachine(RuleBasedStateMachine):
    """All runs share one database; each has accounts of its own."""

    backend: Backend

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.storage: Storage = self.backend.open()
        self.books = Books([])

    @initialize(credits=st.sampled_from([100_000, 20_000, 3_000]))
    def open_accounts(self, credits: int) -> None:
        for _ in range(2):
            made = self.runner.run(account(self.storage, new_id(), credits))
            self.books.purses.append(Purse(made.id, available=credits, granted=credits))

    @rule(which=WHICH, amount=st.integers(0, 50_000))
    def grant(self, which: int, amount: int) -> None:
        purse = self.books.purse(which)
        purse.available += amount
        purse.granted += amount
        assert self.runner.run(self.storage.ledger.grant(purse.id, amount)) == purse.available

    @rule(which=WHICH, amount=st.integers(1, 60_000))
    def take_back(self, which: int, amount: int) -> None:
        purse = self.books.purse(which)
        if amount > purse.available:
            with pytest.raises(Problem, match="insufficient_credits"):
                self.runner.run(self.storage.ledger.grant(purse.id, -amount))
            return
        purse.available -= amount
        purse.granted -= amount
        assert self.runner.run(self.storage.ledger.grant(purse.id, -amount)) == purse.available

    @rule(which=WHICH, amount=AMOUNTS)
    def hold(self, which: int, amount: int) -> None:
        purse, enrichment = self.books.purse(which), new_id()
        if amount > purse.available:
            with pytest.raises(Problem, match="insufficient_credits"):
                self.runner.run(self.storage.ledger.hold(enrichment, purse.id, amount))
            return
        left = self.runner.run(self.storage.ledger.hold(enrichment, purse.id, amount))
        self.books.hold(purse, enrichment, amount)
        assert left == purse.available

    @precondition(lambda self: self.books.running)
    @rule(which=WHICH, part=PARTS)
    def settle(self, which: int, part: float) -> None:
        enrichment, charged = self.pick(which, part)
        purse = self.books.end(enrichment, charged)
        self.books.settled.add(enrichment)
        assert self.runner.run(self.settling(enrichment, purse, charged)) == purse.available

    @precondition(lambda self: self.books.running)
    @rule(which=WHICH)
    def release(self, which: int) -> None:
        enrichment, _ = self.pick(which, 0)
        purse = self.books.end(enrichment, 0)
        assert self.runner.run(self.storage.ledger.release(enrichment)) == purse.available

    @precondition(lambda self: self.books.running)
    @rule(which=WHICH, beyond=st.integers(1, 5_000))
    def charge_more_than_held(self, which: int, beyond: int) -> None:
        enrichment, held = self.pick(which, 1)
        purse, _ = self.books.running[enrichment]
        with pytest.raises(Exception, match=r"CHECK|check"):
            self.runner.run(self.settling(enrichment, purse, held + beyond))

    @precondition(lambda self: self.books.ended)
    @rule(which=WHICH)
    def end_again(self, which: int) -> None:
        enrichment, purse = self.books.ended[which % len(self.books.ended)]
        with pytest.raises(LookupError):
            self.runner.run(self.storage.ledger.release(enrichment))
        if enrichment in self.books.settled:
            assert self.runner.run(self.settling(enrichment, purse, 0)) == purse.available
        else:
            with pytest.raises(LookupError):
                self.runner.run(self.settling(enrichment, purse, 0))

    @rule(which=WHICH, amount=st.integers(1, 2_000), many=st.integers(2, 12))
    def hold_many_at_once(self, which: int, amount: int, many: int) -> None:
        purse = self.books.purse(which)
        names = [new_id() for _ in range(many)]

        async def race() -> list[int | BaseException]:
            holds = (self.storage.ledger.hold(name, purse.id, amount) for name in names)
            return await asyncio.gather(*holds, return_exceptions=True)

        results = self.runner.run(race())
        won = [name for name, result in zip(names, results, strict=True) if isinstance(result, int)]
        assert len(won) == min(many, purse.available // amount)
        for name in won:
            self.books.hold(purse, name, amount)

    @precondition(lambda self: self.books.running)
    @rule(part=PARTS, spoil=st.booleans())
    def end_all_at_once_and_each_twice(self, part: float, spoil: bool) -> None:
        ending = [self.pick(which, part) for which in range(len(self.books.running))]
        first, (spoiled, _) = {name: self.books.running[name][0] for name, _ in ending}, ending[0]

        async def race() -> list[int | BaseException]:
            work = [self.settling(name, first[name], charged) for name, charged in ending * 2]
            if spoil:
                work.insert(0, self.settling(spoiled, first[spoiled], 10_000_000))
            return await asyncio.gather(*work, return_exceptions=True)

        results = self.runner.run(race())
        # Each is settled once, and whoever settles it again is told the same; also the one that would have
        # charged too much, unless it came first.
        refused = [result for result in results if not isinstance(result, int)]
        assert len(refused) <= spoil, refused
        for name, charged in ending:
            self.books.end(name, charged)
            self.books.settled.add(name)

    @rule()
    def crash(self) -> None:
        crash(self.storage)
        self.storage = self.backend.open()
        released = self.runner.run(self.storage.ledger.release_abandoned())
        assert released == len(self.books.running)
        for enrichment in list(self.books.running):
            self.books.end(enrichment, 0)

    @invariant()
    def balances_are_the_models(self) -> None:
        for purse in self.books.purses:
            found = self.runner.run(balance(self.storage, purse.id))
            assert found == (purse.available, purse.held)
            assert purse.available >= 0
            assert purse.held >= 0
            assert purse.granted == purse.available + purse.held + purse.earned

    def teardown(self) -> None:
        for enrichment in list(self.books.running):
            self.runner.run(self.storage.ledger.release(enrichment))
            self.books.end(enrichment, 0)
        self.balances_are_the_models()
        self.storage.close()
        self.runner.close()
        found = self.backend.audit()
        assert found.complaints == ()
        assert (found.sum, found.held) == (0, 0)

    def pick(self, which: int, part: float) -> tuple[str, int]:
        """One that is running, and that part of what is held for it."""
        enrichment = list(self.books.running)[which % len(self.books.running)]
        return enrichment, int(self.books.running[enrichment][1] * part)

    async def settling(self, enrichment: str, purse: Purse, charged: int) -> int:
        return await self.storage.ledger.settle(settlement(enrichment, purse.id, charged))


@pytest.mark.timeout(900)  # a failure is made small before it is shown
@pytest.mark.usefixtures("certain")
def test_no_sequence_of_operations_and_crashes_unbalances_the_books(backend: Backend) -> None:
    machine = type("Machine", (LedgerMachine,), {"backend": backend})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=80 if isinstance(backend, SqliteBackend) else 15,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
