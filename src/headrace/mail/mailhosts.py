"""Who receives a domain's mail, told by the names of its mail hosts, and what is special about them."""

import tomllib
from collections.abc import Iterable
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
    """A receiver of mail. Without a name: one that is not known, and so not special."""

    name: str = ""
    suffixes: tuple[str, ...] = ()
    at_once: AtOnce | None = None
    control: Control | None = None
    acceptance: Acceptance | None = None
    means: tuple[Meaning, ...] = ()

    def serves(self, exchange: str) -> bool:
        return any(exchange == suffix or exchange.endswith(f".{suffix}") for suffix in self.suffixes)


ANY = MailHost()


@cache
def known() -> tuple[MailHost, ...]:
    """All of `data/mailhosts.toml`."""
    text = (files("headrace.mail") / "data" / "mailhosts.toml").read_text("utf-8")
    tables = tomllib.loads(text).items()
    return tuple(msgspec.convert({"name": name, **table}, MailHost) for name, table in tables)


def recognise(exchanges: Iterable[str]) -> MailHost:
    """The receiver behind the first name that is known, best MX first; `ANY` when none is."""
    hosts = (host for exchange in exchanges for host in known() if host.serves(exchange))
    return next(hosts, ANY)
