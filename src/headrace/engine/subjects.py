"""Whom a record is about, in the spelling that finds it again."""

from collections.abc import Iterable
from itertools import chain

from headrace.domain.identity import Identifier, of_address, of_contact, of_name, of_phone
from headrace.domain.model import Attempt, Contact, Enrichment, Field


def subjects(enrichment: Enrichment, attempts: Iterable[Attempt] | None = None) -> tuple[str, ...]:
    """The identifiers of the person who was asked for, and of all that vendors returned. `attempts`: those
    that have become known since the end."""
    contact = enrichment.request.contact
    lines = enrichment.attempts if attempts is None else attempts
    found = (of_found(contact, line.field, value) for line in lines for value in line.values)
    return tuple(dict.fromkeys([*of_request(contact), *chain.from_iterable(found)]))


def of_request(contact: Contact) -> tuple[str, ...]:
    """The identifiers that a request brings along."""
    return tuple(map(text, of_contact(contact)))


def of_found(contact: Contact, field: Field, value: str) -> tuple[str, ...]:
    """The identifiers in one value that a vendor returned, in any spelling: its own and, as an address tells
    who the employer is, the name there."""
    if field is Field.PHONE:
        only = contact.phone_countries[0] if len(contact.phone_countries) == 1 else None
        known = [of_phone(value, only)]
    else:
        host = value.rpartition("@")[2]
        known = [of_address(value), of_name(contact.first_name, contact.last_name, host)]
    return tuple(text(each) for each in known if each)


def text(identifier: Identifier) -> str:
    """The identifier as it is hashed."""
    return f"{identifier.kind}:{identifier.value}"
