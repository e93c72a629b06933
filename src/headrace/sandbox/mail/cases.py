"""The odd cases: for each a server or some records, under a domain of its own below `lab.example`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from headrace.sandbox.mail import manners
from headrace.sandbox.mail.certificate import bad_context
from headrace.sandbox.mail.mailboxes import ODD, State
from headrace.sandbox.mail.manners import Lookup
from headrace.sandbox.mail.session import Manner, lines
from headrace.sandbox.mail.zones import Zones

MEGABYTE = 1 << 20
BLOCKED = "5.7.1 Service unavailable; Client host [127.0.0.1] blocked using zen.spamhaus.example"
BANNED = "5.7.606 Access denied, banned sending IP [127.0.0.1]. To request removal see https://aka.ms/x"


@dataclass(frozen=True, slots=True)
class Bench:
    """What the servers are built from. `now` is the lab's clock, `grey_seconds` how long strangers wait."""

    lookup: Lookup
    now: Callable[[], float]
    grey_seconds: float


def everything(address: str) -> State:  # noqa: ARG001
    """The truth of a server that accepts every address."""
    return State.OPEN


def servers(bench: Bench) -> dict[str, Manner]:
    """The servers by the name of their case."""
    look = bench.lookup
    return {
        "normal": manners.Plain(look),
        "exim": manners.Plain(look, "exim"),
        "google": manners.Plain(look, "google"),
        "microsoft": manners.Plain(look, "microsoft"),
        "ionos": manners.Plain(look, "ionos"),
        "ovh": manners.Plain(look, "ovh"),
        "catchall": manners.Plain(everything),
        "greylist": manners.Greylist(look, bench.now, bench.grey_seconds),
        "ipblock": manners.Fixed(lines(554, [BLOCKED])),
        "banned": manners.Fixed(lines(550, [BANNED])),
        "policy": manners.Fixed(lines(550, ["5.7.1 Message refused by the recipient's policy"])),
        "shut": manners.Greeting(lines(554, ["5.7.1 Your IP address is on our blocklist"])),
        "busy": manners.Greeting(lines(421, ["4.3.2 Too many connections, try again later"])),
        "nobanner": manners.Greeting(b""),
        "tarpit": manners.Tarpit(look),
        "latetarpit": manners.LateTarpit(look),
        "drop": manners.Dropping(b""),
        "drop421": manners.Dropping(lines(421, ["4.4.2 closing connection"])),
        "multiline": manners.Wordy(look),
        "megabyte": manners.Fixed(b"250 " + b"x" * MEGABYTE + b"\r\n"),
        "megalines": manners.Fixed(b"250-yes\r\n" * (MEGABYTE // 9) + b"250 yes\r\n"),
        "nonsense": manners.Fixed(b"hello there\r\n"),
        "disagreeing": manners.Fixed(b"250-yes\r\n550 no\r\n"),
        "badtls": manners.Encrypting(look, bad_context()),
        "brokentls": manners.BrokenTls(look),
        "utf8": manners.International(look),
        "rate": manners.Fixed(lines(452, ["4.5.3 Too many recipients received this hour"])),
        "once": manners.OnlyOnce(look),
        "nostrangers": manners.NoStrangers(look),
        "oldfashioned": manners.OldFashioned(look),
        "later": manners.Fixed(lines(450, ["4.1.1 user unknown"])),
        "relay": manners.Fixed(lines(554, ["5.7.1 <{address}>: Relay access denied"])),
        "unavailable": manners.Fixed(lines(550, ["Requested action not taken: mailbox unavailable"])),
    }


MX_NAMES = {
    "google": "aspmx.l.google.com",
    "ionos": "mx00.kundenserver.de",
    "ovh": "mx1.mail.ovh.net",
    "microsoft": f"microsoft-{ODD.replace('.', '-')}.mail.protection.outlook.com",
    "banned": f"banned-{ODD.replace('.', '-')}.mail.protection.outlook.com",
}
"""Servers that are known by their names; the others are called `mx.<domain>`."""


def publish(zones: Zones, addresses: Mapping[str, str], nobody: str) -> None:
    """Records for the servers at `addresses`, and for the cases that are records only. At `nobody`, no
    server listens."""
    for case, address in addresses.items():
        mx = MX_NAMES.get(case, f"mx.{case}.{ODD}")
        zones.mail(f"{case}.{ODD}", (10, mx))
        zones.add(mx, "A", address)
    zones.add(f"*.tarpits.{ODD}", "A", addresses["tarpit"])
    _misroutes(zones, nobody)
    _detours(zones, addresses, nobody)


def _misroutes(zones: Zones, nobody: str) -> None:
    """Domains whose mail goes nowhere, or whose name servers fail."""
    zones.add(f"nullmx.{ODD}", "MX", "0 .")
    zones.add(f"nomail.{ODD}", "TXT", '"no mail here"')
    zones.mail(f"lostmx.{ODD}", (10, f"gone.{ODD}"))
    zones.mail(f"refuses.{ODD}", (10, f"mx.refuses.{ODD}"))
    zones.add(f"mx.refuses.{ODD}", "A", nobody)
    zones.mail(f"private.{ODD}", (10, f"mx.private.{ODD}"), (20, f"mx2.private.{ODD}"))
    zones.add(f"mx.private.{ODD}", "A", "10.0.0.1", "192.168.0.1", "169.254.10.10")
    zones.add(f"mx2.private.{ODD}", "AAAA", "fd00::1", "::ffff:10.0.0.1", "fe80::1")
    zones.mail(f"mxloop.{ODD}", (10, f"a.mxloop.{ODD}"))
    zones.add(f"a.mxloop.{ODD}", "CNAME", f"b.mxloop.{ODD}.")
    zones.add(f"b.mxloop.{ODD}", "CNAME", f"a.mxloop.{ODD}.")
    zones.mail(f"deafmx.{ODD}", (10, f"mx.deafmx.{ODD}"))
    faults = {"servfail": "servfail", "refused": "refused", "silent": "silent", "slow": "slow"}
    zones.faults.update({f"{name}.{ODD}": fault for name, fault in faults.items()})
    zones.faults[f"mx.deafmx.{ODD}"] = "servfail"


def _detours(zones: Zones, addresses: Mapping[str, str], nobody: str) -> None:
    """Domains whose mail arrives all the same."""
    normal = f"mx.normal.{ODD}"
    zones.add(f"aonly.{ODD}", "A", addresses["normal"])
    zones.add(f"alias.{ODD}", "CNAME", f"normal.{ODD}.")
    zones.mail(f"xn--mnchen-3ya.{ODD}", (10, normal))
    zones.mail(f"fifty.{ODD}", *((number, f"mx{number:02}.fifty.{ODD}") for number in range(1, 51)))
    zones.add(f"mx01.fifty.{ODD}", "A", nobody)
    for number in range(2, 51):
        zones.add(f"mx{number:02}.fifty.{ODD}", "A", addresses["normal"])
    zones.mail(f"failover.{ODD}", (20, normal), (5, f"mx.busy.{ODD}"), (1, f"mx.refuses.{ODD}"))
    zones.mail(f"halfprivate.{ODD}", (10, f"mx.private.{ODD}"), (20, normal))
    zones.mail(f"filtered.{ODD}", (10, "mx1-us1.ppe-hosted.com"))
    zones.add("mx1-us1.ppe-hosted.com", "A", addresses["catchall"])
    zones.mail(f"yahoo.{ODD}", (1, "mta5.am0.yahoodns.net"))
    zones.add("mta5.am0.yahoodns.net", "A", addresses["catchall"])
    zones.mail(f"consumer.{ODD}", (5, "gmail-smtp-in.l.google.com"))
    zones.add("gmail-smtp-in.l.google.com", "A", addresses["google"])
