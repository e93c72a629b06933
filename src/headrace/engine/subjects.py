"""Whom a record is about, in the spelling that finds it again."""

from collections.abc import Iterable

from headrace.domain.identity import Identifier, of_address, of_contact
from headrace.domain.model import Attempt, Contact, Enrichment, Field


def subjects(enrichment: Enrichment) -> tuple[str, ...]:
    """The identifiers of the person who was asked for, and of all that vendors returned."""
    known = [*of_contact(enrichment.request.contact), *_found(enrichment.attempts)]
    return tuple(dict.fromkeys(map(text, known)))


def of_request(contact: Contact) -> tuple[str, ...]:
    """The identifiers that a request brings along."""
    return tuple(map(text, of_contact(contact)))


def of_value(field: Field, value: str) -> str | None:
    """The identifier of one value that a vendor returned, in our spelling."""
    known = of_address(value) if field.is_address else Identifier("phone", value)
    return text(known) if known else None


def text(identifier: Identifier) -> str:
    """The identifier as it is hashed."""
    return f"{identifier.kind}:{identifier.value}"


def _found(attempts: Iterable[Attempt]) -> Iterable[Identifier]:
    for attempt in attempts:
        for value in attempt.values:
            known = of_address(value) if attempt.field.is_address else Identifier("phone", value)
            if known:
                yield known
