"""The addresses that are judged, with what the seeded world knows of them and no verifier does."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from headrace.finder.patterns import candidates
from headrace.sandbox.chance import roll
from headrace.sandbox.coverage import Coverage
from headrace.sandbox.vendors import discover
from headrace.sandbox.world import Person, World

GUESSES = 3


@dataclass(frozen=True, slots=True)
class Case:
    """One person's possible address. `exists`: the truth, that mail to it has a mailbox, be it a namesake's.

    `guessed`: the finder's probability for it, without any known address of the domain. `finders`: the vendors
    that have it on file for this person.
    """

    address: str
    exists: bool
    policy: str
    guessed: float
    finders: tuple[str, ...]

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    @property
    def for_learning(self) -> bool:
        """Whole domains fall into one half, so that nothing is learned about those that are judged."""
        return roll("truth", self.domain) < 0.5


def sample(world: World, size: int) -> list[Person]:
    """That many people, or all. The documented contact is left out: every vendor is told to know him."""
    people = world.people[1:]
    return people if size >= len(people) else Random(world.seed).sample(people, size)


def cases(world: World, people: list[Person]) -> list[Case]:
    """Of each person the addresses that some vendor has on file, right or wrong, and the finder's best guesses."""
    coverage = Coverage(world)
    files = {
        name: coverage.holdings(name, vendor.knowledge).email
        for name, vendor in discover().items()
        if vendor.knowledge.email
    }
    return [
        case
        for person in people
        for case in _of(person, world, {name: file.get(person) for name, file in files.items()})
    ]


def _of(person: Person, world: World, filed: Mapping[str, str | None]) -> list[Case]:
    guessed = _guesses(person, person.company.domain)
    addresses = dict.fromkeys(list(guessed)[:GUESSES] + [address for address in filed.values() if address])
    return [
        Case(
            address,
            address in world.by_email,
            world.company_by_domain[address.rpartition("@")[2]].mail_policy,
            (guessed | _guesses(person, address.rpartition("@")[2])).get(address, 0.0),
            tuple(name for name, held in filed.items() if held == address),
        )
        for address in addresses
    ]


def _guesses(person: Person, domain: str) -> dict[str, float]:
    """Likeliest first."""
    found = candidates(person.first_name, person.last_name, domain, limit=30)
    return {each.email: each.probability for each in found}
