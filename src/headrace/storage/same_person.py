"""Which records are one person's: those that an identifier leads to, and those that their contents lead to.

One round: whoever is found by an address is also found by the profile, the other addresses, the number and
the name at a company's domain in the records of that address. Profiles and addresses are one person's. A
number can be a switchboard's, an address a role's, a name a namesake's: these lead on only to what says
nothing else, a record with the same name and no other profile, or an answer filed under nothing unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from headrace.domain.identity import full_name
from headrace.domain.model import Contact, Field, Found
from headrace.engine import lasting
from headrace.engine.subjects import Subject
from headrace.finder.lists import Lists
from headrace.record import EnrichmentRecord, decode_record, request_of
from headrace.storage.database import Row, Statement, Steps
from headrace.storage.vault import Vault

_ABOUT = "SELECT record_id FROM subjects WHERE digest = :digest"
_FILED = "SELECT digest FROM subjects WHERE record_id = :record"
_RECORD = "SELECT record FROM enrichments WHERE id = :record AND record IS NOT NULL"
_ANSWER = "SELECT answer FROM answers WHERE id = :record"

_LISTS = Lists()


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a search was for, by its record. `sure`: what nobody else is known by; `likely`: others may be."""

    contact: Contact
    name: str | None
    profile: str | None
    sure: frozenset[str]
    likely: frozenset[str]

    @classmethod
    def of(cls, record: EnrichmentRecord) -> "Person":
        """What vendors said and was not accepted may be a stranger's, so it does not count."""
        contact = request_of(record).contact
        subject = Subject(contact)
        found = [
            each
            for field, line in record.results.items()
            for value in line.values
            for each in subject.of_found(Field(field), value)
        ]
        known = frozenset([*subject.of_request, *found])
        sure = frozenset(filter(_is_sure, known))
        return cls(
            contact,
            full_name(contact.first_name, contact.last_name),
            next((each for each in sure if each.startswith("linkedin:")), None),
            sure,
            frozenset(each for each in known - sure if not _is_anybodys(each)),
        )

    def may_be(self, other: "Person") -> bool:
        """Whether the two have one name, and not two profiles."""
        return self.name is not None and len(_persons([self, other])) == 1


@dataclass(frozen=True, slots=True)
class Theirs:
    """The ids of a person's records, and who they are by those that were found first."""

    records: tuple[str, ...]
    people: tuple[Person, ...]


