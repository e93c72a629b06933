"""Which addresses are dialled. Whoever owns a domain chooses its MX, so a record is no permission."""

from collections.abc import Callable, Sequence
from ipaddress import ip_network

from headrace.domain.public import Address, is_public, plain


def dialable(allow_private: Sequence[str] = ()) -> Callable[[Address], bool]:
    """Public addresses, and those in the networks `allow_private`. Raises `ValueError` for one that is no
    network."""
    networks = tuple(ip_network(text) for text in allow_private)

    def allowed(address: Address) -> bool:
        return is_public(address) or any(plain(address) in network for network in networks)

    return allowed
