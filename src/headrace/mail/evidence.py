"""What is known about an address: one item per check, and the plain rule that makes a verdict of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from headrace.domain.model import Grade, Verdict


class Result(StrEnum):
    """What a check ended with. `UNKNOWN` is no weak "no": it says nothing, and `reason` says why."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


SYNTAX = "syntax"  # yes: well-formed
DOMAIN = "domain"  # yes: it names mail hosts
MAIL_HOST = "mail_host"  # yes: a known one, `reason` its name
MAILBOX = "mailbox"  # yes: its host accepts it
CATCH_ALL = "catch_all"  # yes: its host accepts everything
ROLE = "role"  # yes: a function rather than a person
DISPOSABLE = "disposable"  # yes: thrown away after use

MAILBOX_FULL = "mailbox_full"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One check's finding. `reason` is a code, never a server's words.

    `at`: it was remembered from then; `retry_at`: asking again before then is pointless (seconds since 1970).
    """

    check: str
    result: Result
    reason: str
    at: float | None = None
    retry_at: float | None = None


def grade(evidence: Sequence[Evidence]) -> Verdict:
    """The verdict that these checks carry by themselves, each at its face value."""
    found = {item.check: item for item in evidence}
    for check in (SYNTAX, DOMAIN, MAILBOX):
        if check in found and found[check].result is Result.NO:
            return Verdict(Grade.INVALID, found[check].reason)
    mailbox = found.get(MAILBOX)
    if mailbox is None or mailbox.result is Result.UNKNOWN:
        silent = found.get(DOMAIN)
        untold = silent if silent and silent.result is Result.UNKNOWN else mailbox
        return Verdict(Grade.UNKNOWN, untold.reason if untold else "not_asked")
    return _of_accepted(mailbox, found)


def _of_accepted(mailbox: Evidence, found: dict[str, Evidence]) -> Verdict:
    """What an accepted address is worth: nothing certain, unless its host also refuses some."""
    catch_all = found.get(CATCH_ALL)
    if mailbox.reason == MAILBOX_FULL:
        return Verdict(Grade.RISKY, MAILBOX_FULL)
    if catch_all is None or catch_all.result is Result.UNKNOWN:
        return Verdict(Grade.UNKNOWN, "catch_all_unknown")
    if catch_all.result is Result.YES:
        return Verdict(Grade.RISKY, "catch_all", accept_all=True)
    for check in (DISPOSABLE, ROLE):
        if check in found and found[check].result is Result.YES:
            return Verdict(Grade.RISKY, check)
    return Verdict(Grade.DELIVERABLE, mailbox.reason)
