"""What verifiers said of an address before, for accounts that use answers again."""

from collections.abc import Sequence

from headrace.domain.model import Contact, Field, Judged, Verdict
from headrace.domain.plan import Question
from headrace.engine.asked import Asked
from headrace.engine.memory import Ages, Memory
from headrace.engine.vendor import Vendor


class Recall:
    """Looks only; nobody is asked. `verifiers`: whose verdicts count."""

    def __init__(self, memory: Memory, verifiers: Sequence[Vendor]) -> None:
        self._memory = memory
        self._verifiers = verifiers

    async def verdicts(self, address: str, ages: Ages) -> list[tuple[str, Verdict]]:
        """By whom it was said. `ages`: how old it may be."""
        found = []
        for vendor in self._verifiers if ages.found else ():
            question = Question(vendor.name, (Field.EMAIL,), address)
            reply = await self._memory.recall(Asked(vendor, question, Contact()), ages)
            if reply and isinstance(reply.told, Judged):
                found.append((vendor.name, reply.told.verdict))
        return found
