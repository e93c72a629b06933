"""How far one verification is, for what is said of it when its time is up."""

from dataclasses import dataclass, field

from headrace.mail.evidence import Evidence


@dataclass(slots=True)
class Progress:
    """`evidence` so far. `waiting`: others ask the same mail host, and this one has no turn yet.

    `tried`: how often the address has been put off before.
    """

    evidence: list[Evidence] = field(default_factory=list)
    tried: int = 0
    waiting: bool = False

    def note(self, item: Evidence) -> None:
        self.evidence.append(item)
