"""How often the finder ranks the true address first, and among the first three."""

from collections.abc import Sequence
from dataclasses import dataclass

from headrace.finder.learning import Knowledge
from headrace.finder.patterns import candidates
from headrace.finder.prior import country_of
from headrace.sandbox.chance import roll
from headrace.sandbox.world import Person, World

KNOWN = (0, 1, 2, 3)
START = 1_800_000_000.0


@dataclass(frozen=True, slots=True)
class Ranked:
    """Shares of `people`, with `known` addresses of colleagues to learn from."""

    known: int
    people: int
    first: float
    first_three: float


def ranked(world: World) -> list[Ranked]:
    """The same people every time: those who have an address and at least three colleagues with one."""
    staff: dict[str, list[Person]] = {}
    for person in world.people[1:]:
        if person.work_email:
            staff.setdefault(person.company.domain, []).append(person)
    houses = [people for people in staff.values() if len(people) > max(KNOWN)]
    return [_with(known, houses) for known in KNOWN]


def _with(known: int, houses: Sequence[Sequence[Person]]) -> Ranked:
    places = [_place(person, people, known) for people in houses for person in people]
    return Ranked(
        known,
        len(places),
        sum(place == 0 for place in places) / len(places),
        sum(place < 3 for place in places) / len(places),
    )


def _place(person: Person, colleagues: Sequence[Person], known: int) -> int:
    """Where the true address stands, from 0; the chosen colleagues are others for each person."""
    others = sorted(
        (each for each in colleagues if each is not person),
        key=lambda each: roll("colleague", person.index, each.index),
    )
    domain, knowledge = person.company.domain, Knowledge()
    for each in others[:known]:
        local = (each.work_email or "").partition("@")[0]
        knowledge = knowledge.learn(each.first_name, each.last_name, local, 1.0, START, country_of(domain))
    found = candidates(person.first_name, person.last_name, domain, knowledge, at=START, limit=3)
    addresses = [each.email for each in found]
    return addresses.index(person.work_email) if person.work_email in addresses else len(addresses) + 3
