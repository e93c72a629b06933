"""What each vendor knows, and how much of it is wrong.

Vendors do not find people independently: they buy from the same few upstream sources and add a little of
their own. So their hits, gaps and mistakes are correlated: two vendors that bought one stale record repeat
one mistake.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from headrace.sandbox.addresses import guess
from headrace.sandbox.phones import Phone
from headrace.sandbox.world import Person, World

V = TypeVar("V")
Recorder = Callable[[Person, random.Random], V | None]

UPSTREAM = {"crawl": 0.62, "signatures": 0.50, "registry": 0.40, "network": 0.55, "bureau": 0.45}
WRONG = 0.052
DARK = 0.04


@dataclass(frozen=True, slots=True)
class Draw:
    """How much of each upstream source a vendor has bought, and what it finds by itself."""

    sources: Mapping[str, float]
    own: float


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A vendor's data, kind by kind; `vouches` is its share of accept-all mailboxes it dares to confirm."""

    email: Draw | None = None
    phone: Draw | None = None
    personal_email: Draw | None = None
    vouches: float = 0.0


@dataclass(frozen=True, slots=True)
class Known(Generic[V]):
    """What a vendor has for each person, by the person's number."""

    values: Mapping[int, V] = field(default_factory=dict)

    def get(self, person: Person) -> V | None:
        """What is known about this person."""
        return self.values.get(person.index)


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything one vendor knows."""

    email: Known[str]
    phone: Known[tuple[Phone, ...]]
    personal_email: Known[str]


class Coverage:
    """The hidden upstream sources of a world, from which every vendor draws."""

    def __init__(self, world: World) -> None:
        self._world = world
        rng = self._rng("visibility")
        self._visibility = [0.0 if rng.random() < DARK else rng.uniform(0.7, 1.3) for _ in world.people]
        mistakes = _Mistakes(world)
        self._emails = self._upstream("email", mistakes.work_email)
        self._phones = self._upstream("phone", mistakes.phones)
        self._personal = self._upstream("personal_email", mistakes.personal_email)

    def holdings(self, vendor: str, knowledge: Knowledge) -> Holdings:
        """What a vendor of that name and appetite has collected."""
        first = self._world.documented
        emails = self._collect(vendor, "email", knowledge.email, self._emails)
        phones = self._collect(vendor, "phone", knowledge.phone, self._phones)
        personal = self._collect(vendor, "personal_email", knowledge.personal_email, self._personal)
        if knowledge.email and first.work_email:
            emails[0] = first.work_email
        if knowledge.phone:
            phones[0] = first.phones
        if knowledge.personal_email and first.personal_email:
            personal[0] = first.personal_email
        return Holdings(Known(emails), Known(phones), Known(personal))

    def _rng(self, *purpose: str) -> random.Random:
        return random.Random(":".join(("headrace-records", str(self._world.seed), *purpose)))

    def _upstream(self, kind: str, record: Recorder[V]) -> dict[str, list[V | None]]:
        """For each source, its record of each person, or none."""
        sources: dict[str, list[V | None]] = {}
        for source, reach in (*UPSTREAM.items(), ("own", 1.0)):
            rng = self._rng(kind, source)
            sources[source] = [
                record(person, rng) if rng.random() < reach * seen else None
                for person, seen in zip(self._world.people, self._visibility, strict=True)
            ]
        return sources

    def _collect(
        self, vendor: str, kind: str, draw: Draw | None, upstream: Mapping[str, list[V | None]]
    ) -> dict[int, V]:
        """The first record of each person among what the vendor bought."""
        collected: dict[int, V] = {}
        if draw is None:
            return collected
        for source, share in (*draw.sources.items(), ("own", draw.own)):
            rng = self._rng(vendor, kind, source)
            for index, record in enumerate(upstream[source]):
                if rng.random() < share and record is not None:
                    collected.setdefault(index, record)
        return collected


class _Mistakes:
    """Records as a source keeps them: mostly the truth, sometimes stale, misread or somebody else's."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._numbers: dict[str, list[Phone]] = {}
        for person in world.people[1:]:
            for phone in person.phones:
                self._numbers.setdefault(phone.country, []).append(phone)

    def work_email(self, person: Person, rng: random.Random) -> str | None:
        """A work address: right, or of an old employer, or by a wrong pattern."""
        if rng.random() < (WRONG if person.work_email else 0.06):
            return self._wrong_work_email(person, rng)
        return person.work_email

    def phones(self, person: Person, rng: random.Random) -> tuple[Phone, ...] | None:
        """All or the first of somebody's numbers, or somebody else's number in the same country."""
        if not person.phones:
            return None
        if rng.random() < WRONG:
            return (rng.choice(self._numbers[person.phones[0].country]),)
        return person.phones[: rng.randint(1, len(person.phones))]

    def personal_email(self, person: Person, rng: random.Random) -> str | None:
        """A personal address, or one that never was theirs."""
        address = person.personal_email
        if address and rng.random() < WRONG:
            return guess(rng, person.first_name, person.last_name, address.partition("@")[2])
        return address

    def _wrong_work_email(self, person: Person, rng: random.Random) -> str:
        address = person.work_email
        while address is None or address == person.work_email:
            company = person.company
            if person.work_email is None or rng.random() < 0.5:
                company = rng.choice(self._world.companies[1:])
            address = guess(rng, person.first_name, person.last_name, company.domain)
        return address
