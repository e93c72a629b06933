"""The seeded world: who exists, where they work and how they can truly be reached."""

import random
from dataclasses import dataclass, field
from itertools import product

from headrace.sandbox import names, phones
from headrace.sandbox.addresses import AddressBook
from headrace.sandbox.phones import Phone
from headrace.sandbox.spelling import company_key, domain_key, name_key, plain, profile_key

SEED = 7
"""Of the world that everybody sees who does not ask for another one."""

COMPANIES = 200
PEOPLE = 2000
CATCH_ALL = COMPANIES // 4
UNVERIFIABLE = COMPANIES // 20


@dataclass(frozen=True, slots=True)
class Company:
    """An employer and how its mail server behaves: `normal`, `catch_all` or `unverifiable`."""

    name: str
    domain: str
    mail_policy: str
    country: str
    city: str
    industry: str
    size: str
    founded: int
    mail_host: str
    slug: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, with everything that is true about them."""

    index: int
    first_name: str
    last_name: str
    slug: str
    company: Company
    job_title: str
    country: str
    work_email: str | None
    personal_email: str | None
    phones: tuple[Phone, ...]

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"

    @property
    def linkedin_url(self) -> str:
        """The canonical profile address."""
        return f"https://www.linkedin.com/in/{self.slug}/"


@dataclass(slots=True)
class World:
    """Everyone, and the indexes that find them."""

    seed: int
    companies: list[Company]
    people: list[Person]
    documented: Person
    by_name: dict[tuple[str, str], Person] = field(default_factory=dict)
    by_profile: dict[str, Person] = field(default_factory=dict)
    by_email: dict[str, Person] = field(default_factory=dict)
    company_by_domain: dict[str, Company] = field(default_factory=dict)
    company_by_name: dict[str, Company] = field(default_factory=dict)
    company_by_profile: dict[str, Company] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for company in self.companies:
            self.company_by_domain[company.domain] = company
            self.company_by_name[company_key(company.name)] = company
            self.company_by_profile[company.slug] = company
        for person in self.people:
            self.by_profile[person.slug] = person
            for written_out in (False, True):
                self.by_name.setdefault(
                    (name_key(person.full_name, written_out), person.company.domain), person
                )
            for address in (person.work_email, person.personal_email):
                if address:
                    self.by_email[address] = person

    def company(self, domain: str = "", name: str = "", profile: str = "") -> Company | None:
        """The company that the given spelling of its domain, name or profile belongs to."""
        return (
            (self.company_by_domain.get(domain_key(domain)) if domain else None)
            or (self.company_by_name.get(company_key(name)) if name else None)
            or (self.company_by_profile.get(profile_key(profile)) if profile else None)
        )

    def named(self, name: str, company: Company | None) -> Person | None:
        """The person of that name at that company."""
        if company is None:
            return None
        keys = (name_key(name, written_out) for written_out in (False, True))
        return next((found for key in keys if (found := self.by_name.get((key, company.domain)))), None)

    def profiled(self, address: str) -> Person | None:
        """The person whose profile address, in any spelling, this is."""
        return self.by_profile.get(profile_key(address))


def build(seed: int) -> World:
    """The world that belongs to a seed."""
    rng = random.Random(f"headrace-world-{seed}")
    pronto = Company(
        "Pronto",
        "prontohq.com",
        "normal",
        "FR",
        "Paris",
        "Software Development",
        "11-50",
        2021,
        "google",
        "prontohq",
    )
    companies = [pronto, *_invent_companies(rng)]
    documented = Person(
        0, "Mathieu", "Brun-Picard", "mathieu-brun-picard", pronto, "Founder", "FR",
        "mathieu@prontohq.com", "mathieu.bp@gmail.com", (Phone("+33612345678", "FR"),),
    )  # fmt: skip
    maker = _PeopleMaker(rng, documented)
    return World(seed, companies, [documented, *maker.staff(companies[1:])], documented)


def _invent_companies(rng: random.Random) -> list[Company]:
    policies = ["catch_all"] * CATCH_ALL + ["unverifiable"] * UNVERIFIABLE
    policies += ["normal"] * (COMPANIES - 1 - len(policies))
    rng.shuffle(policies)
    pairs = rng.sample(list(product(names.COMPANY_HEADS, names.COMPANY_TAILS)), COMPANIES - 1)
    countries = rng.choices(*zip(*names.COUNTRY_WEIGHTS.items(), strict=True), k=COMPANIES - 1)
    return [
        _invent_company(rng, head, tail, country, policy)
        for (head, tail), country, policy in zip(pairs, countries, policies, strict=True)
    ]


def _invent_company(rng: random.Random, head: str, tail: str, country: str, policy: str) -> Company:
    slug = f"{plain(head)}-{plain(tail)}"
    legal_form = f" {names.LEGAL_FORMS[country]}" if rng.random() < 0.4 else ""
    host = slug if rng.random() < 0.3 else slug.replace("-", "")
    return Company(
        name=f"{head} {tail}{legal_form}",
        domain=f"{host}.{'test' if rng.random() < 0.15 else 'example'}",
        mail_policy=policy,
        country=country,
        city=rng.choice(names.CITIES[country]),
        industry=rng.choice(names.INDUSTRIES),
        size=rng.choice(names.SIZES),
        founded=rng.randint(1960, 2023),
        mail_host=rng.choice(names.MAIL_HOSTS),
        slug=slug,
    )


class _PeopleMaker:
    """Invents the staff of companies, keeping every name, slug, address and number distinct."""

    def __init__(self, rng: random.Random, documented: Person) -> None:
        self.rng = rng
        self.count = 1
        self.slugs = {documented.slug}
        self.numbers = {phone.e164 for phone in documented.phones}
        self.personal_addresses: set[str] = set()

    def staff(self, companies: list[Company]) -> list[Person]:
        """Everybody at these companies: a few each, the rest as chance has it."""
        weights = [self.rng.lognormvariate(0, 0.7) for _ in companies]
        extra = self.rng.choices(companies, weights, k=PEOPLE - 1 - 3 * len(companies))
        sizes = {company.domain: 3 for company in companies}
        for company in extra:
            sizes[company.domain] += 1
        return [person for company in companies for person in self._employees(company, sizes[company.domain])]

    def _employees(self, company: Company, size: int) -> list[Person]:
        book = AddressBook(self.rng, company.domain)
        taken: set[str] = set()
        staff: list[Person] = []
        while len(staff) < size:
            culture, first, last = self._name(company.country)
            if (key := name_key(first + last)) not in taken:
                taken.add(key)
                staff.append(self._person(company, book, culture, first, last))
        return staff

    def _name(self, country: str) -> tuple[str, str, str]:
        rng = self.rng
        culture = names.CULTURE_OF[country]
        if rng.random() < 0.25:
            culture = rng.choice(tuple(names.FIRST_NAMES))
        last = rng.choice(names.LAST_NAMES[culture])
        if culture == "es" and rng.random() < 0.7:
            last += " " + rng.choice(names.LAST_NAMES[culture])
        return culture, rng.choice(names.FIRST_NAMES[culture]), last

    def _person(self, company: Company, book: AddressBook, culture: str, first: str, last: str) -> Person:
        rng = self.rng
        country = company.country if rng.random() < 0.85 else rng.choice(tuple(names.COUNTRY_WEIGHTS))
        person = Person(
            index=self.count,
            first_name=first,
            last_name=last,
            slug=self._slug(first, last),
            company=company,
            job_title=rng.choice(names.JOB_TITLES),
            country=country,
            work_email=book.assign(first, last, culture) if rng.random() < 0.96 else None,
            personal_email=self._personal_address(first, last) if rng.random() < 0.6 else None,
            phones=self._phones(country),
        )
        self.count += 1
        return person

    def _slug(self, first: str, last: str) -> str:
        words = plain(f"{first} {last}").replace("'", "").replace(".", "").split()
        base = slug = "-".join(words)
        while slug in self.slugs or (slug == base and self.rng.random() < 0.3):
            slug = f"{base}-{self.rng.randrange(16**7):07x}"
        self.slugs.add(slug)
        return slug

    def _personal_address(self, first: str, last: str) -> str:
        base = f"{name_key(first)}.{name_key(last)}" if self.rng.random() < 0.6 else name_key(first + last)
        domain = self.rng.choice(names.PERSONAL_DOMAINS)
        address = f"{base}@{domain}"
        while address in self.personal_addresses:
            address = f"{base}{self.rng.randint(2, 999)}@{domain}"
        self.personal_addresses.add(address)
        return address

    def _phones(self, country: str) -> tuple[Phone, ...]:
        amount = self.rng.choices((0, 1, 2, 3), (35, 43, 16, 6))[0]
        found: list[Phone] = []
        while len(found) < amount:
            home = country if not found or self.rng.random() < 0.8 else self.rng.choice(tuple(names.CITIES))
            phone = phones.invent(self.rng, home)
            if phone.e164 not in self.numbers:
                self.numbers.add(phone.e164)
                found.append(phone)
        return tuple(found)
