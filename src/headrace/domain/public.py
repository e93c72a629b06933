"""Which addresses are public, that is: may be dialled on a stranger's word.

`ipaddress.is_global` alone is no answer: it calls multicast, site-local addresses and the loopback wrapped
into a transition prefix global.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NOT_PUBLIC_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by a carrier's customers; holds Alibaba's metadata, 100.100.100.200
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's host, seen from inside
        "169.254.0.0/16",  # link-local; holds most clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; holds Oracle's metadata, 192.0.0.192
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # answered by whoever is nearest (AS112)
        "192.52.193.0/24",  # multicast relays
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # answered by whoever is nearest (AS112)
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)

_UNICAST_V6 = IPv6Network("2000::/3")
"""All that has ever been handed out. Outside lie ::1, ::a.b.c.d, 64:ff9b:1::/48, fc00::/7, fe80::/10,
fec0::/10 and ff00::/8."""

_NOT_PUBLIC_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: leads to the IPv4 address inside
        "3fff::/20",  # documentation
    )
)

_NAT64 = IPv6Network("64:ff9b::/96")
"""How a machine that has only IPv6 sees an IPv4 address, which is the last 32 bits."""


def plain(address: Address) -> Address:
    """`::ffff:a.b.c.d` as the IPv4 address that it is; anything else, without its zone, as it is."""
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Address(int(address))


def is_public(address: Address) -> bool:
    """Whether `address` can belong to a stranger's server on the internet, and to nothing nearer."""
    address = plain(address)
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
        return address in _UNICAST_V6 and not _within(address, _NOT_PUBLIC_V6) and address.is_global
    return not _within(address, _NOT_PUBLIC_V4) and address.is_global


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)
