"""Where a domain's mail goes: its mail hosts, in order, with the addresses that may be dialled.

"No such domain" and "wants no mail" are answers. A name server that fails or is silent is none: then nothing
is known, whatever the domain is.
"""

import asyncio
import random
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.resolver

from headrace.domain.public import Address, is_public
from headrace.mail.evidence import DOMAIN, Evidence, Result
from headrace.mail.keeping import Kept, Turns
from headrace.ports import Clock

MOST_DOMAINS = 10_000
MOST_HOSTS = 8
"""Mail hosts whose addresses are looked up; a domain that names fifty has most of them for show."""

MOST_AT_ONCE = 100
"""Domains looked up at once: name servers drop what comes in a flood, and then all of it comes again."""

LONGEST_KEPT = 3600.0
SHORTEST_KEPT = 5.0
FAILURE_KEPT = 10.0
"""Seconds. A list of a thousand addresses should not wait a thousand times for one dead name server."""


@dataclass(frozen=True, slots=True)
class Server:
    """One mail host and those of its addresses that may be dialled. `backup`: its domain prefers another."""

    name: str
    addresses: tuple[Address, ...]
    backup: bool = False


@dataclass(frozen=True, slots=True)
class Routes:
    """Yes: mail goes to `servers`, best first. No: it cannot be delivered. `exchanges`: all MX names seen."""

    domain: str
    result: Result
    reason: str
    servers: tuple[Server, ...] = ()
    exchanges: tuple[str, ...] = ()

    @property
    def evidence(self) -> Evidence:
        return Evidence(DOMAIN, self.result, self.reason)


@dataclass(frozen=True, slots=True)
class _Host:
    """The addresses of one mail host. `certain`: there are no others; `ttl` in seconds."""

    name: str
    addresses: tuple[Address, ...]
    certain: bool
    ttl: float


