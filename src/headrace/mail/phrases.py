"""The words in which mail hosts refuse, sorted by what they are about."""

import re

ENHANCED = re.compile(r"(?:^|\()#?([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])", re.MULTILINE)
"""An enhanced status code, in front of a line or as qmail writes it: `(#5.1.1)`."""

_ADDRESS = re.compile(r"<[^<>]*>|\S+@\S+")


def told(text: str) -> str:
    """The host's own words, in lower case on one line, without codes or addresses that it repeats."""
    return " ".join(_ADDRESS.sub(" ", ENHANCED.sub(" ", text.lower())).split())


def _any_of(*words: str) -> re.Pattern[str]:
    return re.compile(r"(?<![a-z])(?:" + "|".join(words) + r")(?![a-z])")


ABOUT_OUR_ADDRESS = _any_of(
    # lists of bad addresses
    r"spamhaus|spamcop|sorbs|barracudacentral|uceprotect|abusix|cloudmark|senderbase|senderscore",
    r"dnsbls?|rbls?|rhsbls?|(?:black|block)[- ]?list(?:ed|ings?|s)?|reputation|banned",
    r"de-?list(?:ed|ing)?|white-?list(?:ed)?|listed (?:at|by|in|on)",
    # what we are, seen from there
    r"client host|your (?:ip|host|server|mail server|network|domain)|sending ip|ip(?:v[46])? address",
    r"reverse dns|rdns|ptr|dynamic ip|dial-?up|residential",
)
"""Our own address is the trouble, for whatever mailbox we ask about."""

ABOUT_POLICY = _any_of(
    r"blocked|polic(?:y|ies)|prohibit(?:ed|ion)|forbidden|denied by|administrative(?:ly)?|quarantined?",
    r"security|firewall|geographic|country|filter(?:ed|ing)?",
    r"spam|spammers?|spamming|abus(?:e|ive)|bulk|unsolicited|suspicious|virus|malware|phishing",
    r"relay(?! recipient table)|relaying|rcpthosts|not permitted|not allowed|(?:not |un)authori[sz]ed",
    r"authenticat(?:e|ed|ion)|auth required|spf|dkim|dmarc|callout|verif(?:y|ication) failed",
    r"sender|sending|helo|ehlo|hostname|host (?:not found|name)",
    r"resource record|invalid dns|dns (?:lookup|error|failure)|domain (?:not found|does not|has|is|must)",
    r"rate|throttl(?:ed|ing)|too many|(?:daily|hourly|message|connection) limit|try again|temporar(?:y|ily)",
    r"service (?:not available|unavailable|refused)|connection (?:refused|rejected|dropped)",
    r"not accept(?:ing)? (?:mail|messages|connections)",
)
"""A rule of the house is the trouble: nothing was said about the mailbox."""

_ONE = r"(?:user|recipient|mailbox|account|address|local part|inbox)"

NOBODY = _any_of(
    rf"{_ONE}(?: \S+)?(?: is| was)? (?:unknown|not known|not found)",
    rf"(?:unknown|invalid|no such|non-?existent) (?:local )?(?:{_ONE}|person|email)s?",
    r"no (?:mailbox|user|account) (?:here|by that name|with that name|found)",
    rf"{_ONE}(?: \S+){{0,6}}? (?:does not|doesn't|doesnt) exist",
    rf"not a (?:valid|known|local) {_ONE}",
    rf"{_ONE} not (?:listed|local|here|valid)",
    r"benutzer (?:nicht bekannt|unbekannt)|empf.{1,2}nger unbekannt",
    r"utilisateur inconnu|usuario desconocido|destinatario (?:sconosciuto|inesistente)",
)
DISABLED = _any_of(
    rf"{_ONE}(?: \S+){{0,6}}?(?: is| was| been)? (?:disabled|inactive|deactivated|suspended|closed)",
    rf"{_ONE}(?: \S+){{0,6}}? (?:discontinued|expired|no longer (?:active|in use|valid))",
    rf"(?:disabled|inactive|deactivated|suspended|closed) {_ONE}",
)
FULL = _any_of(
    rf"(?:{_ONE}|storage)(?: \S+){{0,4}}?(?: is)? (?:full|over ?quota)",
    r"(?:over|exceed(?:s|ed|ing)?) (?:(?:the|its|storage|allotted|disk|mailbox|user) )*quota",
    r"quota (?:is )?(?:exceeded|full)|out of storage(?: space)?|mailbox size limit|exhausted allowed storage",
)
THEIR_DISK = _any_of(r"disks?|file ?systems?|system storage|server")
SOMEBODYS = _any_of(r"users?|mailbox(?:es)?|accounts?|inbox")
GREYLISTED = _any_of(r"gr[ea]y-?list(?:ed|ing)?|postgrey|come back later")
TOO_FAST = _any_of(r"too many|too fast|rate|throttl(?:ed|ing)|(?:daily|hourly|connection) limit")
