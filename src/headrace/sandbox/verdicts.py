"""What a checker of addresses can find out: the truth of the world, dimmed by how mail servers answer."""

from dataclasses import dataclass

from headrace.sandbox.chance import roll
from headrace.sandbox.names import DISPOSABLE_DOMAINS, PERSONAL_DOMAINS
from headrace.sandbox.world import World

VALID = "valid"
VOUCHED = "vouched"
ACCEPT_ALL = "accept_all"
INVALID = "invalid"
DISPOSABLE = "disposable"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A finding about one address: `vouched` is a confirmed mailbox on a domain that accepts everything."""

    word: str
    accept_all: bool = False
    webmail: bool = False


def judge(world: World, checker: str, vouches: float, address: str) -> Judgement:
    """What this checker says about this address; it says the same every time."""
    address = address.strip().lower()
    person = world.by_email.get(address)
    domain = address.rpartition("@")[2]
    if person is not None and person is world.documented:
        return Judgement(VALID, webmail=address == person.personal_email)
    if domain in DISPOSABLE_DOMAINS:
        return Judgement(DISPOSABLE)
    chance = roll("judge", world.seed, checker, address)
    if domain in PERSONAL_DOMAINS:
        return Judgement(_plain_finding(person is not None, chance), webmail=True)
    company = world.company_by_domain.get(domain)
    if company is None or company.mail_policy == "unverifiable":
        return Judgement(UNKNOWN)
    if company.mail_policy == "catch_all":
        return Judgement(accept_all_word(person is not None, vouches, chance), accept_all=True)
    return Judgement(_plain_finding(person is not None, chance))


def accept_all_word(exists: bool, vouches: float, chance: float) -> str:
    """Whether a checker dares to confirm a mailbox on a domain that accepts everything."""
    return VOUCHED if chance < (vouches if exists else vouches * 0.08) else ACCEPT_ALL


def _plain_finding(exists: bool, chance: float) -> str:
    if chance < 0.015:
        return UNKNOWN
    if chance < 0.02:
        return INVALID if exists else VALID
    return VALID if exists else INVALID
