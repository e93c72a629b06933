"""Refusals that are about the sender, as mail hosts word them, put together at random.

The words are after what the hosts' help pages and bounce collections show. Some go out of their way to sound
as if the mailbox were missing.
"""

from random import Random

from headrace.mail.replies import Reply

_LISTS = (
    "zen.spamhaus.org", "sbl-xbl.spamhaus.org", "bl.spamcop.net", "b.barracudacentral.org", "dnsbl.sorbs.net",
    "ix.dnsbl.manitu.net", "dnsbl-1.uceprotect.net", "combined.mail.abusix.zone", "cloudmark CSI",
)  # fmt: skip
_CODES = (
    "5.7.1 ",
    "5.7.0 ",
    "5.7.26 ",
    "5.7.509 ",
    "5.7.606 ",
    "5.7.708 ",
    "5.7.133 ",
    "5.7.25 ",
    "(#5.7.1) ",
)
_NAMELESS = ("5.1.1 ", "5.1.0 ", "5.2.1 ", "5.0.0 ", "5.3.0 ", "5.5.0 ", "5.4.1 ", "")
"""Codes under which hosts have put policy too, or none at all: the words must do."""

_SOFT = ("4.7.0 ", "4.7.1 ", "4.7.28 ", "4.7.650 ", "4.3.2 ", "4.2.0 ", "4.5.3 ", "4.1.1 ", "4.4.2 ", "")

_ABOUT_US = (
    "Service unavailable; Client host [{ip}] blocked using {list}",
    "Client host [{ip}] blocked using {list}; https://www.{list}/query/ip/{ip}",
    "<{to}>: Recipient address rejected: {ip} is listed by {list}",
    "Access denied, banned sending IP [{ip}]. To request removal from this list visit the delist portal",
    "Mail from IP {ip} was rejected due to listing in {list}. User unknown to our whitelist",
    "Unfortunately, messages from [{ip}] weren't sent. Part of their network is on our block list (S3140)",
    "Our system has detected an unusual rate of unsolicited mail originating from your IP address",
    "The IP address {ip} has been blacklisted; no such recipient will be served",
    "Rejected: {ip} has a poor reputation, see https://senderscore.example",
    "Your host {host} does not exist in reverse DNS",
    "Client host rejected: cannot find your hostname, [{ip}]",
    "Recipient {to} does not exist for you: your IP {ip} is banned",
    "Connections from dynamic IP space are refused. Mailbox unavailable for {ip}",
    "Refused. Your reverse DNS entry contains your IP address and a country code",
    "no PTR record for {ip}; address unknown",
)
_ABOUT_RULES = (
    "Message refused by the recipient's policy",
    "<{to}>: Relay access denied",
    "relaying to <{to}> prohibited by administrator",
    "sorry, that domain isn't in my list of allowed rcpthosts",
    "Sender address rejected: Domain not found",
    "<{sender}>: Sender address rejected: User unknown in local recipient table",
    "Sender verify failed: no such user {sender}",
    "Could not complete sender verify callout for <{sender}>: mailbox does not exist",
    "Helo command rejected: Host not found",
    "<{host}>: Helo command rejected: need fully-qualified hostname; account disabled",
    "Blocked by content filter: recipient unknown",
    "This message was classified as SPAM and may not be delivered",
    "Transaction failed: message looks like spam; user not found in address book",
    "Requested action not taken: mailbox unavailable. invalid DNS MX or A/AAAA resource record",
    "SPF check failed for {host}: user unknown",
    "Unauthenticated email from {host} is not accepted due to domain's DMARC policy",
    "Rejected for policy reasons. Unknown user or unauthorized sender",
    "Not authorized to send to this recipient; recipient not found in your list",
    "Permission: sending to invalid recipient limit, authentication required",
    "Suspicious activity: too many unknown users from this session",
    "Too many invalid recipients, connection dropped: user unknown",
    "Recipient unknown or rejected by spam policy",
    "Mail from your country is blocked",
    "Access from ip address {ip} blocked. user disabled",
    "Connection refused by security settings: account not found",
    "Service not available, closing transmission channel",
    "we do not accept mail from dial-up hosts: no such account",
    "Firewall rule 7: mailbox is disabled for external senders",
)
_LATER = (
    "Greylisted, please come back later",
    "Recipient address rejected: Greylisting in action",
    "Temporarily deferred due to user complaints - {ip}",
    "Server busy. Please try again later from [{ip}]",
    "Temporary lookup failure: user unknown?",
    "too many connections from {ip}, slow down",
    "Internal resources are temporarily unavailable - please try again later",
    "The recipient cannot be verified. Please check all recipients of this message; verification failed",
    "Rate limited: account {to} does not exist in our cache yet",
)


def policy_reply(draw: Random) -> Reply:
    """One refusal, in one line or several, in any case."""
    kind = draw.choice(("us", "us", "rules", "rules", "soft"))
    if kind == "soft":
        code, enhanced = draw.choice((421, 450, 451, 452)), draw.choice(_SOFT)
        text = draw.choice(_LATER + _ABOUT_US + _ABOUT_RULES)
    else:
        code = draw.choice((550, 550, 550, 551, 552, 553, 554, 521, 571))
        enhanced = draw.choice(_CODES + _NAMELESS)
        text = draw.choice(_ABOUT_US if kind == "us" else _ABOUT_RULES)
    return Reply(code, _dressed(draw, enhanced + _filled(draw, text), enhanced))


def _filled(draw: Random, text: str) -> str:
    ip = ".".join(str(draw.randrange(1, 255)) for _ in range(4))
    host = f"mail{draw.randrange(99)}.example.org"
    to, sender = f"user{draw.randrange(999)}@corp.example", f"check@probe{draw.randrange(9)}.example"
    return text.format(ip=ip, host=host, to=to, sender=sender, list=draw.choice(_LISTS))


def _dressed(draw: Random, text: str, enhanced: str) -> str:
    if draw.random() < 0.3:
        text += draw.choice((f" [{draw.randrange(16**8):x}]", ". See https://help.example/smtp", " - gsmtp"))
    if draw.random() < 0.2:
        words = text.split(" ")
        at = draw.randrange(1, len(words) + 1)
        text = " ".join(words[:at]) + f"\n{enhanced}" + " ".join(words[at:])
    return draw.choice((str, str, str, str.upper, str.lower))(text)
