"""Evidence about a value -> accept it, keep looking, or reject it."""

from enum import Enum

from msgspec import Struct, field

from headrace.domain.model import Found, Grade, Verdict

_CONFIRMED = (Grade.DELIVERABLE, Grade.CATCH_ALL)


class Decision(Enum):
    """What to do with an address."""

    ACCEPT = "accept"
    KEEP = "keep"  # not enough is known: verify it, and meanwhile it is the best there is
    REJECT = "reject"


class Candidate(Struct):
    """An address that was found and is not yet accepted, with everything that was said about it.

    `obtained_at`: it was remembered from then (seconds since 1970). `guessed`: no source returned it yet.
    """

    value: str
    provider: str
    obtained_at: float | None = None
    guessed: bool = False
    sources: set[str] = field(default_factory=set)
    verdicts: list[Verdict] = field(default_factory=list)
    verifiers_asked: set[str] = field(default_factory=set)

    def returned_by(self, provider: str, found: Found, witness: str) -> None:
        """Another vendor returned it. `witness`: who found it, which for an aggregator is somebody else."""
        if self.guessed:
            self.guessed, self.provider = False, provider
        self.sources.add(witness)
        if found.verdict:
            self.verdicts.append(found.verdict)


def weigh(candidate: Candidate) -> Verdict:
    """All that is known about an address, as one verdict.

    A source that confirms the mailbox outweighs those that only saw the domain accept everything; two
    independent sources of one address confirm each other on such a domain. "Could not tell" adds nothing,
    and on such a domain that is what a no means of a source that has no other word for it.
    """
    accept_all = any(verdict.accept_all for verdict in candidate.verdicts)
    told = [each for each in candidate.verdicts if not (accept_all and _may_mean_unknown(each))]
    grades = {verdict.grade: verdict for verdict in reversed(told)}
    confirmed = next((grades[grade] for grade in _CONFIRMED if grade in grades), None)
    if Grade.INVALID in grades:
        return grades[Grade.INVALID]
    if confirmed and accept_all:
        return Verdict(Grade.CATCH_ALL, confirmed.reason, accept_all=True)
    if confirmed:
        return confirmed
    if accept_all and len(candidate.sources) > 1:
        return Verdict(Grade.CATCH_ALL, "same_address_from_two_sources", accept_all=True)
    if Grade.RISKY in grades:
        return grades[Grade.RISKY]
    return grades.get(Grade.UNKNOWN, Verdict(Grade.UNKNOWN, "not_verified"))


def _may_mean_unknown(verdict: Verdict) -> bool:
    return verdict.coarse and verdict.grade is Grade.INVALID


def decide(verdict: Verdict) -> Decision:
    """What a verdict means for the lane that found the address."""
    if verdict.grade in _CONFIRMED:
        return Decision.ACCEPT
    if verdict.grade is Grade.INVALID:
        return Decision.REJECT
    return Decision.KEEP


def best_risky(candidates: list[Candidate]) -> Candidate | None:
    """What to return to an account that accepts risk: the first risky address, never an unknown one, and
    never a mere guess."""
    returned = (candidate for candidate in candidates if not candidate.guessed)
    return next((candidate for candidate in returned if weigh(candidate).grade is Grade.RISKY), None)
