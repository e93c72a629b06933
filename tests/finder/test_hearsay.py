"""Error rates without the truth, one address at a time, on synthetic worlds whose truth the test knows."""

from collections.abc import Iterable, Mapping, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.finder.calibration import brier, expected_error
from headrace.finder.combine import Evidence, chance, neutral
from headrace.finder.hearsay import heard
from headrace.finder.rates import Heard, Rates, Tally, Word, finds

ITEMS = 5_000
SEEDS = range(6)
BATCH = 50
FAMILIES = st.sampled_from(["", "up", "over"])

# True positive rate, false positive rate, share of "cannot tell".
VERIFIERS = {
    "best": (0.96, 0.05, 0.04),
    "good": (0.93, 0.10, 0.08),
    "fair": (0.85, 0.30, 0.03),
    "eager": (0.92, 0.45, 0.00),
}
World = tuple[list[bool], list[dict[str, Word]]]


def world(rng: Random, verifiers: Mapping[str, tuple[float, float, float]], share: float = 0.6) -> World:
    truths = [rng.random() < share for _ in range(ITEMS)]
    return truths, [{name: vote(rng, truth, *rates) for name, rates in verifiers.items()} for truth in truths]


def vote(rng: Random, truth: bool, tpr: float, fpr: float, silent: float) -> Word:
    if rng.random() < silent:
        return Word.UNKNOWN
    return Word.VALID if rng.random() < (tpr if truth else fpr) else Word.INVALID


def realised(items: Sequence[Mapping[str, Word]], truths: Sequence[bool], name: str) -> tuple[float, float]:
    """The true and false positive rate of this very world. Of 2,000 missing addresses, 30 % accepted may well
    turn out as 32 %: to find that is right, so it is no error of the estimate."""
    said = [
        [votes[name] is Word.VALID for votes, truth in zip(items, truths, strict=True) if truth is wanted]
        for wanted in (True, False)
    ]
    return sum(said[0]) / len(said[0]), sum(said[1]) / len(said[1])


def accuracy(guesses: Sequence[bool], truths: Sequence[bool]) -> float:
    return sum(guess == truth for guess, truth in zip(guesses, truths, strict=True)) / len(truths)


def majority(votes: Mapping[str, Word]) -> bool:
    """What most of those who could tell say; a tie counts as valid, which is the commoner truth here."""
    said = list(votes.values())
    return said.count(Word.VALID) >= said.count(Word.INVALID)


def evidence(votes: Mapping[str, Word], families: Mapping[str, str] | None = None) -> list[Evidence]:
    return [
        Evidence(source, word, "said", (families or {}).get(source, "")) for source, word in votes.items()
    ]


def learn(
    items: Sequence[Mapping[str, Word]], families: Mapping[str, str] | None = None, batch: int = BATCH
) -> Rates:
    """As a server does: by the rates in force, which change with each batch."""
    rates = Rates()
    for at in range(0, len(items), batch):
        some = [evidence(votes, families) for votes in items[at : at + batch]]
        rates = rates.plus(word for said in some for word in heard(said, rates))
    return rates


def stated(
    items: Sequence[Mapping[str, Word]], rates: Rates, families: Mapping[str, str] | None = None
) -> list[float]:
    return [chance(evidence(votes, families), neutral(), rates) for votes in items]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bars(seed: int) -> None:
    truths, items = world(Random(seed), VERIFIERS)
    rates = learn(items)
    for name in VERIFIERS:
        assert rates.row(name, Word.VALID) == pytest.approx(realised(items, truths, name), abs=0.02)
    chances = stated(items, rates)
    assert brier(chances, truths) <= 0.05
    assert expected_error(chances, truths) <= 0.03
    ours = accuracy([p >= 0.5 for p in chances], truths)
    assert ours >= accuracy([majority(votes) for votes in items], truths) + 0.03
    singles = (accuracy([votes[name] is Word.VALID for votes in items], truths) for name in VERIFIERS)
    assert ours >= max(singles) - 0.005


