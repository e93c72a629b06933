"""What a confirmed address teaches about the habits of its domain."""

from headrace.domain.model import Enrichment, Field, Grade, Result
from headrace.engine.own import FINDER
from headrace.engine.own.knowing import Knowing, Lesson
from headrace.finder.lists import Lists

_CONFIRMED = (Grade.DELIVERABLE, Grade.CATCH_ALL)


class Learner:
    """Learns from work e-mails that a vendor or a verifier confirmed. Free mail and shared mailboxes have no
    habits; what was remembered has taught before."""

    def __init__(self, knowing: Knowing, lists: Lists) -> None:
        self._knowing = knowing
        self._lists = lists

    async def learn(self, enrichment: Enrichment, at: float) -> None:
        """`at`: seconds since 1970."""
        lesson = self.lesson(enrichment, at)
        if lesson:
            await self._knowing.learn(lesson)

    def lesson(self, enrichment: Enrichment, at: float) -> Lesson | None:
        """What the enrichment teaches; `None` for most."""
        result, contact = enrichment.results.get(Field.EMAIL), enrichment.request.contact
        if not (result and result.found and result.verdict and contact.first_name and contact.last_name):
            return None
        local, _, domain = result.values[0].rpartition("@")
        if result.reused or result.verdict.grade not in _CONFIRMED:
            return None
        if self._lists.is_role(local) or self._lists.is_free(domain) or self._lists.is_disposable(domain):
            return None
        weight = 1.0 if result.confidence is None else result.confidence
        return Lesson(
            contact.first_name, contact.last_name, local, domain, weight, at, _company(enrichment, result)
        )


def _company(enrichment: Enrichment, result: Result) -> str | None:
    """The employer whose domain the address shows. What was found by assuming its domain confirms nothing."""
    contact = enrichment.request.contact
    assumed = contact.domain is None and result.provider == FINDER
    return None if assumed else contact.company_name
