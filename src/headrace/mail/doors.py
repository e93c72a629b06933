"""Where a domain's mail hosts can be asked, in order. What is heard at one says nothing about the next."""

from dataclasses import dataclass

from headrace.domain.public import Address
from headrace.mail.dns import Routes
from headrace.mail.mailhosts import MailHost, recognise

MOST_DOORS = 3
ADDRESSES_PER_HOST = 2


@dataclass(frozen=True, slots=True)
class Door:
    """One address of the mail host `name`, and who is known to stand behind that name.

    `backup`: the domain prefers another mail host, so this one need not know its mailboxes.
    """

    name: str
    address: Address
    host: MailHost
    backup: bool = False


def doors(routes: Routes) -> list[Door]:
    """Those that are worth trying, best first; at least one where mail can be delivered."""
    found = [
        Door(server.name, address, recognise([server.name]), server.backup)
        for server in routes.servers
        for address in server.addresses[:ADDRESSES_PER_HOST]
    ]
    return found[:MOST_DOORS]
