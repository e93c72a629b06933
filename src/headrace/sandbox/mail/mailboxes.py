"""Which mailboxes there are: the world's truth, and a few invented ones for the odd cases."""

from enum import Enum

from headrace.sandbox.names import DISPOSABLE_DOMAINS
from headrace.sandbox.world import World

ODD = "lab.example"
"""Above the domains of the odd cases. At each, `ana` has a mailbox, that of `full` is full, and that of
`disabled` closed; nobody else is there."""


class State(Enum):
    """What becomes of mail for an address."""

    OPEN = "open"
    NONE = "none"
    FULL = "full"
    DISABLED = "disabled"


_ODD = {"ana": State.OPEN, "josé": State.OPEN, "full": State.FULL, "disabled": State.DISABLED}


class Mailboxes:
    """The truth about every address of the lab."""

    def __init__(self, world: World) -> None:
        self._world = world

    def state(self, address: str) -> State:
        """The state of this address's mailbox."""
        local, _, domain = address.rpartition("@")
        if domain == ODD or domain.endswith(f".{ODD}"):
            return _ODD.get(local, State.NONE)
        return State.OPEN if address in self._world.by_email else State.NONE

    def accepted(self, address: str) -> State:
        """The state that the mail host lets be seen: of a domain that accepts everything, no other."""
        domain = address.rpartition("@")[2]
        company = self._world.company_by_domain.get(domain)
        if domain in DISPOSABLE_DOMAINS or (company is not None and company.mail_policy == "catch_all"):
            return State.OPEN
        return self.state(address)
