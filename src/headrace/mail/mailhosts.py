"""Who receives a domain's mail, told by the names of its mail hosts, and what is special about them."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec
from msgspec import Struct


class AtOnce(Struct, frozen=True, forbid_unknown_fields=True):
    value: int
    reason: str


class Control(Struct, frozen=True, forbid_unknown_fields=True):
    value: Literal["skip"]
    domains: tuple[str, ...]
    reason: str


class Acceptance(Struct, frozen=True, forbid_unknown_fields=True):
    value: Literal["lazy", "nothing"]
    reason: str


class Meaning(Struct, frozen=True, forbid_unknown_fields=True, rename={"means": "class"}):
    """A permanent refusal with this text (lower case) and enhanced code (empty: any) is of class `means`."""

    text: str
    means: Literal["mailbox_unknown", "disabled", "full"]
    reason: str
    enhanced: str = ""


class MailHost(Struct, frozen=True, forbid_unknown_fields=True):
    """A receiver of mail. `name` is empty for one that is not known."""

    name: str = ""
    suffixes: tuple[str, ...] = ()
    at_once: AtOnce | None = None
    control: Control | None = None
    acceptance: Acceptance | None = None
    means: tuple[Meaning, ...] = ()

    def serves(self, exchange: str) -> bool:
        return any(exchange == suffix or exchange.endswith(f".{suffix}") for suffix in self.suffixes)

    def refuses_strangers(self, domain: str, exchanges: Iterable[str]) -> bool:
        """Whether this is known for sure: the domain is its own, and nobody else receives mail for it."""
        own = self.control is not None and domain in self.control.domains
        return own and all(map(self.serves, exchanges))


UNRECOGNISED = "unrecognised"


@cache
def known() -> Mapping[str, MailHost]:
    """All of `data/mailhosts.toml`, among them what holds for a host that is not known."""
    text = (files("headrace.mail") / "data" / "mailhosts.toml").read_text("utf-8")
    tables = tomllib.loads(text)
    names = {name: "" if name == UNRECOGNISED else name for name in tables}
    return {name: msgspec.convert({"name": names[name], **tables[name]}, MailHost) for name in tables}


def recognise(exchanges: Iterable[str]) -> MailHost:
    """The receiver behind the first name that is known, best MX first."""
    hosts = (host for exchange in exchanges for host in known().values() if host.serves(exchange))
    return next(hosts, known()[UNRECOGNISED])
