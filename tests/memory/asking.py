"""Accounts that remember, and what an answer tells of where it came from."""

import itertools
import sqlite3
from contextlib import closing
from typing import Any

from tests.stack import ENRICH, Reply, Stack

EXPAND = f"{ENRICH}?expand=attempts"
HOUR = 3600.0
_numbers = itertools.count()


async def account(stack: Stack, max_age: float = HOUR, miss_max_age: float = 60, **settings: Any) -> str:
    """The key of a new account; with consent unless `settings` say otherwise."""
    consents = settings.pop("consents", True)
    return await stack.open_account(
        f"account {next(_numbers)}", consents=consents, max_age=max_age, miss_max_age=miss_max_age, **settings
    )


async def ask(stack: Stack, key: str, *kinds: str, **who: Any) -> Reply:
    """Enrich the documented contact, or whom `who` says, and expand the trace."""
    reply = await stack.enrich(*(kinds or ("email",)), key=key, path=EXPAND, **who)
    assert reply.status == 200, reply.text
    return reply


def change(stack: Stack, sql: str, *parameters: object) -> None:
    """Change the database file from outside."""
    with closing(sqlite3.connect(stack.headrace.settings.database_path, isolation_level=None)) as db:
        db.execute(sql, parameters)


def age(stack: Stack, seconds: float) -> None:
    """Let all that is remembered be older by so much."""
    change(stack, "UPDATE answers SET obtained_at = obtained_at - ?", seconds)


def trace(reply: Reply) -> list[tuple[str, str, str]]:
    """Of every attempt: who, with which outcome, and how the answer came."""
    return [(each["provider"], each["outcome"], _how(each)) for each in reply.json["attempts"]]


def answer(reply: Reply) -> dict[str, Any]:
    """What was found, without what is each answer's own."""
    own = ("enrichment_id", "attempts")
    return {name: value for name, value in reply.json.items() if name not in own}


def charged(reply: Reply) -> float:
    return float(reply.headers["X-Headrace-Credits-Charged"])


def _how(attempt: dict[str, Any]) -> str:
    labels = [name for name in ("shared", "reused") if name in attempt]
    if not labels:
        return "asked"
    (label,) = labels
    assert (attempt[label], attempt["vendor_cost"]) == (True, 0)
    return label
