"""Whom a record is about, in the spelling that finds it again."""

from collections.abc import Iterable
from itertools import chain

from headrace.domain.identity import Identifier, of_address, of_contact, of_name, of_phone
from headrace.domain.model import Attempt, Contact, Field


class Subject:
    """The person that one enrichment is about. What is looked up at each stop is worked out once."""

    def __init__(self, contact: Contact) -> None:
        self._contact = contact
        asked = of_contact(contact)
        self._names: dict[str | None, Identifier | None] = {}
        for each in asked:
            if each.kind == "name_domain":
                self._names[contact.domain] = each
        self._found: dict[tuple[Field, str], tuple[str, ...]] = {}
        self.of_request = _texts(*asked)
        """The identifiers that the request brings along."""

    def of_found(self, field: Field, value: str) -> tuple[str, ...]:
        """The identifiers in one value that a vendor returned, in any spelling: its own and, as an address
        tells who the employer is, the name there."""
        known = self._found.get((field, value))
        if known is None:
            known = self._found[field, value] = self._in_value(field, value)
        return known

    def of_all(self, attempts: Iterable[Attempt]) -> tuple[str, ...]:
        """The identifiers of the person who was asked for, and of all that vendors returned."""
        found = (self.of_found(line.field, value) for line in attempts for value in line.values)
        return tuple(dict.fromkeys([*self.of_request, *chain.from_iterable(found)]))

    def _in_value(self, field: Field, value: str) -> tuple[str, ...]:
        if field is Field.PHONE:
            countries = self._contact.phone_countries
            return _texts(of_phone(value, countries[0] if len(countries) == 1 else None))
        return _texts(of_address(value), self._name_at(value.rpartition("@")[2]))

    def _name_at(self, host: str) -> Identifier | None:
        if host not in self._names:
            self._names[host] = of_name(self._contact.first_name, self._contact.last_name, host)
        return self._names[host]


def text(identifier: Identifier) -> str:
    """The identifier as it is hashed."""
    return f"{identifier.kind}:{identifier.value}"


def _texts(*identifiers: Identifier | None) -> tuple[str, ...]:
    return tuple(text(each) for each in identifiers if each)