@pytest.mark.parametrize("seed", SEEDS)
def test_other_worlds(seed: int) -> None:
    """Whatever the verifiers are worth, as long as they are right more often than wrong."""
    rng = Random(1000 + seed)
    verifiers = {
        f"v{number}": (rng.uniform(0.85, 0.98), rng.uniform(0.03, 0.20), rng.uniform(0.0, 0.1))
        for number in range(4)
    }
    truths, items = world(rng, verifiers, share=rng.uniform(0.4, 0.8))
    rates = learn(items)
    for name in verifiers:
        assert rates.row(name, Word.VALID) == pytest.approx(realised(items, truths, name), abs=0.04)
    chances = stated(items, rates)
    assert brier(chances, truths) <= 0.05
    assert expected_error(chances, truths) <= 0.03
    ours = accuracy([p >= 0.5 for p in chances], truths)
    singles = (accuracy([votes[name] is Word.VALID for votes in items], truths) for name in verifiers)
    assert ours >= max(singles) - 0.005


@pytest.mark.parametrize("seed", SEEDS)
def test_a_reseller_does_not_outvote(seed: int) -> None:
    """Two that sell a third's answers agree with it always: taken for independent, the three would win."""
    rng = Random(2000 + seed)
    truths, items = world(
        rng, {"best": (0.97, 0.04, 0.0), "good": (0.94, 0.08, 0.0), "poor": (0.80, 0.30, 0.0)}
    )
    for votes in items:
        for reseller in ("shop", "stall"):
            votes[reseller] = votes["poor"] if rng.random() < 0.98 else votes["best"]
    families = dict.fromkeys(("poor", "shop", "stall"), "poor")
    apart = stated(items, learn(items, families), families)
    right = accuracy([p >= 0.5 for p in apart], truths)
    wrong = accuracy([p >= 0.5 for p in stated(items, learn(items))], truths)
    assert right > wrong
    best = accuracy([votes["best"] is Word.VALID for votes in items], truths)
    assert right >= best - 0.005


def test_a_vendor_that_finds_much_that_is_wrong_is_believed_less() -> None:
    rng, rates = Random(3), Rates()
    for _ in range(100):
        batch: list[list[Evidence]] = []
        for _ in range(50):
            name, share = rng.choice([("sound", 0.95), ("sloppy", 0.6)])
            word = vote(rng, rng.random() < share, 0.95, 0.05, 0.05)
            batch.append([Evidence(finds(name), Word.VALID, "", name), Evidence("verifier", word, "")])
        rates = rates.plus(each for said in batch for each in heard(said, rates))
    sound, sloppy = (rates.row(finds(name), Word.VALID)[0] for name in ("sound", "sloppy"))
    assert sloppy == pytest.approx(0.6, abs=0.1)
    assert 0.85 < sound <= 0.96  # rather too little than too much: the verifiers say no more


said = st.builds(
    Evidence, st.sampled_from(["a", "b", "c", "dns"]), st.sampled_from(list(Word)), st.just(""), FAMILIES
)


@given(st.lists(said, max_size=6), st.sampled_from(["a", "b", "c"]), st.sampled_from(list(Word)))
def test_nobody_confirms_himself(others: list[Evidence], name: str, word: Word) -> None:
    """What somebody says changes nothing about how true it is held to be; nor does his whole family."""
    mine = [Evidence(name, said, "", "mine") for said in (word, Word.VALID, Word.INVALID)]
    kept = [each for each in others if each.source != name and Word.CATCH_ALL not in (each.said, word)]
    held = [_of(name, heard([*kept, each], Rates())) for each in mine if each.said is not Word.CATCH_ALL]
    assert all(tally == held[0] for tally in held)
    alone = [*mine, Evidence("shop", Word.VALID, "", "mine")]
    assert list(heard(alone, Rates())) == []


@given(st.lists(said, max_size=8))
def test_each_source_counts_once_and_facts_never(evidence: list[Evidence]) -> None:
    counted = [source for (source, _, _), _ in heard(evidence, Rates())]
    assert len(counted) == len(set(counted))
    assert "dns" not in counted


def test_what_others_cannot_tell_teaches_nothing() -> None:
    silent = [Evidence("a", Word.VALID, ""), Evidence("b", Word.UNKNOWN, "")]
    assert [source for (source, _, _), _ in heard(silent, Rates())] == ["b"]


def _of(name: str, words: Iterable[tuple[Heard, Tally]]) -> Tally | None:
    return next((tally for (source, _, _), tally in words if source == name), None)


def test_where_everything_is_accepted_nothing_is_learned_from_others() -> None:
    """A verifier that says "no" where it could not tell would persuade all the others."""
    rumour = [
        Evidence("a", Word.VALID, ""),
        Evidence("b", Word.INVALID, ""),
        Evidence("c", Word.CATCH_ALL, ""),
    ]
    assert list(heard(rumour, Rates())) == []
    assert len(list(heard(rumour[:2], Rates()))) == 2
