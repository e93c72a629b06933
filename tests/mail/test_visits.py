"""Which mail host is asked, and when a second one is."""

import pytest

from headrace.mail.progress import Progress
from headrace.mail.replies import Reading
from headrace.sandbox.mail.mailboxes import ODD
from tests.mail.setting import Setting


async def asked(setting: Setting, *cases: str) -> tuple[Reading, list[str]]:
    """What is said of `ana`, and which servers were visited, in order. `nobody` is a host that is down."""
    zones = setting.lab.zones
    names = {"nobody": f"mx.refuses.{ODD}"}
    hosts = [(number, names.get(case, f"mx.{case}.{ODD}")) for number, case in enumerate(cases)]
    zones.mail(f"several.{ODD}", *hosts)
    routes = await setting.routes().of(f"several.{ODD}")
    told = await setting.visits().ask(routes, f"ana@several.{ODD}", Progress())
    return told.reading, [session.server for session in setting.lab.book.noted]


@pytest.mark.parametrize(
    ("cases", "visited", "means"),
    [
        (("normal", "exim"), ["normal"], "accepted"),
        (("nobody", "exim"), ["exim"], "accepted"),
        (("busy", "exim"), ["busy", "exim"], "accepted"),
        (("rate", "exim"), ["rate", "exim"], "accepted"),
        (("greylist", "exim"), ["greylist", "exim"], "accepted"),
        (("policy", "exim"), ["policy"], "policy"),
        (("ipblock", "exim"), ["ipblock"], "policy"),
        (("nonsense", "exim"), ["nonsense"], "protocol"),
        (("drop", "exim"), ["drop"], "network"),
        (("nobody", "nobody", "nobody", "exim"), ["exim"], "accepted"),
        (("busy", "rate", "greylist", "exim"), ["busy", "rate", "greylist"], "rate"),
        (("greylist", "nobody"), ["greylist"], "grey"),
    ],
)
async def test_visits(setting: Setting, cases: tuple[str, ...], visited: list[str], means: str) -> None:
    reading, servers = await asked(setting, *cases)
    assert (servers, reading.means) == (visited, means)


async def test_a_host_that_does_not_want_us_is_left_alone(setting: Setting) -> None:
    routes, visits = await setting.routes().of(f"ipblock.{ODD}"), setting.visits()
    said = [(await visits.ask(routes, f"ana@ipblock.{ODD}", Progress())).reading.reason for _ in range(3)]
    assert said == ["blocked_by_policy", "blocked_earlier", "blocked_earlier"]
    assert setting.lab.book.sessions == 1
    setting.clock.now += setting.limits.stay_away
    assert (await visits.ask(routes, f"ana@ipblock.{ODD}", Progress())).reading.reason == "blocked_by_policy"
    assert setting.lab.book.sessions == 2


async def test_a_rule_against_one_mail_is_not_one_against_us(setting: Setting) -> None:
    routes, visits = await setting.routes().of(f"policy.{ODD}"), setting.visits()
    for _ in range(3):
        await visits.ask(routes, f"ana@policy.{ODD}", Progress())
    assert setting.lab.book.sessions == 3
