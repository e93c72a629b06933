"""One address verified without any vendor: what the checks found, weighed into a verdict."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from headrace.domain import normalize
from headrace.domain.model import Contact, Field, Grade, Judged, Thresholds, Verdict
from headrace.domain.plan import Question
from headrace.domain.trace import SUPPRESSED
from headrace.engine.memory import Ages
from headrace.engine.own import PROBE
from headrace.engine.own.recall import Recall
from headrace.engine.own.reputation import Reputation
from headrace.engine.subjects import Subject
from headrace.finder import combine
from headrace.finder.lists import Lists
from headrace.finder.rates import Word
from headrace.mail.evidence import (
    CATCH_ALL,
    DISPOSABLE,
    DOMAIN,
    MAILBOX,
    MAILBOX_FULL,
    ROLE,
    SYNTAX,
    Evidence,
    Result,
)
from headrace.ports import Suppressions

FREE_MAIL = "free_mail"  # yes: anybody can open a mailbox there

_LOOK_UPS = 16
"""At a time: of a long list they would else wait for each other longer than a database may take."""

_NOTHING = Ages()
_USUAL = Thresholds()


class Checked(Protocol):
    """An address, in one spelling where it is one, and what was found."""

    @property
    def address(self) -> str: ...

    @property
    def evidence(self) -> Sequence[Evidence]: ...


Check = Callable[[str], Awaitable[Checked]]
"""Finds what can be found about an address, within the time that is set for it."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A verdict with what it rests on. `bounce_probability` is `None` only where nobody could tell."""

    email: str
    verdict: Verdict
    bounce_probability: float | None
    evidence: tuple[Evidence, ...]


class Verifier:
    """Verifies addresses. `recall`: what vendors said of them before, where that is kept; `reputation`: how
    often who says so is right; `suppressions`: who is not asked about."""

    def __init__(
        self,
        check: Check,
        recall: Recall | None = None,
        reputation: Reputation | None = None,
        suppressions: Suppressions | None = None,
    ) -> None:
        self._check = check
        self._recall = recall
        self._reputation = reputation or Reputation()
        self._suppressions = suppressions
        self._looking = asyncio.Semaphore(_LOOK_UPS)

    async def verify(self, address: str, ages: Ages = _NOTHING, thresholds: Thresholds = _USUAL) -> Verified:
        """Never raises for what an address or a mail host is like. `ages`: of what may be used again;
        `thresholds`: where the verdicts begin. Nobody is asked about who must be left alone; raises
        `Problem(storage_unavailable)` where that cannot be looked up."""
        return await self.spared(address) or await self._judge(address, ages, thresholds)

    async def spared(self, address: str) -> Verified | None:
        """The verdict on an address of somebody who must be left alone; `None` for all others."""
        known = Subject(Contact()).of_found(Field.EMAIL, address)
        if self._suppressions is None:
            return None
        async with self._looking:
            if not await self._suppressions.hit(known):
                return None
        unknown = Verdict(Grade.UNKNOWN, SUPPRESSED)
        return Verified(normalize.address(address) or address, unknown, None, ())

    async def _judge(self, address: str, ages: Ages, thresholds: Thresholds) -> Verified:
        checked = await self._check(address)
        told = await self._recall.verdicts(checked.address, ages) if self._recall else []
        evidence = (*checked.evidence, *(_as_evidence(source, verdict) for source, verdict in told))
        known, pieces = self._reputation, [*_pieces(checked.evidence)]
        for source, verdict in told:
            pieces += combine.of_verdict(source, verdict, known.family(source))
        weighed = combine.combine(pieces, combine.neutral(), known.rates, thresholds, known.calibration)
        known.hear(checked.address, pieces, (PROBE,))
        bounce = weighed.bounce_probability
        return Verified(
            checked.address, weighed.verdict, None if bounce is None else round(bounce, 4), evidence
        )

    async def answer(self, question: Question, contact: Contact) -> Judged:  # noqa: ARG002
        """The same for a waterfall's question, which is about nobody who must be left alone; by the usual
        thresholds: the answer may serve another account's equal question too."""
        return Judged((await self._judge(question.address or "", _NOTHING, _USUAL)).verdict)


def listed(lists: Lists, address: str) -> Iterator[Evidence]:
    """What lists say of an address."""
    local, _, domain = address.rpartition("@")
    for check, found in (
        (ROLE, lists.is_role(local)),
        (DISPOSABLE, lists.is_disposable(domain)),
        (FREE_MAIL, lists.is_free(domain)),
    ):
        yield Evidence(check, *((Result.YES, "listed") if found else (Result.NO, "not_listed")))


def _as_evidence(source: str, verdict: Verdict) -> Evidence:
    """A remembered verdict as a check of its own, named after who gave it."""
    results = {
        Grade.DELIVERABLE: Result.YES,
        Grade.CATCH_ALL: Result.YES,
        Grade.INVALID: Result.NO,
    }
    return Evidence(source, results.get(verdict.grade, Result.UNKNOWN), verdict.reason)


def _pieces(evidence: Sequence[Evidence]) -> Iterator[combine.Evidence]:
    """What the checks say about the mailbox, in the words that `combine` weighs."""
    found = {item.check: item for item in evidence}
    for check, source in ((SYNTAX, "syntax"), (DOMAIN, "dns"), (MAILBOX, PROBE)):
        if check in found and found[check].result is Result.NO:
            yield combine.Evidence(source, Word.INVALID, found[check].reason)
    if _says(found, DISPOSABLE):
        yield combine.Evidence("lists", Word.RISKY, DISPOSABLE)
    mailbox, domain = found.get(MAILBOX), found.get(DOMAIN)
    if domain and domain.result is Result.UNKNOWN:
        yield combine.Evidence("dns", Word.UNKNOWN, domain.reason)
    elif mailbox and mailbox.result is Result.UNKNOWN:
        yield combine.Evidence(PROBE, Word.UNKNOWN, mailbox.reason)
    elif mailbox and mailbox.result is Result.YES:
        yield from _accepted(mailbox, found)


def _accepted(mailbox: Evidence, found: dict[str, Evidence]) -> Iterator[combine.Evidence]:
    """What an accepted address is worth: nothing certain, unless its host also refuses some."""
    catch_all = found.get(CATCH_ALL)
    if mailbox.reason == MAILBOX_FULL:
        yield combine.Evidence(PROBE, Word.RISKY, MAILBOX_FULL)
    elif catch_all is None or catch_all.result is Result.UNKNOWN:
        yield combine.Evidence(PROBE, Word.UNKNOWN, "catch_all_unknown")
    elif catch_all.result is Result.YES:
        yield combine.Evidence(PROBE, Word.CATCH_ALL, CATCH_ALL)
    else:
        yield combine.Evidence(PROBE, Word.VALID, mailbox.reason)
        if _says(found, ROLE):
            yield combine.Evidence("lists", Word.RISKY, ROLE)


def _says(found: dict[str, Evidence], check: str) -> bool:
    return check in found and found[check].result is Result.YES
