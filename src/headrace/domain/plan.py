"""Whom a waterfall can ask, in which order, and what one question is."""

import re
from collections.abc import Mapping

from msgspec import Struct

from headrace.domain.model import VERIFY, Field, Needs

_CHEAPEST_FIRST = tuple(Field)
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9_]")


class Source(Struct, frozen=True):
    """What a waterfall needs to know about a vendor that finds.

    `together`: fields that one call can answer. `one_price`: those of them that come for the price of one,
    so that asking early costs less than asking twice.
    """

    name: str
    needs: Mapping[Field, Needs]
    together: frozenset[Field] = frozenset()
    one_price: bool = False


class Plan(Struct, frozen=True):
    """Who is asked, in which order; the same for every enrichment of a process. `upstreams`: whose answers a
    vendor resells, so that the two are one witness."""

    finders: Mapping[Field, tuple[Source, ...]]
    verifiers: tuple[str, ...] = ()
    upstreams: Mapping[str, str] = {}

    def witness(self, source: str) -> str:
        """Who it is that says so: whatever resells another's answers says the same."""
        name = _NOT_IN_A_NAME.sub("", source.lower())
        return self.upstreams.get(name, name)


class Question(Struct, frozen=True):
    """One call to one vendor: find `fields`, or verify `address` on behalf of the one lane in `fields`.

    `capability`: what it counts as. A call for several fields counts as the dearest of them, as that is what
    a vendor refuses first.
    """

    provider: str
    fields: tuple[Field, ...]
    address: str | None = None

    @property
    def capability(self) -> str:
        if self.address:
            return VERIFY
        return self.fields[0] if len(self.fields) == 1 else max(self.fields, key=_CHEAPEST_FIRST.index)
