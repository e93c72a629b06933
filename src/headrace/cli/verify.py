"""`headrace verify`: addresses judged without any vendor."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from headrace.api.render import verify_answer
from headrace.api.schemas import VerifyAnswer
from headrace.cli.accounts import find
from headrace.cli.options import (
    AsJson,
    CommandError,
    ConfigFile,
    run,
    settings_from,
    show,
    storage_if_any,
    table,
)
from headrace.cli.progress import counting
from headrace.domain.errors import Problem
from headrace.domain.model import Grade, Thresholds, Verdict
from headrace.engine.clock import SystemClock
from headrace.engine.own.verify import Verified
from headrace.storage.opening import Storage
from headrace.wiring import make_own
from headrace.wiring.own import Own

_AT_ONCE = 1_000
"""Addresses under way. Mail hosts and name servers have smaller numbers of their own; this one is for memory
and the database, and so large that the queue for one host hardly keeps another waiting."""


_TRIES, _PAUSE = 10, 1.0
"""How often, and with how many seconds between, it is looked up who must be left alone."""


def verify(
    addresses: Annotated[list[str] | None, typer.Argument(metavar="ADDRESS...", show_default=False)] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="More addresses, one a line.")
    ] = None,
    account: Annotated[
        str | None, typer.Option(metavar="NAME", help="Judge by the thresholds of this account.")
    ] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Judge addresses by syntax, lists, DNS and, where it is switched on, the mail hosts themselves."""
    wanted = [*(addresses or []), *(_lines(file) if file else [])]
    if not wanted:
        raise CommandError("name at least one address, or a --file of them")
    with storage_if_any(config) as storage, counting() as count:
        thresholds = _thresholds(storage, account)
        own = make_own(settings_from(config), storage, SystemClock(), patient=True)
        found = run(lambda: _verify_all(own, wanted, thresholds, count))
    rows = [[each.email, each.verdict, each.reason, each.bounce_probability] for each in found]
    show(
        [msgspec.to_builtins(each) for each in found],
        as_json,
        table(("email", "verdict", "reason", "bounces with probability"), rows),
    )


async def _verify_all(
    own: Own, addresses: list[str], thresholds: Thresholds, count: Callable[[str, int], None]
) -> list[VerifyAnswer]:
    """In the order in which they were given; each time one is done, the count goes up."""
    await own.exchange()
    places, done = asyncio.Semaphore(_AT_ONCE), 0

    async def one(address: str) -> VerifyAnswer:
        nonlocal done
        async with places:
            verified = await _verified(own, address, thresholds)
        done += 1
        count("addresses", done)
        return verify_answer(verified)

    return list(await asyncio.gather(*map(one, addresses)))


async def _verified(own: Own, address: str, thresholds: Thresholds) -> Verified:
    """Who must be left alone has to be looked up; where that fails for long, all others come out the same."""
    for _ in range(_TRIES):
        with suppress(Problem):  # the database has logged it
            return await own.verifier.verify(address, thresholds=thresholds)
        await asyncio.sleep(_PAUSE)
    return Verified(address, Verdict(Grade.UNKNOWN, "storage_unavailable"), None, ())


def _thresholds(storage: Storage | None, account: str | None) -> Thresholds:
    if account is None:
        return Thresholds()
    if storage is None:
        raise CommandError(f"there is no account {account!r}; see `headrace accounts list`")
    return find(storage, account).thresholds


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file}: cannot be read ({type(error).__name__})") from None
    return [line.strip() for line in text.splitlines() if line.strip()]
