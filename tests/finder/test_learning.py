"""Habits learned from known addresses. The bars are the project's."""

from random import Random
from typing import get_args

import msgspec
import pytest

from headrace.finder.learning import HALF_LIFE, Knowledge
from headrace.finder.names import Shape
from headrace.finder.patterns import candidates
from tests.finder.staff import PATTERNS, WEIGHTS, Person, house, staff

DOMAINS, PEOPLE, KNOWN = 40, 50, 3
START = 1_700_000_000.0


def taught(people: list[Person], at: float = START) -> Knowledge:
    knowledge = Knowledge()
    for person in people:
        knowledge = knowledge.learn(person.first, person.last, person.local, 1.0, at)
    return knowledge


@pytest.mark.parametrize("seed", range(4))
def test_three_known_addresses_are_enough(seed: int) -> None:
    """2,000 people at 40 domains of one pattern each (fewer where people go by one name, each by another)."""
    rng = Random(seed)
    patterns = rng.choices(list(PATTERNS), WEIGHTS, k=DOMAINS)
    right = asked = 0
    for number, pattern in enumerate(patterns):
        employer = house(rng, pattern)
        people = staff(rng, employer, 30 if pattern in ("first", "last") else PEOPLE)
        knowledge = taught(people[:KNOWN])
        for person in people[KNOWN:]:
            best = candidates(person.first, person.last, f"d{number}.{employer.country}", knowledge)[0]
            right += best.local == person.local
            asked += 1
    assert right / asked >= 0.95


@pytest.mark.parametrize("seed", range(4))
def test_at_a_cold_start_the_first_three_hold_what_they_claim(seed: int) -> None:
    rng = Random(100 + seed)
    hits, claimed = 0, 0.0
    for pattern in spread(2_000):
        employer = house(rng, pattern)
        person = staff(rng, employer, 1)[0]
        # At .com, for which the prior is not tilted: this world's Germans form addresses as everybody does.
        top = candidates(person.first, person.last, "d.com", limit=3)
        hits += person.local in {candidate.local for candidate in top}
        claimed += sum(candidate.probability for candidate in top)
    assert hits >= claimed


def test_at_a_cold_start_plain_names_reach_the_priors_mass() -> None:
    hits = 0
    for pattern in spread(2_000):
        top = candidates("Quinn", "Garner", "d.example", limit=3)
        hits += PATTERNS[pattern]("quinn", "garner") in {candidate.local for candidate in top}
    assert hits >= 2_000 * sum(WEIGHTS[:3]) - 1


def spread(people: int) -> list[str]:
    """Patterns exactly as often as the prior says."""
    return [
        pattern
        for pattern, weight in zip(PATTERNS, WEIGHTS, strict=True)
        for _ in range(round(people * weight))
    ]


def test_each_address_adds_its_probability_to_five_assumed_ones() -> None:
    assumed = Knowledge().probabilities(START)
    once = Knowledge().learn("Ada", "Reed", "areed", 0.6, START).probabilities(START)
    assert once["flast"] == pytest.approx((5 * assumed["flast"] + 0.6) / 5.6)
    assert once["first.last"] == pytest.approx(5 * assumed["first.last"] / 5.6)
    assert sum(once.values()) == pytest.approx(1.0)


def test_a_bounce_takes_away() -> None:
    knowledge = taught([Person("Ada", "Reed", "areed"), Person("Tim", "Holt", "tholt")])
    after = knowledge.forget("Una", "Frost", "ufrost", 1.0, START)
    assert after.probabilities(START)["flast"] < knowledge.probabilities(START)["flast"]
    for _ in range(50):
        after = after.forget("Una", "Frost", "ufrost", 1.0, START)
    wrong = after.probabilities(START)
    assert 0 < wrong["flast"] < 0.01
    # What is seen today outweighs what bounced once, however often.
    for number in range(12):
        after = after.learn("Una", "Frost", f"ufrost{number}", 1.0, START)
    assert max(after.probabilities(START), key=after.probabilities(START).__getitem__) == "flast"


def test_knowledge_fades_by_half_in_eighteen_months() -> None:
    knowledge = taught([Person("Ada", "Reed", "areed")] * 4)
    assert knowledge.seen(START) == pytest.approx(4.0)
    assert knowledge.seen(START + HALF_LIFE) == pytest.approx(2.0)
    later = knowledge.probabilities(START + 20 * HALF_LIFE)
    assert later["flast"] == pytest.approx(Knowledge().probabilities(START)["flast"], abs=0.001)
    assert 540 < HALF_LIFE / 86_400 < 556


