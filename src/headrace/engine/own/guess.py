"""`headrace_finder`: the likeliest addresses of a person at a domain, for others to verify."""

from collections.abc import Mapping

from headrace.domain.model import Contact, Field, Guessed, Missing, Needs
from headrace.domain.waterfall import Question
from headrace.engine.own.knowing import Knowing
from headrace.finder.patterns import Candidate, candidates
from headrace.ports import Clock
from headrace.providers.base import BY_DOMAIN

FINDS: Mapping[Field, Needs] = {Field.EMAIL: (BY_DOMAIN,)}

LEAST = 0.05
"""A guess that is less likely than this is not worth what its verification costs."""


class Guesser:
    """Guesses at most `most` addresses, from what is known of the domain. It never guesses the domain."""

    def __init__(self, knowing: Knowing, clock: Clock, most: int) -> None:
        self._knowing = knowing
        self._clock = clock
        self._most = most

    async def answer(self, question: Question, contact: Contact) -> Guessed | Missing:  # noqa: ARG002
        found = await self.candidates(
            contact.first_name or "", contact.last_name or "", contact.domain or "", self._most
        )
        likely = tuple(each.email for each in found if each.probability >= LEAST)
        return Guessed(likely) if likely else Missing("name_not_understood")

    async def candidates(self, first: str, last: str, domain: str, most: int) -> list[Candidate]:
        """The likeliest addresses, however unlikely; `domain` in one spelling (see `normalize`)."""
        known = await self._knowing.of(domain)
        return candidates(first, last, domain, known, at=self._clock.wall(), limit=most)
