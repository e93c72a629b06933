"""What a mail host's reply says about a mailbox: mostly nothing.

A reply is read by who gave it, its code, its enhanced code (RFC 3463) and its words. Only the reply to
`RCPT` can say anything about a mailbox, and words about *us* (our address, our name, a block list) are looked
for first: a host that will not talk to us may still word its refusal as if the mailbox were missing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from headrace.mail.evidence import MAILBOX_FULL, Result
from headrace.mail.mailhosts import ANY, MailHost


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

_ADDRESS = re.compile(r"<[^<>]*>|\S+@\S+")
_ENHANCED = re.compile(r"(?:^|[\s(#])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])", re.MULTILINE)


def _any_of(*words: str) -> re.Pattern[str]:
    return re.compile(r"(?<![a-z])(?:" + "|".join(words) + r")(?![a-z])")


_ABOUT_OUR_ADDRESS = _any_of(
    "spamhaus", "spamcop", "sorbs", "barracudacentral", "dnsbls?", "rbls?", "rhsbls?", "uceprotect", "abusix",
    "cloudmark", "senderbase", "senderscore", "black-?list(?:ed|ing|s)?", "block-?list(?:ed|ing|s)?",
    "block list", "black list", "(?:poor|bad|low|ip|sender) reputation", "reputation", "banned",
    "client host", "your (?:ip|host|server|mail server|network|domain)", "sending ip", "ip(?:v[46])? address",
    "reverse dns", "rdns", "ptr", "dynamic ip", "dial-?up", "residential",
)  # fmt: skip
"""Our own address is the trouble, for whatever mailbox we ask about."""

_ABOUT_POLICY = _any_of(
    "blocked", "policy", "policies", "polic[iy]", "spam", "spammer", "spamming", "abuse", "abusive",
    "bulk", "unsolicited", "suspicious", "denied by", "relay", "relaying", "rcpthosts", "not permitted",
    "not authori[sz]ed", "unauthori[sz]ed", "authenticat(?:e|ed|ion)", "auth required", "sender", "helo", "ehlo",
    "spf", "dkim", "dmarc", "resource record", "invalid dns", "dns (?:lookup|error|failure)",
    "domain (?:not found|does not|has|is|must)", "sending", "hostname", "host (?:not found|name)", "callout", "verification failed", "verify failed", "prohibited", "forbidden", "security", "firewall",
    "geo(?:graphic)?", "country", "virus", "filter(?:ed|ing)?", "rate", "rate.limit(?:ed)?", "throttl(?:ed|ing)",
    "too many", "(?:daily|hourly|message|connection) limit", "try again", "temporar(?:y|ily)", "service (?:not available|unavailable|refused)",
    "connection (?:refused|rejected|dropped)", "not accept(?:ing)? (?:mail|messages|connections)",
)  # fmt: skip
"""A rule of the house is the trouble: nothing was said about the mailbox."""

_NOBODY = _any_of(
    r"(?:user|recipient|mailbox|account|address|local part)(?: \S+)?(?: is| was)? (?:unknown|not known|not found)",
    r"(?:unknown|invalid|no such|non-?existent|nonexisting) (?:local )?"
    r"(?:user|recipient|mailbox|account|address|person|local.?part|email)s?",
    r"no (?:mailbox|user|account|such (?:mailbox|recipient)) (?:here|by that name|with that name|found)",
    r"(?:user|recipient|mailbox|account|address|person|inbox)(?: \S+){0,6}? (?:does not|doesn't|doesnt) exist",
    r"not a (?:valid|known|local) (?:user|recipient|mailbox|account|address)",
    r"(?:user|recipient|mailbox|address) not (?:listed|local|here|valid)",
    "no mailbox here", "utilisateur inconnu", "usuario desconocido", "benutzer nicht bekannt",
    "benutzer unbekannt", "empf.{1,2}nger unbekannt", "destinatario (?:sconosciuto|inesistente)",
)  # fmt: skip
_DISABLED = _any_of(
    r"(?:user|recipient|mailbox|account|address)(?: \S+){0,6}?(?: is| was| has been| been)? "
    r"(?:disabled|inactive|deactivated|suspended|closed|discontinued|expired|no longer (?:active|in use|valid))",
    r"(?:disabled|inactive|deactivated|suspended|closed) (?:user|recipient|mailbox|account|address)",
)  # fmt: skip
_FULL = _any_of(
    r"(?:mailbox|inbox|user|recipient|account|storage)(?: \S+){0,4}?(?: is)? (?:full|over ?quota)",
    r"(?:over|exceed(?:s|ed|ing)?|exceeded) (?:the |its |storage |allotted |disk |mailbox |user )*quota",
    r"quota (?:is )?(?:exceeded|full)", "out of storage(?: space)?", "mailbox size limit",
    "exhausted allowed storage",
)  # fmt: skip
_GREYLISTED = _any_of(r"gr[ea]y-?list(?:ed|ing)?", "postgrey", "come back later")
_TOO_FAST = _any_of("too many", "too fast", "rate", "throttl(?:ed|ing)", "(?:daily|hourly|connection) limit")

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


@dataclass(frozen=True, slots=True)
class Reading:
    """A reply's class; `blocks_us`: our own address is not welcome there, whomever we ask about."""

    means: ReplyClass
    reason: str
    blocks_us: bool = False

    @property
    def result(self) -> Result:
        return SAYS[self.means][0]


