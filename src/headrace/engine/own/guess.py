"""`headrace_finder`: the likeliest addresses of a person at a domain, for others to verify."""

from collections.abc import Mapping

from headrace.domain.model import Contact, Field, Guessed, Needs, Skipped
from headrace.domain.plan import Question
from headrace.engine.own.knowing import Knowing
from headrace.finder.patterns import Candidate, candidates
from headrace.ports import Clock
from headrace.providers.base import BY_COMPANY, BY_DOMAIN

FINDS: Mapping[Field, Needs] = {Field.EMAIL: (BY_DOMAIN, BY_COMPANY)}

LEAST = 0.05
"""A guess that is less likely than this is not worth what its verification costs."""


class Guesser:
    """Guesses at most `most` addresses, from what is known of the domain. It never guesses the domain: it is
    the request's, or the one under which addresses of that company were confirmed before."""

    def __init__(self, knowing: Knowing, clock: Clock, most: int) -> None:
        self._knowing = knowing
        self._clock = clock
        self._most = most

    async def answer(self, question: Question, contact: Contact) -> Guessed | Skipped:  # noqa: ARG002
        domain, assumed = contact.domain, contact.domain is None
        if assumed and contact.company_name:
            domain = await self._knowing.domain_of(contact.company_name)
        if domain is None:
            return Skipped("missing_input: domain", lacking=True)
        found = await self.candidates(contact.first_name or "", contact.last_name or "", domain, self._most)
        likely = tuple(each.email for each in found if each.probability >= LEAST)
        return Guessed(likely, assumed) if likely else Skipped("name_not_understood", lacking=True)

    async def candidates(self, first: str, last: str, domain: str, most: int) -> list[Candidate]:
        """The likeliest addresses, however unlikely; `domain` in one spelling (see `normalize`)."""
        known = await self._knowing.of(domain)
        return candidates(first, last, domain, known, at=self._clock.wall(), limit=most)
