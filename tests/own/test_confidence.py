"""How sure an address is, and what an enrichment teaches: habits of domains, families of sources."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from headrace.config import ConfigError, load
from headrace.domain.errors import Problem
from headrace.domain.model import Attempt, AttemptKind, Contact, Field, Grade, Result, Timing, Verdict
from headrace.domain.trace import GUESSED
from headrace.engine.own.confidence import Confidence
from headrace.engine.own.habits import Habits, Lines
from headrace.engine.own.reputation import Reputation, Tallies
from headrace.finder.learning import Knowledge
from headrace.finder.rates import Rates, Word
from headrace.wiring import make_plan, make_vendors
from headrace.wiring.own import upstreams

JANE = Contact("Jane", "Doe", domain="acme.example")
FITS, ODD = "jane.doe@acme.example", "jdoe@acme.example"
FRESH, OLD = Timing(1.0), Timing(1.0, obtained_at=5.0)


class Memory:
    """Counts in memory, for all who share it."""

    def __init__(self) -> None:
        self.rates = Rates()

    async def add(self, tallies: Tallies) -> None:
        self.rates = self.rates.plus(tallies.items())

    async def known(self) -> tuple[Rates, None]:
        return self.rates, None


def line(
    provider: str, kind: AttemptKind, address: str, verdict: str | None, timing: Timing = FRESH, **more: Any
) -> Attempt:
    return Attempt(
        Field.EMAIL, provider, kind, "found", more.get("reason"), verdict, timing, values=(address,)
    )


def weighed(
    confidence: Confidence, address: str, lines: Sequence[Attempt], provider: str = "hunter"
) -> float:
    verdict = Verdict(Grade.DELIVERABLE, "valid")
    results = {Field.EMAIL: Result(Field.EMAIL, (address,), verdict, provider, answered=True)}
    stated = confidence.weigh(results, lines, JANE)[Field.EMAIL].confidence
    assert stated is not None
    return stated


async def habits(*known: str, domain: str = "acme.example") -> Habits:
    """What these addresses of Ada Love and others have taught."""
    knowledge = Knowledge()
    for local in known:
        knowledge = knowledge.learn("Ada", "Love", local, 1.0, 1000.0, "example")

    async def recent(since: float, most: int) -> Lines:
        return [(domain.encode(), lambda: knowledge, 1000.0)]

    made = Habits(recent)
    await made.refresh()
    return made


async def test_an_address_that_fits_its_domain_is_likelier() -> None:
    told = [line("hunter", "find", FITS, None)]
    odd = [line("hunter", "find", ODD, None)]
    neutral = weighed(Confidence(Reputation(), Habits()), FITS, told)
    assert neutral == weighed(Confidence(Reputation(), Habits()), ODD, odd) == pytest.approx(0.75)
    taught = Confidence(Reputation(), await habits(*["ada.love"] * 4))
    assert weighed(taught, FITS, told) > neutral > weighed(taught, ODD, odd)
    elsewhere = Confidence(Reputation(), await habits(*["ada.love"] * 4, domain="other.example"))
    assert weighed(elsewhere, ODD, odd) == neutral


async def test_where_addresses_follow_no_pattern_an_odd_one_is_no_surprise() -> None:
    told = [line("hunter", "find", "k7w2@acme.example", None)]
    strange, plain = await habits(*["x41b"] * 4), await habits(*["ada.love"] * 4)
    assert weighed(Confidence(Reputation(), strange), "k7w2@acme.example", told) > 0.9
    assert weighed(Confidence(Reputation(), plain), "k7w2@acme.example", told) < 0.75


async def test_a_guess_begins_with_its_own_probability() -> None:
    lines = [
        line("headrace_finder", "find", FITS, None, reason=GUESSED),
        line("hunter", "verify", FITS, "deliverable"),
    ]
    unlearned = weighed(Confidence(Reputation(), Habits()), FITS, lines, "headrace_finder")
    taught = Confidence(Reputation(), await habits(*["ada.love"] * 4))
    learned = weighed(taught, FITS, lines, "headrace_finder")
    assert 0.85 < unlearned < learned
    other = [
        line("headrace_finder", "find", ODD, None, reason=GUESSED),
        line("hunter", "verify", ODD, "deliverable"),
    ]
    assert weighed(taught, ODD, other, "headrace_finder") < unlearned


async def test_one_source_alone_teaches_nothing() -> None:
    memory = Memory()
    reputation = Reputation(memory)
    weighed(Confidence(reputation, Habits()), FITS, [line("hunter", "find", FITS, "deliverable")])
    await reputation.exchange()
    assert memory.rates == Rates()


async def test_two_sources_teach_of_each_other_and_what_was_remembered_does_not_count_again() -> None:
    memory = Memory()
    reputation = Reputation(memory)
    said = [
        line("leadmagic", "find", FITS, "deliverable"),
        line("hunter", "verify", FITS, "deliverable", OLD),
    ]
    weighed(Confidence(reputation, Habits()), FITS, said)
    await reputation.exchange()
    assert set(memory.rates.counts) == {"leadmagic finds"}


async def test_addresses_that_were_given_up_teach_too() -> None:
    memory = Memory()
    reputation = Reputation(memory)
    lines = [
        line("findymail", "find", ODD, "deliverable"),
        line("hunter", "verify", ODD, "invalid"),
        line("leadmagic", "find", FITS, "deliverable"),
    ]
    weighed(Confidence(reputation, Habits()), FITS, lines, "leadmagic")
    await reputation.exchange()
    assert memory.rates.counts["findymail finds"][Word.VALID].missing > 0.5
    assert memory.rates.counts["hunter"][Word.INVALID].exists > 0.5


async def test_a_reseller_neither_confirms_its_upstream_nor_counts_twice() -> None:
    memory = Memory()
    apart, family = Reputation(memory), Reputation(memory, {"airscale": "leadmagic"})
    said = [line("leadmagic", "find", FITS, "deliverable"), line("airscale", "verify", FITS, "deliverable")]
    assert weighed(Confidence(family, Habits()), FITS, said) < weighed(
        Confidence(apart, Habits()), FITS, said
    )
    await family.exchange()
    assert memory.rates == Rates()
    await apart.exchange()
    assert set(memory.rates.counts) == {"leadmagic finds", "airscale"}


async def test_what_was_heard_while_the_database_is_away_is_told_later() -> None:
    memory, away = Memory(), True

    class Sometimes(Memory):
        async def add(self, tallies: Tallies) -> None:
            if away:
                raise Problem("storage_unavailable")
            await memory.add(tallies)

    reputation = Reputation(Sometimes())
    said = [line("leadmagic", "find", FITS, "deliverable"), line("hunter", "verify", FITS, "deliverable")]
    weighed(Confidence(reputation, Habits()), FITS, said)
    for _ in range(2):
        with pytest.raises(Problem):
            await reputation.exchange()
    away = False
    await asyncio.gather(reputation.exchange(), reputation.exchange())
    assert set(memory.rates.counts) == {"leadmagic finds", "hunter"}
    assert memory.rates.counts["hunter"][Word.VALID].exists < 1


@pytest.mark.parametrize(
    ("named", "complaint"),
    [
        ({"AIRSCALE": "nobody"}, "verification.upstreams.airscale: no such provider: nobody"),
        ({"NOBODY": "airscale"}, "verification.upstreams.nobody: no such provider: nobody"),
        ({"AIRSCALE": "pronto", "PRONTO": "hunter"}, "airscale: pronto has an upstream itself"),
        ({"AIRSCALE": "airscale"}, "airscale: airscale has an upstream itself"),
    ],
)
def test_upstreams_that_make_no_sense_are_named(named: dict[str, str], complaint: str) -> None:
    settings = load(
        None, {f"HEADRACE_VERIFICATION__UPSTREAMS__{name}": value for name, value in named.items()}
    )
    with pytest.raises(ConfigError, match=complaint):
        make_plan(settings, make_vendors(settings))


def test_upstreams_are_named_in_the_settings() -> None:
    assert upstreams(load(None, {})) == {}
    settings = load(None, {"HEADRACE_VERIFICATION__UPSTREAMS__AIRSCALE": "leadmagic"})
    assert upstreams(settings) == {"airscale": "leadmagic"}


async def test_a_refusal_where_everything_is_accepted_teaches_nothing() -> None:
    memory = Memory()
    reputation = Reputation(memory)
    lines = [
        line("prospeo", "find", ODD, "risky"),
        line("findymail", "verify", ODD, "invalid"),
        line("leadmagic", "find", FITS, "deliverable"),
    ]
    weighed(Confidence(reputation, Habits()), FITS, lines, "leadmagic")
    await reputation.exchange()
    assert memory.rates == Rates()