def read(heard: Heard, host: MailHost = ANY) -> Reading:
    """What the end of a session says."""
    if heard.reply is None:
        means = ReplyClass.PROTOCOL if heard.fault.startswith("reply_") else ReplyClass.NETWORK
        return Reading(means, heard.fault or SAYS[means][1])
    words = _ADDRESS.sub(" ", heard.reply.text.lower())
    means = classify(heard.reply, host) if heard.stage is Stage.RCPT else _early(heard.reply)
    blocks = means is ReplyClass.POLICY and _ABOUT_OUR_ADDRESS.search(words) is not None
    return Reading(means, SAYS[means][1], blocks)


def classify(reply: Reply, host: MailHost = ANY) -> ReplyClass:
    """The class of a reply to `RCPT`."""
    if reply.code in (250, 251):
        return ReplyClass.ACCEPTED
    if not 400 <= reply.code <= 599:
        return ReplyClass.PROTOCOL
    words = " ".join(_ADDRESS.sub(" ", reply.text.lower()).split())
    enhanced = _enhanced(reply)
    return _temporary(reply, enhanced, words) if reply.code < 500 else _permanent(reply, enhanced, words, host)


def _early(reply: Reply) -> ReplyClass:
    """A refusal before `RCPT` is about us or about their day, never about a mailbox."""
    if 400 <= reply.code <= 499:
        return ReplyClass.POLICY if _ABOUT_OUR_ADDRESS.search(reply.text.lower()) else ReplyClass.RATE
    return ReplyClass.POLICY if reply.code >= 500 else ReplyClass.PROTOCOL


def _temporary(reply: Reply, enhanced: tuple[int, int] | None, words: str) -> ReplyClass:
    if _GREYLISTED.search(words):
        return ReplyClass.GREY
    if _ABOUT_OUR_ADDRESS.search(words):
        return ReplyClass.POLICY
    if reply.code == 421 or enhanced == (5, 3) or _TOO_FAST.search(words):
        return ReplyClass.RATE
    if enhanced == (2, 2) or _FULL.search(words):
        return ReplyClass.FULL
    if reply.code == 452 or (enhanced is not None and enhanced[0] == 7):
        return ReplyClass.RATE
    return ReplyClass.GREY  # many a greylist does not say that it is one


def _permanent(reply: Reply, enhanced: tuple[int, int] | None, words: str, host: MailHost) -> ReplyClass:
    if _ABOUT_OUR_ADDRESS.search(words) or (enhanced is not None and enhanced[0] == 7):
        return ReplyClass.POLICY
    if _ABOUT_POLICY.search(words):
        return ReplyClass.POLICY
    meaning = _of_this_host(host, enhanced, words)
    if meaning is not None:
        return meaning
    if enhanced in _BY_SUBJECT:
        return _BY_SUBJECT[enhanced]
    # 554 is what a host says that wants nothing to do with us; its words alone prove nothing.
    if reply.code == 554 or (enhanced is not None and enhanced not in _SAYS_LITTLE):
        return ReplyClass.POLICY
    return _by_words(words)


def _of_this_host(host: MailHost, enhanced: tuple[int, int] | None, words: str) -> ReplyClass | None:
    written = f"5.{enhanced[0]}.{enhanced[1]}" if enhanced else ""
    fitting = (rule for rule in host.means if rule.enhanced in ("", written) and rule.text in words)
    rule = next(fitting, None)
    return ReplyClass(rule.means) if rule else None


def _by_words(words: str) -> ReplyClass:
    if _FULL.search(words):
        return ReplyClass.FULL
    if _DISABLED.search(words):
        return ReplyClass.DISABLED
    return ReplyClass.MAILBOX_UNKNOWN if _NOBODY.search(words) else ReplyClass.POLICY


def _enhanced(reply: Reply) -> tuple[int, int] | None:
    """The last two numbers of the enhanced code, if its first agrees with the reply's code."""
    found = _ENHANCED.search(reply.text)
    if found is None or int(found[1]) != reply.code // 100:
        return None
    return int(found[2]), int(found[3])
