"""Accept-all: yes, no, and above all "could not tell"."""

import asyncio

import pytest

from headrace.mail.catchall import CatchAll, Finding, InMemory, invented
from headrace.mail.doors import doors
from headrace.mail.evidence import Evidence, Result
from headrace.mail.mailhosts import known
from headrace.mail.progress import Progress
from headrace.sandbox.mail.mailboxes import ODD, State
from headrace.sandbox.mail.manners import Plain
from tests.mail.setting import HURRIED, Setting, until


async def found(setting: Setting, catch_all: CatchAll, case: str) -> Evidence:
    routes = await setting.routes().of(f"{case}.{ODD}")
    return await catch_all.of(routes, doors(routes)[0], Progress())


@pytest.fixture
def catch_all(setting: Setting) -> CatchAll:
    return CatchAll(setting.visits(), InMemory(setting.clock), setting.clock)


@pytest.mark.parametrize(
    ("case", "result", "reason"),
    [
        ("catchall", Result.YES, "accepts_invented_addresses"),
        ("normal", Result.NO, "refuses_invented_addresses"),
        ("microsoft", Result.NO, "refuses_invented_addresses"),
        ("greylist", Result.UNKNOWN, "greylisted"),
        ("ipblock", Result.UNKNOWN, "blocked_by_policy"),
        ("policy", Result.UNKNOWN, "blocked_by_policy"),
        ("rate", Result.UNKNOWN, "rate_limited"),
        ("drop", Result.UNKNOWN, "connection_lost"),
        ("nobanner", Result.UNKNOWN, "connection_lost"),
        ("refuses", Result.UNKNOWN, "connection_refused"),
        ("consumer", Result.NO, "refuses_invented_addresses"),
    ],
)
async def test_result(setting: Setting, catch_all: CatchAll, case: str, result: Result, reason: str) -> None:
    told = await found(setting, catch_all, case)
    assert (told.result, told.reason, told.at) == (result, reason, None)


async def test_each_invented_address_in_its_own_session(setting: Setting, catch_all: CatchAll) -> None:
    await found(setting, catch_all, "normal")
    locals_asked = [
        [address.partition("@")[0] for address in item.recipients] for item in setting.lab.book.noted
    ]
    assert [len(item) for item in locals_asked] == [1, 1]
    assert len(locals_asked[0][0]) == 16
    assert "." in locals_asked[1][0]


async def test_one_accepted_and_one_refused_tells_nothing(setting: Setting, catch_all: CatchAll) -> None:
    states = iter([State.OPEN, State.NONE])
    setting.lab.manners["normal"] = Plain(lambda address: next(states))
    told = await found(setting, catch_all, "normal")
    assert (told.result, told.reason) == (Result.UNKNOWN, "invented_addresses_differ")


async def test_remembered_with_its_age(setting: Setting, catch_all: CatchAll) -> None:
    first = setting.clock.now
    await found(setting, catch_all, "normal")
    setting.clock.now += 7 * 86_400 - 1
    assert (await found(setting, catch_all, "normal")).at == first
    assert setting.lab.book.sessions == 2
    setting.clock.now += 2
    assert (await found(setting, catch_all, "normal")).at is None
    assert setting.lab.book.sessions == 4


async def test_a_filter_is_asked_again_within_the_hour(setting: Setting, catch_all: CatchAll) -> None:
    await found(setting, catch_all, "filtered")
    setting.clock.now += 3601
    await found(setting, catch_all, "filtered")
    assert setting.lab.book.sessions == 4


async def test_what_could_not_be_told_is_soon_asked_again(setting: Setting, catch_all: CatchAll) -> None:
    await found(setting, catch_all, "greylist")
    await found(setting, catch_all, "greylist")
    assert setting.lab.book.sessions == 1
    setting.clock.now += 601
    await found(setting, catch_all, "greylist")
    assert setting.lab.book.sessions == 2


async def test_other_mail_hosts_are_another_matter(setting: Setting, catch_all: CatchAll) -> None:
    await found(setting, catch_all, "normal")
    setting.lab.zones.mail(f"normal.{ODD}", (10, f"mx.catchall.{ODD}"))
    assert (await found(setting, catch_all, "normal")).result is Result.YES


async def test_many_who_ask_at_once_ask_once(setting: Setting, catch_all: CatchAll) -> None:
    told = await asyncio.gather(*(found(setting, catch_all, "normal") for _ in range(20)))
    assert {item.result for item in told} == {Result.NO}
    assert setting.lab.book.sessions == 2


async def test_who_gives_up_leaves_the_turn_to_the_next(setting: Setting) -> None:
    setting.patience = HURRIED
    catch_all = CatchAll(setting.visits(), InMemory(setting.clock), setting.clock)
    first = asyncio.create_task(found(setting, catch_all, "tarpit"))
    second = asyncio.create_task(found(setting, catch_all, "tarpit"))
    await until(lambda: setting.lab.book.sessions)
    first.cancel()
    assert (await second).reason == "reply_timeout"


async def test_memory_can_be_elsewhere(setting: Setting) -> None:
    class Elsewhere:
        async def get(self, name: str) -> Finding | None:
            return Finding(Result.YES, "accepts_invented_addresses", setting.clock.now - 60)

        async def put(self, name: str, finding: Finding, seconds: float) -> None:
            raise AssertionError

    told = await found(setting, CatchAll(setting.visits(), Elsewhere(), setting.clock), "normal")
    assert (told.result, told.at) == (Result.YES, setting.clock.now - 60)
    assert setting.lab.book.sessions == 0


def test_invented_addresses_stay_the_same_for_a_domain() -> None:
    assert invented("s", "a.example") == invented("s", "a.example")
    assert len({*invented("s", "a.example"), *invented("s", "b.example"), *invented("t", "a.example")}) == 6


def test_consumer_services_are_not_asked_about_invented_addresses() -> None:
    assert {name for name, host in known().items() if host.control} == {"gmail", "outlook_consumer"}