def test_news_that_comes_late_counts_as_it_has_faded() -> None:
    now = START + HALF_LIFE
    in_order = taught([Person("Ada", "Reed", "areed")], START).learn("Tim", "Holt", "t.holt", 1.0, now)
    swapped = taught([Person("Tim", "Holt", "t.holt")], now).learn("Ada", "Reed", "areed", 1.0, START)
    assert in_order.at == swapped.at == now
    assert swapped.probabilities(now) == pytest.approx(in_order.probabilities(now))


def test_shapes_are_learned_apart_and_begin_where_the_others_are() -> None:
    knowledge = taught([Person("Ada", "Reed", "areed"), Person("Tim", "Holt", "tholt")])
    for shape in set(get_args(Shape)) - {"single"}:
        likely = knowledge.probabilities(START, shape)
        assert max(likely, key=likely.__getitem__) == "flast"
    parted = taught([Person("Bas", "van den Berg", "bas.vandenberg")] * 8)
    mixed = parted.learn("Ada", "Reed", "areed", 1.0, START).learn("Tim", "Holt", "tholt", 1.0, START)
    assert mixed.probabilities(START, "particle")["first.last"] > mixed.probabilities(START)["first.last"]


@pytest.mark.parametrize(
    ("known", "asked", "best"),
    [
        (("Jörg", "Böhm", "jorg.bohm"), ("Käthe", "Müller"), "kathe.muller"),
        (("Bas", "van den Berg", "bas.berg"), ("Noor", "van Dijk"), "noor.dijk"),
        (("Jean-Luc", "Roy", "jeanluc.roy"), ("Anne-Marie", "Petit"), "annemarie.petit"),
        (("Emma", "Smythe-Ellis", "emma.ellis"), ("Ute", "Meyer-Holm"), "ute.holm"),
        (("Jean-Luc", "Roy", "jlroy"), ("Anne-Marie", "Petit"), "ampetit"),
        (("Сергей", "Гайдай", "sergei.gaidai"), ("Юлия", "Толстой"), "iuliia.tolstoi"),
    ],
)
def test_ways_of_writing_are_learned_too(
    known: tuple[str, str, str], asked: tuple[str, str], best: str
) -> None:
    knowledge = taught([Person(*known)] * 6)
    assert candidates(*asked, "d.example", knowledge)[0].local == best


def test_middle_initials_are_learned_for_those_who_have_one() -> None:
    knowledge = taught([Person("Ellen M.", "Gray", "ellen.m.gray")] * 4)
    assert candidates("John F.", "Cole", "d.example", knowledge)[0].local == "john.f.cole"
    assert candidates("John", "Cole", "d.example", knowledge)[0].local == "john.cole"


def test_an_address_that_nothing_explains_counts_against_every_pattern() -> None:
    odd = Knowledge().learn("Ada", "Reed", "x7k2", 1.0, START)
    assert odd.seen() == pytest.approx(1.0)
    assumed = Knowledge().probabilities(START)
    assert all(odd.probabilities(START)[pattern] < share for pattern, share in assumed.items())
    assert sum(candidate.probability for candidate in candidates("Tim", "Holt", "d.example", odd)) < 0.9


def test_an_ambiguous_address_is_shared_by_what_explains_it() -> None:
    knowledge = Knowledge().learn("Al", "Al", "al", 1.0, START)
    assert knowledge.probabilities(START)["first"] > knowledge.probabilities(START)["last"]
    assert knowledge.seen() == pytest.approx(1.0)


def test_only_counts_are_kept_and_they_can_be_stored() -> None:
    knowledge = taught(
        [Person("Wilhelmina", "Featherstone", "wfeatherstone"), Person("Jörg", "Böhm", "jboehm")]
    )
    stored = msgspec.json.encode(knowledge)
    for word in (b"wil", b"feather", b"boehm", b"jboehm"):
        assert word not in stored.lower()
    restored = msgspec.json.decode(stored, type=Knowledge)
    assert restored.probabilities(START) == knowledge.probabilities(START)
    assert restored.at == START
    assert candidates("Ada", "Reed", "d.example", restored) == candidates(
        "Ada", "Reed", "d.example", knowledge
    )


def test_learning_leaves_what_was_known_before_as_it_was() -> None:
    before = taught([Person("Ada", "Reed", "areed")])
    counts = msgspec.json.encode(before)
    before.learn("Tim", "Holt", "t.holt", 1.0, START)
    before.forget("Tim", "Holt", "tholt", 1.0, START)
    assert msgspec.json.encode(before) == counts
