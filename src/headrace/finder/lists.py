"""Domains and local parts that tell something by themselves: roles, free mail, disposable addresses."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from headrace.finder.stock import words


@dataclass(frozen=True, slots=True)
class Changes:
    """What an operator adds to a list, and takes from it."""

    add: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Lists:
    """The shipped lists, as changed by the operator. Domains stand for their subdomains too."""

    roles: Changes = Changes()
    free: Changes = Changes()
    disposable: Changes = Changes()

    def is_role(self, local: str) -> bool:
        """Whether a local part stands for a task: `sales`, `support-fr`, `info2`."""
        name = local.lower().partition("+")[0]
        if self._role(name):
            return True
        head, *rest = name.replace("_", "-").replace(".", "-").split("-")
        head = head.rstrip("0123456789")
        # Of two letters many are people's: hr, it and pr count only alone.
        return len(head) > 2 and self._role(head) and all(len(part) < 3 or self._role(part) for part in rest)

    def is_free(self, domain: str) -> bool:
        """Whether anybody can open a mailbox there."""
        return _listed(domain, words("free_mail"), self.free)

    def is_disposable(self, domain: str) -> bool:
        """Whether its mailboxes are thrown away within the hour."""
        return _listed(domain, _disposable(), self.disposable)

    def _role(self, name: str) -> bool:
        return name not in self.roles.remove and (name in words("roles") or name in self.roles.add)


def load(path: Path | None = None) -> Lists:
    """The lists, with the operator's changes from a TOML file of the tables `roles`, `free` and `disposable`,
    each with `add` and `remove`. Raises `ValueError` when it says anything else."""
    if path is None:
        return Lists()
    changes = tomllib.loads(path.read_text("utf-8"))
    unknown = changes.keys() - {"roles", "free", "disposable"}
    if unknown:
        raise ValueError(f"{path.name}: there is no list called {', '.join(sorted(unknown))}")
    return Lists(**{name: _changes(f"{path.name}: {name}", change) for name, change in changes.items()})


def _changes(where: str, change: object) -> Changes:
    if not isinstance(change, Mapping) or change.keys() - {"add", "remove"}:
        raise ValueError(f"{where} takes nothing but add and remove")
    for entries in change.values():
        if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
            raise ValueError(f"{where}: add and remove are lists of strings")
    return Changes(
        **{what: frozenset(entry.lower() for entry in entries) for what, entries in change.items()}
    )


def _listed(domain: str, shipped: frozenset[str], changes: Changes) -> bool:
    """The nearest enclosing domain that the operator or the shipped list names decides."""
    for name in _enclosing(domain.lower().rstrip(".")):
        if name in changes.remove:
            return False
        if name in changes.add or name in shipped:
            return True
    return False


def _enclosing(domain: str) -> Iterator[str]:
    """The domain and those above it, but no top-level domain."""
    while "." in domain:
        yield domain
        domain = domain.partition(".")[2]


@cache
def _disposable() -> frozenset[str]:
    # Imported here: ten thousand names that only a verification needs.
    from disposable_email_domains import blocklist  # noqa: PLC0415

    return frozenset(blocklist)
