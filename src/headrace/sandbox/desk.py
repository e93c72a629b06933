"""What a vendor's handler works with during one call: its data, its customer's account, and chance."""

from collections.abc import Hashable
from enum import Enum

from headrace.sandbox import verdicts
from headrace.sandbox.accounts import Account
from headrace.sandbox.chance import roll
from headrace.sandbox.coverage import Holdings, Knowledge
from headrace.sandbox.phones import Phone
from headrace.sandbox.verdicts import Judgement
from headrace.sandbox.world import Company, Person, World


class Pretence(Enum):
    """How a scripted call bends the data: as it is, nobody known, or everybody the documented contact."""

    NONE = "none"
    NOBODY = "nobody"
    DOCUMENTED = "documented"


class Desk:
    """One call's view of one vendor; a pretence bends what it sees."""

    def __init__(
        self,
        vendor: str,
        world: World,
        knowledge: Knowledge,
        holdings: Holdings,
        account: Account,
        pretence: Pretence = Pretence.NONE,
    ) -> None:
        self.vendor = vendor
        self.world = world
        self.account = account
        self.cost = 0.0
        self._vouches = knowledge.vouches
        self._holdings = holdings
        self._pretence = pretence

    def has(self, variant: str) -> bool:
        """Whether this switch of the vendor is on."""
        return variant in self.account.variants

    def roll(self, *question: object) -> float:
        """A number in [0, 1) that this vendor always draws for this question."""
        return roll(self.world.seed, self.vendor, *question)

    @property
    def scripted(self) -> bool:
        """Whether the answer is bent by a scripted fault."""
        return self._pretence is not Pretence.NONE

    def person(
        self, name: str = "", company: Company | None = None, profile: str = "", email: str = ""
    ) -> Person | None:
        """Who is meant: by profile first, then by name at a company, then by an address."""
        if self._pretence is Pretence.NOBODY:
            return None
        if self._pretence is Pretence.DOCUMENTED:
            return self.world.documented
        return (
            (self.world.profiled(profile) if profile else None)
            or (self.world.named(name, company) if name else None)
            or (self.world.by_email.get(email.lower()) if email else None)
        )

    def work_email(self, person: Person | None) -> str | None:
        """The work address this vendor has for somebody."""
        return self._holdings.email.get(person) if person else None

    def personal_email(self, person: Person | None) -> str | None:
        """The personal address this vendor has for somebody."""
        return self._holdings.personal_email.get(person) if person else None

    def phones(self, person: Person | None) -> tuple[Phone, ...]:
        """The numbers this vendor has for somebody."""
        return (self._holdings.phone.get(person) if person else None) or ()

    def standing(self, person: Person, address: str) -> str:
        """What the vendor thinks of a work address it has on file: its last check may be out of date."""
        company = self.world.company_by_domain.get(address.rpartition("@")[2])
        right = address == person.work_email
        if person is self.world.documented:
            return verdicts.VALID
        chance = self.roll("standing", address)
        if company is None or company.mail_policy == "unverifiable":
            return verdicts.UNKNOWN
        if company.mail_policy == "catch_all":
            return verdicts.accept_all_word(right, self._vouches, chance)
        return verdicts.VALID if chance < (0.98 if right else 0.85) else verdicts.UNKNOWN

    def judge(self, address: str) -> Judgement:
        """What the vendor finds out about an address when asked to check it now."""
        if self._pretence is Pretence.NOBODY:
            return Judgement(verdicts.UNKNOWN)
        if self._pretence is Pretence.DOCUMENTED:
            return Judgement(verdicts.VALID)
        return verdicts.judge(self.world, self.vendor, self._vouches, address)

    def need(self, credits: float, pool: str = "credits") -> None:
        """Raise `OutOfCredits` unless the call can be paid."""
        if self._pretence is not Pretence.DOCUMENTED:
            self.account.need(credits, pool)

    def charge(self, credits: float, pool: str = "credits") -> None:
        """Take the price of what was delivered."""
        if self._pretence is not Pretence.DOCUMENTED:
            self.account.charge(credits, pool)
            self.cost += credits

    def knows(self, key: Hashable) -> bool:
        """Whether this was remembered earlier for this customer."""
        return not self.scripted and self.account.knows(key)

    def remember(self, key: Hashable) -> None:
        """Keep a fact about this customer."""
        if not self.scripted:
            self.account.remember(key)
