"""Short words for the tests: vendors, plans, contacts and answers."""

from headrace.domain.model import (
    Attempt,
    Contact,
    Failed,
    Field,
    Found,
    Grade,
    Judged,
    Missing,
    Needs,
    Result,
    Timing,
    Verdict,
)
from headrace.domain.plan import Plan, Question, Source
from headrace.domain.waterfall import Answers, Waterfall

EMAIL, PERSONAL, PHONE = Field.EMAIL, Field.PERSONAL_EMAIL, Field.PHONE

SOMEBODY = Contact(
    first_name="Jane",
    last_name="Doe",
    company_name="Acme",
    domain="acme.example",
    linkedin_url="https://www.linkedin.com/in/jane-doe/",
)
JANE, JD = "jane@acme.example", "j.doe@acme.example"

DELIVERABLE = Verdict(Grade.DELIVERABLE, "valid")
CONFIRMED = Verdict(Grade.CATCH_ALL, "valid_catch_all", accept_all=True)
ACCEPT_ALL = Verdict(Grade.RISKY, "catch_all", accept_all=True)
ROLE = Verdict(Grade.RISKY, "role")
INVALID = Verdict(Grade.INVALID, "no_mailbox")
UNKNOWN = Verdict(Grade.UNKNOWN, "timeout")

MISS = Missing()
DOWN = Failed("server_error")

BY_PROFILE: Needs = (frozenset({"linkedin_url"}),)
BY_NAME: Needs = (frozenset({"name", "domain"}), frozenset({"name", "company_name"}))


def vendor(
    name: str, *, needs: Needs = BY_PROFILE, together: tuple[Field, ...] = (), one_price: bool = False
) -> Source:
    return Source(name, dict.fromkeys(Field, needs), frozenset(together), one_price)


def plan(
    email: str = "",
    personal: str = "",
    phone: str = "",
    *,
    verifiers: str = "",
    special: tuple[Source, ...] = (),
) -> Plan:
    """A plan from names in order; those of `special` are not of the ordinary kind."""
    known = {source.name: source for source in special}

    def sources(names: str) -> tuple[Source, ...]:
        return tuple(known.get(name) or vendor(name) for name in names.split())

    finders = {EMAIL: sources(email), PERSONAL: sources(personal), PHONE: sources(phone)}
    return Plan(finders, tuple(verifiers.split()))


def address(value: str, verdict: Verdict | None = None, upstream: str | None = None) -> Found:
    return Found((value,), verdict, upstream=upstream)


class Game:
    """A waterfall with somebody who answers its questions by hand."""

    def __init__(
        self,
        the_plan: Plan,
        *fields: Field,
        contact: Contact = SOMEBODY,
        accept_risky: bool = False,
    ) -> None:
        self.waterfall = Waterfall(contact, fields or (EMAIL,), the_plan, accept_risky)
        self.out: list[Question] = []
        self.asked: list[Question] = []
        self.ask()

    def ask(self) -> list[Question]:
        """Put what the waterfall wants to know now."""
        new = self.waterfall.questions(0.0)
        self.out += new
        self.asked += new
        return new

    def answer(self, provider: str, outcome: Answers, field: Field | None = None) -> list[Question]:
        """Answer the question that is out with `provider`, and put the next ones."""
        self.late(provider, outcome, field)
        return self.ask()

    def late(self, provider: str, outcome: Answers, field: Field | None = None) -> None:
        """Answer the question that is out with `provider`, and ask nothing."""
        question = next(out for out in self.out if out.provider == provider and field in (None, *out.fields))
        self.out.remove(question)
        self.waterfall.record(question, outcome, Timing(1.0, 2.0))

    def result(self, field: Field = EMAIL) -> Result:
        return self.waterfall.results[field]

    @property
    def over(self) -> bool:
        return not self.waterfall.open_lanes

    @property
    def attempts(self) -> list[Attempt]:
        return self.waterfall.attempts

    @property
    def trace(self) -> list[tuple[str, str, str | None]]:
        """Provider, outcome and reason of every attempt."""
        return [(line.provider, line.outcome, line.reason) for line in self.attempts]

    @property
    def order(self) -> list[str]:
        """Whom was asked, `?` for verifying."""
        return [f"{asked.provider}{'?' if asked.address else ''}" for asked in self.asked]


def judged(verdict: Verdict) -> Judged:
    return Judged(verdict)
