"""Where a webhook may go: what its URL may say, and which addresses and ports may be dialled."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from msgspec import Struct
from yarl import URL

from headrace.domain.public import Address, Network, is_public, plain
from headrace.ports import Blocked

NOT_PUBLIC = "points to an address that is not public"

MOST_CHARACTERS = 2048

SERVICES = {
    1433: "SQL Server",
    1521: "Oracle",
    2049: "NFS",
    2181: "ZooKeeper",
    2375: "Docker",
    2376: "Docker",
    2379: "etcd",
    2380: "etcd",
    3306: "MySQL",
    3389: "Remote Desktop",
    4369: "Erlang",
    5432: "PostgreSQL",
    5672: "AMQP",
    5900: "VNC",
    5984: "CouchDB",
    5985: "WinRM",
    5986: "WinRM",
    6000: "X11",
    6379: "Redis",
    6443: "Kubernetes",
    6667: "IRC",
    8086: "InfluxDB",
    8500: "Consul",
    9042: "Cassandra",
    9092: "Kafka",
    9200: "Elasticsearch",
    9300: "Elasticsearch",
    9418: "Git",
    10250: "Kubernetes",
    11211: "Memcached",
    27017: "MongoDB",
    27018: "MongoDB",
    27019: "MongoDB",
}
"""Ports from 1024 on where something else than a webhook's receiver listens, and takes commands."""

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,254}}$)(?:{_LABEL}\.)*{_LABEL}\.?")
_NUMBER = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)\.?")
"""Names that end in a number: `127.1`, `0x7f000001`, `10.0.0.1.`; some systems take them for addresses."""


class Rules(Struct, frozen=True):
    """`private` lists networks that are reachable in spite of not being public, on any port."""

    allow_http: bool
    private: tuple[Network, ...]

    @classmethod
    def of(cls, allow_http: bool, allow_private: Sequence[str]) -> "Rules":
        """Raises `ValueError` for a network that is none."""
        return cls(allow_http, tuple(ip_network(text) for text in allow_private))

    def read(self, url: str) -> URL:
        """`url` as the client will take it, which is the only reading that counts. Raises `Blocked`."""
        parsed = _parsed(url)
        if parsed.scheme not in (("https", "http") if self.allow_http else ("https",)):
            raise Blocked("must start with https://" + (" or http://" if self.allow_http else ""))
        if "@" in re.split("[/?#]", url.partition("//")[2], maxsplit=1)[0]:
            raise Blocked("must not hold a user name or password")
        reason = self._against_host(parsed.raw_host or "", parsed.port or 0)
        if reason:
            raise Blocked(reason)
        return parsed

    def against(self, host: str, port: int) -> str | None:
        """Why the numeric address `host` may not be dialled at `port`, or None if it may."""
        try:
            address = plain(ip_address(host))
        except ValueError:  # a name here would be looked up again after this check
            return NOT_PUBLIC
        if self._is_private(address):
            return None
        return self._against_port(port) if is_public(address) else NOT_PUBLIC

    def _against_host(self, host: str, port: int) -> str | None:
        if "%" in host:
            return "must not hold a zone or an escape in its host"
        if ":" in host or _is_dotted(host):
            return self.against(host, port)
        if not _NAME.fullmatch(host):
            return "must hold a valid host name"
        if _NUMBER.fullmatch(host):
            return "must write an address as four decimal numbers"
        if host.rstrip(".").rpartition(".")[2] == "localhost" and not self._is_private(*_LOOPBACK):
            return NOT_PUBLIC
        # A name may lead to a private network, where every port is open; that is known when it is dialled.
        return None if self.private else self._against_port(port)

    def _against_port(self, port: int) -> str | None:
        if port in SERVICES:
            return f"must not use port {port}, where {SERVICES[port]} listens"
        if port == 443 or port >= 1024 or (port == 80 and self.allow_http):
            return None
        return f"must not use port {port}: use 443 or one from 1024 on"

    def _is_private(self, *addresses: Address) -> bool:
        return any(address in network for network in self.private for address in addresses)


_LOOPBACK = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


def check_url(url: str, *, allow_http: bool, allow_private: Sequence[str]) -> None:
    """What can be said of a webhook's URL without looking its host up. Raises `Blocked`."""
    Rules.of(allow_http, allow_private).read(url)


def _parsed(url: str) -> URL:
    """A URL that every parser reads alike: nothing in it that one strips, swaps or takes for another."""
    if len(url) > MOST_CHARACTERS:
        raise Blocked(f"must not be longer than {MOST_CHARACTERS} characters")
    if not url.isprintable() or " " in url or "\\" in url:
        raise Blocked("must not hold spaces, backslashes or characters that do not print")
    try:
        parsed = URL(url)
        host = parsed.raw_host
    except ValueError as error:
        raise Blocked("must be a valid URL") from error
    if parsed.scheme and not host:
        raise Blocked("must name a host")
    return parsed


def _is_dotted(host: str) -> bool:
    """Whether `host` is an IPv4 address in its one canonical spelling."""
    try:
        return str(IPv4Address(host)) == host
    except ValueError:
        return False