class SamePerson:
    """Looks for the records of one person, within an operation. `given`: the identifiers that are known."""

    def __init__(self, vault: Vault, given: Sequence[str]) -> None:
        self._vault = vault
        self._given = tuple(given)

    def records(self, before: Sequence[Person] = ()) -> Steps[Theirs]:
        """All that is about the person. `before`: who they were by records that are gone since."""
        direct = yield from self._filed_under(self._given)
        found: list[Person] = []
        for record_id in direct:
            found += self._people((yield Statement(_RECORD, {"record": record_id})))
        people = (*before, *_meant(found, frozenset(self._given)))
        theirs = list(direct)
        for record_id, by in (yield from self._reached(people)).items():
            if record_id not in direct and (yield from self._is_theirs(record_id, by, people)):
                theirs.append(record_id)
        return Theirs(tuple(theirs), people)

    def beside(self) -> Steps[list[str]]:
        """Remembered answers that are filed under the same profile or name as one that told of the person:
        the record of its search can be gone by then. Namesakes' may be among them."""
        direct = yield from self._filed_under(tuple(filter(_is_sure, self._given)))
        digests: dict[bytes, None] = {}
        for record_id in direct:
            for row in (yield Statement(_ANSWER, {"record": record_id})):
                values = _texts(Subject(Contact()), self._vault.read(row[0], _values) or [])
                filed = yield from self._digests(record_id)
                digests.update(dict.fromkeys(filed - self._digested([*self._given, *values])))
        beside: dict[str, None] = {}
        for digest in digests:
            for row in (yield Statement(_ABOUT, {"digest": digest})):
                if (yield Statement(_ANSWER, {"record": row[0]})):
                    beside[row[0]] = None
        return list(beside)

    def _filed_under(self, identifiers: Iterable[str]) -> Steps[dict[str, None]]:
        found: dict[str, None] = {}
        for each in identifiers:
            for row in (yield Statement(_ABOUT, {"digest": self._vault.digest(each)})):
                found[row[0]] = None
        return found

    def _reached(self, people: Sequence[Person]) -> Steps[dict[str, set[str]]]:
        """The ids of what is filed under what is known of them, each with what led to it."""
        reached: dict[str, set[str]] = {}
        for each in dict.fromkeys(each for person in people for each in (*person.sure, *person.likely)):
            for record_id in (yield from self._filed_under([each])):
                reached.setdefault(record_id, set()).add(each)
        return reached

    def _is_theirs(self, record_id: str, by: set[str], people: Sequence[Person]) -> Steps[bool]:
        if rows := (yield Statement(_RECORD, {"record": record_id})):
            for person in self._people(rows):
                likely = bool(by & person.likely) and any(person.may_be(each) for each in people)
                return likely or bool(by & person.sure)
            return any(map(_is_sure, by))
        for row in (yield Statement(_ANSWER, {"record": record_id})):
            if any(map(_is_sure, by)):
                return True
            values = self._vault.read(row[0], _values)
            if values is None:
                return False
            filed = yield from self._digests(record_id)
            return filed <= self._digested(self._explained(values, people))
        return False

    def _people(self, rows: Iterable[Row]) -> list[Person]:
        """What cannot be read leads to nobody else."""
        read = (self._vault.read(row[0], decode_record) for row in rows)
        return [Person.of(record) for record in read if record]

    def _explained(self, values: Sequence[tuple[Field, str]], people: Sequence[Person]) -> set[str]:
        """What an answer with these values can be filed under when it is about the person."""
        known = set(self._given).union(*(person.sure | person.likely for person in people))
        return known.union(*(_texts(Subject(person.contact), values) for person in people))

    def _digests(self, record_id: str) -> Steps[set[bytes]]:
        return {bytes(row[0]) for row in (yield Statement(_FILED, {"record": record_id}))}

    def _digested(self, identifiers: Iterable[str]) -> set[bytes]:
        return {self._vault.digest(each) for each in identifiers}


def values_in(answer: bytes) -> tuple[str, ...]:
    """The values of a remembered answer."""
    return tuple(value for _, value in _values(answer))


def _values(answer: bytes) -> list[tuple[Field, str]]:
    """An answer to a question for one field does not say which."""
    told = lasting.decode(answer).told
    answers = told.values() if isinstance(told, Mapping) else [told]
    values = [value for each in answers if isinstance(each, Found) for value in each.values]
    return [(Field.EMAIL if "@" in value else Field.PHONE, value) for value in values]


def _texts(subject: Subject, values: Iterable[tuple[Field, str]]) -> set[str]:
    return {each for field, value in values for each in subject.of_found(field, value)}


def _meant(found: Sequence[Person], given: frozenset[str]) -> Sequence[Person]:
    """Those whom the identifiers name: not whoever a vendor returned them for, and by a number or a name that
    more than one person answers to, nobody."""
    surely = [person for person in found if person.sure & given]
    meant = [person for person in found if (person.sure | person.likely) & given]
    return meant if len(_persons(meant)) == 1 else surely


def _persons(people: Iterable[Person]) -> set[tuple[str | None, str | None]]:
    """As many as there can be told apart: by their names, and by their profiles where they have any."""
    names, profiles = set(), set()
    for person in people:
        names.add(person.name)
        profiles.add(person.profile)
    return {(name, profile) for name in names for profile in (profiles - {None} or {None})}


def _is_sure(identifier: str) -> bool:
    kind, _, value = identifier.partition(":")
    return kind == "linkedin" or (kind == "email" and not _LISTS.is_role(value.rpartition("@")[0]))


def _is_anybodys(identifier: str) -> bool:
    """Whether it is a name at a host where everybody has a mailbox."""
    kind, _, value = identifier.partition(":")
    return kind == "name_domain" and _LISTS.is_free(value.rpartition(" ")[2])
