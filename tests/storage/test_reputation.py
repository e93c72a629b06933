"""How often sources were right, counted by many processes in one database; and what became of addresses."""

import asyncio

import pytest

from headrace.engine.own.knowing import Lesson
from headrace.engine.own.reputation import Reputation
from headrace.finder.combine import Evidence
from headrace.finder.rates import Rates, Tally, Word
from headrace.operate.ports import Judgement
from headrace.storage.opening import Storage
from headrace.storage.reputation import HALF_LIFE, SqlReputation
from tests.storage.backends import Backend
from tests.storage.clocks import SetClock

SAID = {("hunter", Word.VALID, False): Tally(3.0, 1.0, 0.5), ("hunter", Word.INVALID, True): Tally(0.5, 2.0)}
MORE = {
    ("hunter", Word.VALID, False): Tally(1.0, 0.0),
    ("leadmagic finds", Word.FOUND, False): Tally(2.0, 1.0),
}
NOW = 1_800_000_000.0


def flat(rates: Rates) -> dict[tuple[str, str], Tally]:
    return {(source, word): tally for source, rows in rates.counts.items() for word, tally in rows.items()}


async def test_what_several_processes_add_is_summed_in_any_order(storage: Storage, backend: Backend) -> None:
    other = backend.open()
    clock = SetClock(NOW)
    one, two = (SqlReputation(each.database, clock) for each in (storage, other))
    await asyncio.gather(
        *(kept.add(batch) for kept in (one, two) for batch in (SAID, MORE) for _ in range(3))
    )

    rates, calibration = await two.known()
    expected = Rates().plus([*SAID.items(), *MORE.items()] * 6)
    assert flat(rates) == {key: pytest.approx(tally) for key, tally in flat(expected).items()}
    assert calibration is None
    other.close()


async def test_what_was_counted_long_ago_counts_less(storage: Storage) -> None:
    clock = SetClock(NOW)
    kept = SqlReputation(storage.database, clock)
    await kept.add(SAID)
    clock.now += HALF_LIFE
    await kept.add(MORE)
    rates, _ = await kept.known()
    assert flat(rates)["hunter", "valid"] == pytest.approx(Tally(2.5, 0.5, 0.25))
    clock.now += 40 * HALF_LIFE
    rates, _ = await kept.known()
    assert rates.log_ratio("hunter", Word.VALID) == pytest.approx(Rates().log_ratio("hunter", Word.VALID))


async def test_a_word_is_counted_once_however_often_it_is_said_of_an_address(storage: Storage) -> None:
    reputation = Reputation(storage.reputation)
    said = [Evidence("hunter", Word.VALID, ""), Evidence("leadmagic", Word.VALID, "")]
    for _ in range(5):
        reputation.hear("jane@acme.example", said, ("hunter",))
    await reputation.exchange()
    await reputation.exchange()
    ((source, tally),) = flat(reputation.rates).items()
    assert source == ("hunter", "valid")
    assert 0.5 < tally.exists + tally.missing < 1.0


async def test_resellers_of_one_upstream_confirm_nobody(storage: Storage) -> None:
    reputation = Reputation(storage.reputation, {"airscale": "leadmagic"})
    assert reputation.family("airscale") == reputation.family("leadmagic") == "leadmagic"
    said = [Evidence(name, Word.VALID, "", reputation.family(name)) for name in ("airscale", "leadmagic")]
    reputation.hear("jane@acme.example", said, ("airscale", "leadmagic"))
    await reputation.exchange()
    assert reputation.rates == Rates()


async def test_no_address_is_kept(storage: Storage, backend: Backend) -> None:
    reputation = Reputation(storage.reputation)
    said = [Evidence("hunter", Word.VALID, "jane"), Evidence("leadmagic", Word.INVALID, "doe")]
    reputation.hear("jane@acme.example", said, ("hunter", "leadmagic"))
    await reputation.exchange()
    rows = backend.rows("SELECT source, word, accept_all FROM reputation ORDER BY source")
    assert [(source, word) for source, word, _ in rows] == [("hunter", "valid"), ("leadmagic", "invalid")]


async def test_an_outcome_counts_once(storage: Storage, backend: Backend) -> None:
    bounced = Judgement("email:jane@acme.example", False, 0.97, (("hunter", Word.VALID, False),))
    other = Judgement("email:john@acme.example", True, 0.97, (("hunter", Word.VALID, False),))
    assert list(await storage.outcomes.count([bounced, bounced], "operator")) == [True, False]
    assert list(await storage.outcomes.count([bounced, other], "operator")) == [False, True]

    rates, _ = await storage.reputation.known()
    assert flat(rates)["hunter", "valid"] == pytest.approx(Tally(1.0, 1.0), rel=1e-3)
    assert len(backend.rows("SELECT address FROM outcomes")) == 2
    assert [entry.subject for entry in await storage.audit_log.entries()] == ["1 counted", "1 counted"]


async def test_five_hundred_outcomes_calibrate(storage: Storage) -> None:
    """Of what was held to exist with 97 %, four in five do."""
    for start in range(0, 600, 200):
        judgements = [
            Judgement(f"email:p{number}@acme.example", number % 5 > 0, 0.97, ())
            for number in range(start, start + 200)
        ]
        _, before = await storage.reputation.known()
        assert before is None
        assert all(await storage.outcomes.count(judgements, "operator"))
    _, calibration = await storage.reputation.known()
    assert calibration
    assert calibration.apply(0.975) == pytest.approx(0.8, abs=0.01)
    assert calibration.apply(0.1) == 0.1


async def test_the_domains_at_hand_are_those_learned_from_last(storage: Storage) -> None:
    for number in range(3):
        await storage.knowledge.learn(
            Lesson("Jane", "Doe", "jdoe", f"d{number}.example", 1.0, 1000.0 + number)
        )
    lines = await storage.habits.recent(0.0, 2)
    assert [(key, at) for key, _, at in lines] == [
        (storage.habits.digest(f"d{number}.example"), 1000.0 + number) for number in (2, 1)
    ]
    assert lines[0][1]().counts["pattern.simple"]["flast"] == pytest.approx(1.0)
    assert await storage.habits.recent(1002.0, 2) == []
