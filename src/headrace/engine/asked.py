"""One question to one vendor, so that it is known again."""

from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct

from headrace.domain.model import Contact, Field, Found
from headrace.domain.plan import Question
from headrace.engine.converse import Told
from headrace.engine.local import Local
from headrace.engine.subjects import Subject
from headrace.engine.vendor import Vendor

_encode = msgspec.json.Encoder().encode


Key = tuple[str | tuple[str, ...] | None, ...]


class Asked(Struct, frozen=True):
    """A question about `contact`, and who is asked. `vendor.base_url` counts: a rehearsal's answers are
    another's."""

    vendor: Vendor | Local
    question: Question
    contact: Contact

    @property
    def key(self) -> Key:
        """Equal for questions that the vendor cannot tell apart. Holds personal data."""
        question, vendor = self.question, self.vendor
        if question.address:
            return vendor.name, vendor.base_url, question.address
        return vendor.name, vendor.base_url, *self._traits()

    @property
    def spelling(self) -> str:
        """The same as text."""
        return spelling_of(self.key)

    def subjects(self, told: Told) -> tuple[str, ...]:
        """The identifiers of whom the answer is about."""
        subject = Subject(self.contact)
        values = (each for field, value in self._values(told) for each in subject.of_found(field, value))
        return tuple(dict.fromkeys([*subject.of_request, *values]))

    def _traits(self) -> Key:
        contact, fields = self.contact, self.question.fields
        return (
            tuple(sorted(fields)) if len(fields) > 1 else fields,
            contact.first_name,
            contact.last_name,
            contact.company_name,
            contact.domain,
            contact.linkedin_url,
            tuple(sorted(contact.phone_countries)) if Field.PHONE in fields else (),
        )

    def _values(self, told: Told) -> Iterable[tuple[Field, str]]:
        if self.question.address:
            yield self.question.fields[0], self.question.address
        answers = told if isinstance(told, Mapping) else {self.question.fields[0]: told}
        for field, answer in answers.items():
            if isinstance(answer, Found):
                for value in answer.values:
                    yield field, value


def spelling_of(key: Key) -> str:
    """Equal for equal keys, and for no others."""
    return _encode(key).decode()
