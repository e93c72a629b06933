"""What a mail host's reply says about a mailbox: mostly nothing.

A reply is read by who gave it, its code, its enhanced code (RFC 3463) and its words. Only the reply to
`RCPT` can say anything about a mailbox, and words about *us* (our address, our name, a block list) are looked
for first: a host that will not talk to us may still word its refusal as if the mailbox were missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from headrace.mail import phrases
from headrace.mail.evidence import MAILBOX_FULL, Result
from headrace.mail.mailhosts import MailHost


class Stage(IntEnum):
    """How far a session came: the step whose reply ended it."""

    CONNECT = 0
    GREETING = 1
    HELLO = 2
    STARTTLS = 3
    MAIL = 4
    RCPT = 5


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, its lines joined by line feeds, without the codes in front."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """The end of a session: the last reply, or the `fault` that there was instead of one."""

    stage: Stage
    reply: Reply | None = None
    fault: str = ""


class ReplyClass(StrEnum):
    """Kinds of replies."""

    ACCEPTED = "accepted"
    MAILBOX_UNKNOWN = "mailbox_unknown"
    DISABLED = "disabled"
    FULL = "full"
    RATE = "rate"
    GREY = "grey"
    POLICY = "policy"
    PROTOCOL = "protocol"
    NETWORK = "network"


SAYS: Mapping[ReplyClass, tuple[Result, str]] = {
    ReplyClass.ACCEPTED: (Result.YES, "mailbox_accepted"),
    ReplyClass.MAILBOX_UNKNOWN: (Result.NO, "mailbox_not_found"),
    ReplyClass.DISABLED: (Result.NO, "mailbox_disabled"),
    ReplyClass.FULL: (Result.YES, MAILBOX_FULL),
    ReplyClass.RATE: (Result.UNKNOWN, "rate_limited"),
    ReplyClass.GREY: (Result.UNKNOWN, "greylisted"),
    ReplyClass.POLICY: (Result.UNKNOWN, "blocked_by_policy"),
    ReplyClass.PROTOCOL: (Result.UNKNOWN, "reply_not_understood"),
    ReplyClass.NETWORK: (Result.UNKNOWN, "no_connection"),
}
"""What each kind says about the mailbox, and the reason that stands in the evidence."""

_BY_SUBJECT: Mapping[tuple[int, int], ReplyClass] = {
    (1, 1): ReplyClass.MAILBOX_UNKNOWN,
    (1, 6): ReplyClass.MAILBOX_UNKNOWN,
    (1, 10): ReplyClass.MAILBOX_UNKNOWN,
    (2, 1): ReplyClass.DISABLED,
    (2, 2): ReplyClass.FULL,
}
"""Enhanced codes of the fifth class that are about the mailbox, by their last two numbers."""

_SAYS_LITTLE = {(0, 0), (1, 0), (2, 0), (3, 0), (5, 0)}
"""Enhanced codes that mean "other": the words decide."""

_WANTS_TLS = 530
"""What is said to who has not begun with TLS, or has no password; whoever it is."""

_MAILBOX, _MAIL_SYSTEM = 2, 3
"""The subjects of enhanced codes that are about one mailbox, and about the server itself."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A reply's class. `blocks_us`: we are not welcome there, whomever we ask about; `tires_of_us`: just not
    now."""

    means: ReplyClass
    reason: str
    blocks_us: bool = False
    tires_of_us: bool = False

    @property
    def result(self) -> Result:
        return SAYS[self.means][0]


def read(heard: Heard, host: MailHost) -> Reading:
    """What the end of a session says."""
    if heard.reply is None:
        means = ReplyClass.PROTOCOL if heard.fault.startswith("reply_") else ReplyClass.NETWORK
        return Reading(means, heard.fault or SAYS[means][1])
    words, early = phrases.told(heard.reply.text), heard.stage is not Stage.RCPT
    means = _early(heard.reply) if early else classify(heard.reply, host)
    refused = early and heard.reply.code >= 500 and heard.reply.code != _WANTS_TLS
    about_us = phrases.ABOUT_OUR_ADDRESS.search(words) is not None or refused
    blocks = means is ReplyClass.POLICY and about_us
    tires = means is ReplyClass.RATE and (early or _too_much(heard.reply, words))
    return Reading(means, SAYS[means][1], blocks, tires)


def classify(reply: Reply, host: MailHost) -> ReplyClass:
    """The class of a reply to `RCPT`."""
    if reply.code in (250, 251):
        return ReplyClass.ACCEPTED
    if not 400 <= reply.code <= 599:
        return ReplyClass.PROTOCOL
    words, (kind, enhanced) = phrases.told(reply.text), _enhanced(reply)
    if kind != reply.code // 100:
        return ReplyClass.PROTOCOL  # one of its two codes says "never", the other "later"
    if reply.code < 500:
        return _temporary(reply, enhanced, words)
    return _permanent(reply, enhanced, words, host)


def _early(reply: Reply) -> ReplyClass:
    """A refusal before `RCPT` is about us or about their day, never about a mailbox."""
    if reply.code < 400:
        return ReplyClass.PROTOCOL
    if reply.code >= 500 or phrases.ABOUT_OUR_ADDRESS.search(phrases.told(reply.text)):
        return ReplyClass.POLICY
    return ReplyClass.RATE


def _too_much(reply: Reply, words: str) -> bool:
    """Whether a host that puts us off has had enough of us, and not just of mail for this one mailbox."""
    _, enhanced = _enhanced(reply)
    of_the_mailbox = enhanced is not None and enhanced[0] == _MAILBOX
    return reply.code == 421 or (phrases.TOO_FAST.search(words) is not None and not of_the_mailbox)


def _temporary(reply: Reply, enhanced: tuple[int, int] | None, words: str) -> ReplyClass:
    if phrases.GREYLISTED.search(words):
        return ReplyClass.GREY
    if phrases.ABOUT_OUR_ADDRESS.search(words):
        return ReplyClass.POLICY
    if reply.code == 421 or enhanced == (5, 3) or phrases.TOO_FAST.search(words):
        return ReplyClass.RATE
    if enhanced == (2, 2) or _is_full(enhanced, words):
        return ReplyClass.FULL
    if reply.code == 452 or (enhanced is not None and enhanced[0] == 7):
        return ReplyClass.RATE
    return ReplyClass.GREY  # many a greylist does not say that it is one


def _permanent(reply: Reply, enhanced: tuple[int, int] | None, words: str, host: MailHost) -> ReplyClass:
    of_policy = phrases.ABOUT_OUR_ADDRESS.search(words) or phrases.ABOUT_POLICY.search(words)
    if of_policy or (enhanced is not None and enhanced[0] == 7):
        return ReplyClass.POLICY
    if 500 <= reply.code <= 504:
        return ReplyClass.PROTOCOL
    return _of_this_host(host, enhanced, words) or _by_code(reply, enhanced) or _by_words(enhanced, words)


def _by_code(reply: Reply, enhanced: tuple[int, int] | None) -> ReplyClass | None:
    if enhanced is not None and enhanced in _BY_SUBJECT:
        return _BY_SUBJECT[enhanced]
    # 554 is what a host says that wants nothing to do with us; its words alone prove nothing.
    if reply.code == 554 or (enhanced is not None and enhanced not in _SAYS_LITTLE):
        return ReplyClass.POLICY
    return None


def _of_this_host(host: MailHost, enhanced: tuple[int, int] | None, words: str) -> ReplyClass | None:
    written = f"5.{enhanced[0]}.{enhanced[1]}" if enhanced else ""
    fitting = (rule for rule in host.means if rule.enhanced in ("", written) and rule.text in words)
    rule = next(fitting, None)
    return ReplyClass(rule.means) if rule else None


def _is_full(enhanced: tuple[int, int] | None, words: str) -> bool:
    """Whether one mailbox is full: the server's own disk is full for mailboxes too that there are not."""
    if enhanced is not None and enhanced[0] == _MAIL_SYSTEM:
        return False
    theirs = phrases.THEIR_DISK.search(words) and not phrases.SOMEBODYS.search(words)
    return phrases.FULL.search(words) is not None and not theirs


def _by_words(enhanced: tuple[int, int] | None, words: str) -> ReplyClass:
    if _is_full(enhanced, words):
        return ReplyClass.FULL
    if phrases.DISABLED.search(words):
        return ReplyClass.DISABLED
    return ReplyClass.MAILBOX_UNKNOWN if phrases.NOBODY.search(words) else ReplyClass.POLICY


def _enhanced(reply: Reply) -> tuple[int, tuple[int, int] | None]:
    """The first number of the enhanced code, and the other two; without one, the reply's own first."""
    found = phrases.ENHANCED.search(reply.text)
    if found is None:
        return reply.code // 100, None
    return int(found[1]), (int(found[2]), int(found[3]))
