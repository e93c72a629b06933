"""Making accounts and changing their terms."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from headrace.domain.errors import Problem
from headrace.domain.model import REHEARSAL_ACCOUNT, Account
from headrace.operate.model import NameTaken, NewKey, Settings
from headrace.operate.ports import Store

LONGEST_NAME = 200
"""Characters."""

LONGEST_AGE = 10 * 365 * 86_400
"""Seconds: ten years."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an account begins with. `credits` are milli-credits."""

    name: str
    settings: Settings = field(default_factory=Settings)
    credits: int = 0
    consents: bool = False


async def create(store: Store, new: NewAccount, actor: str) -> tuple[Account, NewKey]:
    """An account and its first key. Raises `Problem`: `bad_request`, `name_taken`."""
    if new.credits < 0:
        raise Problem("bad_request", detail="credits must not be negative")
    if new.name == REHEARSAL_ACCOUNT:
        raise Problem("bad_request", detail=f"name must not be {REHEARSAL_ACCOUNT!r}: it is for rehearsals")
    return await make(store, new, actor)


async def make(store: Store, new: NewAccount, actor: str) -> tuple[Account, NewKey]:
    """The same for the account of rehearsals too."""
    _check_name(new.name)
    key = store.accounts.new_key()
    try:
        account = await store.accounts.create(
            new.name, new.settings, credits=new.credits, consented=new.consents, key=key, actor=actor
        )
    except NameTaken:
        raise Problem("name_taken") from None
    return account, key


def changed(settings: Settings, **given: Any) -> Settings:
    """`settings` with those that are given; `None` leaves one as it is. Raises `Problem(bad_request)`."""
    if given.get("phone_countries") is not None:
        given["phone_countries"] = countries(given["phone_countries"])
    for name in ("max_age", "miss_max_age"):
        if given.get(name) is not None and not 0 <= given[name] <= LONGEST_AGE:
            raise Problem("bad_request", detail=f"{name} must be 0 to {LONGEST_AGE} seconds")
    wanted = replace(settings, **{name: value for name, value in given.items() if value is not None})
    _check_thresholds(wanted)
    return wanted


def _check_thresholds(settings: Settings) -> None:
    for name in ("deliverable", "catch_all", "invalid"):
        if not 0 <= getattr(settings, name) <= 1:
            raise Problem("bad_request", detail=f"{name} must be a probability from 0 to 1")
    if not settings.invalid < settings.catch_all <= settings.deliverable:
        raise Problem(
            "bad_request",
            detail="deliverable, catch_all, invalid: must fall, such as 0.9, 0.8, 0.2; they would be "
            f"{settings.deliverable:g}, {settings.catch_all:g}, {settings.invalid:g}",
        )


def countries(codes: Iterable[str]) -> tuple[str, ...]:
    """Country codes in one spelling. Raises `Problem(bad_request)`."""
    from headrace.domain import phones  # noqa: PLC0415

    known: dict[str, None] = {}
    for given in codes:
        code = phones.country(given)
        if code is None:
            raise Problem(
                "bad_request", detail=f"phone_countries: {given[:20]!r} is not a two-letter country code"
            )
        known[code] = None
    return tuple(known)


def _check_name(name: str) -> None:
    if not name.strip():
        raise Problem("bad_request", detail="an account needs a name")
    if name != name.strip() or len(name) > LONGEST_NAME or _CONTROL.search(name):
        raise Problem(
            "bad_request",
            detail=f"name must have at most {LONGEST_NAME} characters, none for control, no spaces around it",
        )