class MailRoutes:
    """Looks domains up and remembers them for as long as their records say, within bounds.

    `servers`: name servers as `address:port` (`[address]:port` for IPv6); none: those of the system.
    `timeout`: seconds for everything that one domain needs. `dialable` says which addresses may be dialled.
    """

    def __init__(
        self,
        servers: Sequence[str],
        timeout: float,
        clock: Clock,
        dialable: Callable[[Address], bool] = is_public,
    ) -> None:
        self._resolver = _resolver(servers, timeout)
        self._timeout = timeout
        self._dialable = dialable
        self._kept: Kept[Routes] = Kept(clock, MOST_DOMAINS)
        self._turns = Turns()
        self._free = asyncio.Semaphore(MOST_AT_ONCE)

    async def of(self, domain: str) -> Routes:
        """Never raises for what a name server says or does not say. `domain` may be international."""
        try:
            name = ascii_name(domain)
        except dns.exception.DNSException:
            return Routes(domain, Result.NO, "domain_malformed")
        async with self._turns.of(name):
            kept = self._kept.get(name)
            if kept is None:
                async with self._free:
                    kept, seconds = await self._look_up(name)
                self._kept.put(name, kept, seconds)
        return kept

    async def _look_up(self, name: str) -> tuple[Routes, float]:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._find(name)
        except dns.resolver.NXDOMAIN:
            return Routes(name, Result.NO, "domain_not_found"), FAILURE_KEPT
        except (TimeoutError, dns.exception.Timeout):
            return Routes(name, Result.UNKNOWN, "dns_timeout"), FAILURE_KEPT
        except (dns.exception.DNSException, OSError):
            return Routes(name, Result.UNKNOWN, "dns_failed"), FAILURE_KEPT

    async def _find(self, name: str) -> tuple[Routes, float]:
        answer = await self._resolve(name, "MX")
        seconds = _bounded(answer.chaining_result.minimum_ttl)
        if answer.rrset is None:
            host = await self._host(name, answer.chaining_result.minimum_ttl)
            return self._judged(name, [host], "no_mail_host"), min(seconds, _bounded(host.ttl))
        exchanges = _in_order((mx.preference, mx.exchange) for mx in answer.rrset)
        if not exchanges:
            return Routes(name, Result.NO, "null_mx"), seconds
        asked = dict(list(exchanges.items())[:MOST_HOSTS])
        hosts = await asyncio.gather(*(self._host(exchange) for exchange in asked))
        whole = len(asked) == len(exchanges)
        found = self._judged(name, hosts, "mail_host_without_address", whole, _backups(asked))
        return found, min(seconds, *(_bounded(host.ttl) for host in hosts))

    def _judged(
        self, name: str, hosts: Sequence[_Host], none: str, whole: bool = True, backups: Collection[str] = ()
    ) -> Routes:
        """What the hosts' addresses amount to; `none` is the reason where there is certainly no address."""
        exchanges = tuple(host.name for host in hosts)
        servers = tuple(
            Server(host.name, dialable, host.name in backups)
            for host in hosts
            if (dialable := tuple(filter(self._dialable, host.addresses)))
        )
        if servers:
            return Routes(name, Result.YES, "mail_host_found", servers, exchanges)
        if any(host.addresses for host in hosts):
            return Routes(name, Result.UNKNOWN, "mail_host_not_public", exchanges=exchanges)
        if whole and all(host.certain for host in hosts):
            return Routes(name, Result.NO, none, exchanges=exchanges)
        return Routes(name, Result.UNKNOWN, "dns_failed", exchanges=exchanges)

    async def _host(self, name: str, ttl: float = LONGEST_KEPT) -> _Host:
        # IPv4 first, and IPv6 only without it: mail hosts demand more of those who come by IPv6.
        for kind in ("A", "AAAA"):
            try:
                answer = await self._resolve(name, kind)
            except dns.resolver.NXDOMAIN:
                return _Host(name, (), certain=True, ttl=FAILURE_KEPT)
            except (dns.exception.DNSException, OSError):
                return _Host(name, (), certain=False, ttl=FAILURE_KEPT)
            ttl = min(ttl, answer.chaining_result.minimum_ttl)
            if answer.rrset is not None:
                return _Host(name, tuple(ip_address(item.address) for item in answer.rrset), True, ttl)
        return _Host(name, (), certain=True, ttl=ttl)

    async def _resolve(self, name: str, kind: str) -> dns.resolver.Answer:
        # Asked for as it is, never below the machine's own domain.
        return await self._resolver.resolve(f"{name}.", kind, search=False, raise_on_no_answer=False)


def ascii_name(domain: str) -> str:
    """The domain as it stands in DNS: lower case, A-labels, no final dot. Raises `DNSException`."""
    return dns.name.from_text(domain.lower(), idna_codec=dns.name.IDNA_2008_UTS_46).to_text(True)


def _resolver(servers: Sequence[str], timeout: float) -> dns.asyncresolver.Resolver:
    resolver = dns.asyncresolver.Resolver(configure=not servers)
    if servers:
        resolver.nameservers = [_nameserver(text) for text in servers]
    resolver.lifetime = timeout
    resolver.timeout = timeout / 3  # a lost packet is asked for again, within the whole
    return resolver


def _nameserver(text: str) -> dns.nameserver.Nameserver:
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        host, port = text, "53"
    return dns.nameserver.Do53Nameserver(str(ip_address(host.strip("[]"))), int(port))


def _in_order(records: Iterable[tuple[int, dns.name.Name]]) -> dict[str, int]:
    """Names with their preference, best first, equals shuffled as the standard asks; the null MX names no
    host."""
    hosts = [(preference, name) for preference, name in records if name != dns.name.root]
    random.shuffle(hosts)
    worst_first = sorted(hosts, key=lambda host: host[0], reverse=True)
    preferences = {name.to_text(True).lower(): preference for preference, name in worst_first}
    return dict(sorted(preferences.items(), key=lambda host: host[1]))


def _backups(preferences: Mapping[str, int]) -> frozenset[str]:
    """All but the best: they need not know the mailboxes behind the best."""
    best = min(preferences.values())
    return frozenset(name for name, preference in preferences.items() if preference > best)


def _bounded(ttl: float) -> float:
    return min(max(ttl, SHORTEST_KEPT), LONGEST_KEPT)
