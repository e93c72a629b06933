"""The records of the lab's name server, and the names at which it misbehaves."""

from dataclasses import dataclass, field
from functools import lru_cache

import dns.rrset

TTL = 300
MOST_ALIASES = 8


@dataclass(slots=True)
class Zones:
    """Records by name and type, in lower case without a final dot; `*.name` stands for what is below it.

    `faults`: `servfail`, `refused`, `silent` or `slow`, by name.
    """

    records: dict[tuple[str, str], tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    faults: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, kind: str, *values: str, ttl: int = TTL) -> None:
        """Set the records of one name and type; names in `values` end with a dot."""
        self.records[name, kind] = ttl, values
        self.names.add(name)

    def mail(self, domain: str, *hosts: tuple[int, str]) -> None:
        """Mail hosts with their preferences."""
        self.add(domain, "MX", *(f"{preference} {name}." for preference, name in hosts))

    def exists(self, name: str) -> bool:
        """Whether the name has any record."""
        return name in self.names or _above(name) in self.names

    def chain(self, name: str, kind: str) -> list[dns.rrset.RRset]:
        """The records of that name and type, after the aliases that lead to them."""
        found: list[dns.rrset.RRset] = []
        while len(found) < MOST_ALIASES:
            here = self._at(name, kind)
            if here is not None:
                return [*found, here]
            alias = self._at(name, "CNAME")
            if alias is None:
                return found
            found.append(alias)
            name = alias[0].target.to_text(True).lower()
        return found

    def end_of(self, name: str) -> str:
        """The name that the aliases of `name` lead to."""
        for _ in range(MOST_ALIASES):
            alias = self._at(name, "CNAME")
            if alias is None:
                break
            name = alias[0].target.to_text(True).lower()
        return name

    def _at(self, name: str, kind: str) -> dns.rrset.RRset | None:
        owner = name if name in self.names else _above(name)
        found = self.records.get((owner, kind))
        return _parsed(name, kind, *found) if found else None


@lru_cache(4096)
def _parsed(name: str, kind: str, ttl: int, values: tuple[str, ...]) -> dns.rrset.RRset:
    """Nobody changes it: a server only writes it out."""
    return dns.rrset.from_text_list(f"{name}.", ttl, "IN", kind, values)


def _above(name: str) -> str:
    return f"*.{name.partition('.')[2]}"
