"""One verification: which checks, in which order, and within which time."""

import asyncio
from collections.abc import Callable

import pytest

from headrace.domain.model import Grade, Verdict
from headrace.mail.evidence import Evidence, Result, grade
from headrace.mail.probe import Prober, Verification
from headrace.sandbox.mail.mailboxes import ODD, State
from headrace.sandbox.mail.manners import Plain
from headrace.sandbox.mail.session import Session, Silence
from tests.faults.waiting import pass_time
from tests.mail.setting import Setting, until


def short(evidence: tuple[Evidence, ...]) -> list[tuple[str, str, str]]:
    return [(item.check, str(item.result), item.reason) for item in evidence]


async def test_all_checks(setting: Setting) -> None:
    verified = await setting.prober().verify(f" Ana@Google.{ODD.upper()} ", 60)
    assert verified.address == f"ana@google.{ODD}"
    assert short(verified.evidence) == [
        ("syntax", "yes", "well_formed"),
        ("domain", "yes", "mail_host_found"),
        ("mail_host", "yes", "google_workspace"),
        ("mailbox", "yes", "mailbox_accepted"),
        ("catch_all", "no", "refuses_invented_addresses"),
    ]


async def test_the_address_itself_is_asked_first_and_alone(setting: Setting) -> None:
    await setting.prober().verify(f"ana@once.{ODD}", 60)
    first, *controls = [session.recipients for session in setting.lab.book.noted]
    assert first == [f"ana@once.{ODD}"]
    assert [len(recipients) for recipients in controls] == [1, 1]


async def test_a_refused_address_needs_no_comparison(setting: Setting) -> None:
    await setting.prober().verify(f"nobody@normal.{ODD}", 60)
    assert setting.lab.book.sessions == 1


async def test_without_probing_nobody_is_asked(setting: Setting) -> None:
    prober = Prober(setting.routes(), setting.clock)
    told = [(await prober.verify(f"ana@{case}.{ODD}", 60)).verdict for case in ("normal", "nullmx")]
    assert told == [Verdict(Grade.UNKNOWN, "probe_off"), Verdict(Grade.INVALID, "null_mx")]
    assert setting.lab.book.sessions == 0


async def test_a_greylist_is_not_waited_for_and_passed_later(setting: Setting) -> None:
    prober, address = setting.prober(), f"ana@greylist.{ODD}"
    grades, waits = [], []
    for tried in range(4):
        verified = await prober.verify(address, 60, tried)
        grades.append((verified.verdict.grade, verified.verdict.reason))
        waits.append((verified.retry_at or setting.clock.now) - setting.clock.now)
        setting.lab.forward(700)
        setting.clock.now += 700
    # The invented addresses are strangers too: each has to come twice.
    assert grades == [
        ("unknown", "greylisted"),
        ("unknown", "catch_all_unknown"),
        ("unknown", "catch_all_unknown"),
        ("deliverable", "mailbox_accepted"),
    ]
    assert waits == [60, 300, 1800, 0]


async def test_nobody_behind_a_greylist(setting: Setting) -> None:
    prober, address = setting.prober(), f"nobody@greylist.{ODD}"
    await prober.verify(address, 60)
    setting.lab.forward(700)
    assert (await prober.verify(address, 60)).verdict.grade is Grade.INVALID


async def out_of_time(setting: Setting, address: str, under_way: Callable[[], object]) -> Verification:
    """What was found when time ran out, which is as soon as this is under way."""
    verifying = asyncio.create_task(setting.prober().verify(address, 10))
    await until(under_way)
    pass_time(10)
    return await verifying


@pytest.mark.parametrize(("case", "check"), [("tarpit", "mailbox"), ("slow", "domain")])
async def test_time_runs_out(setting: Setting, case: str, check: str) -> None:
    lab = setting.lab
    verified = await out_of_time(
        setting,
        f"ana@{case}.{ODD}",
        lambda: lab.book.open_now if check == "mailbox" else lab.names.asked,
    )
    assert short(verified.evidence)[-1] == (check, "unknown", "out_of_time")
    assert verified.verdict == Verdict(Grade.UNKNOWN, "out_of_time")


class SilentToStrangers(Plain):
    def rcpt(self, session: Session, address: str) -> bytes:
        if self._lookup(address) is State.NONE:
            raise Silence
        return super().rcpt(session, address)


async def test_what_is_known_when_time_runs_out_stands(setting: Setting) -> None:
    setting.lab.manners["normal"] = SilentToStrangers(setting.lab.mailboxes.state)
    verified = await out_of_time(setting, f"ana@normal.{ODD}", lambda: setting.lab.book.sessions == 2)
    assert short(verified.evidence)[-2:] == [
        ("mailbox", "yes", "mailbox_accepted"),
        ("catch_all", "unknown", "out_of_time"),
    ]
    assert verified.verdict == Verdict(Grade.UNKNOWN, "catch_all_unknown")


async def test_who_gives_up_hangs_up(setting: Setting) -> None:
    task = asyncio.create_task(setting.prober().verify(f"ana@tarpit.{ODD}", 60))
    await until(lambda: setting.lab.book.open_now)
    task.cancel()
    await until(lambda: not setting.lab.book.open_now)
    assert task.cancelled()


async def test_lists_have_their_say(setting: Setting) -> None:
    def listed(address: str) -> list[Evidence]:
        return [Evidence("role", Result.YES if address.startswith("ana@") else Result.NO, "listed")]

    probing = setting.prober()._probing
    prober = Prober(setting.routes(), setting.clock, probing, listed)
    verdict = (await prober.verify(f"ana@normal.{ODD}", 60)).verdict
    assert verdict == Verdict(Grade.RISKY, "role")


YES, NO, UNKNOWN = Result.YES, Result.NO, Result.UNKNOWN


def items(**found: tuple[Result, str]) -> list[Evidence]:
    return [Evidence(check, *finding) for check, finding in found.items()]


@pytest.mark.parametrize(
    ("evidence", "verdict"),
    [
        (items(), Verdict(Grade.UNKNOWN, "not_asked")),
        (items(domain=(UNKNOWN, "dns_failed")), Verdict(Grade.UNKNOWN, "dns_failed")),
        (items(mailbox=(YES, "a")), Verdict(Grade.UNKNOWN, "catch_all_unknown")),
        (items(mailbox=(YES, "a"), catch_all=(UNKNOWN, "b")), Verdict(Grade.UNKNOWN, "catch_all_unknown")),
        (items(mailbox=(YES, "a"), catch_all=(YES, "b")), Verdict(Grade.RISKY, "catch_all", accept_all=True)),
        (items(mailbox=(YES, "a"), catch_all=(NO, "b")), Verdict(Grade.DELIVERABLE, "a")),
        (items(mailbox=(YES, "mailbox_full")), Verdict(Grade.RISKY, "mailbox_full")),
        (items(mailbox=(NO, "a"), catch_all=(YES, "b")), Verdict(Grade.INVALID, "a")),
        (
            items(mailbox=(YES, "a"), catch_all=(NO, "b"), disposable=(YES, "c")),
            Verdict(Grade.RISKY, "disposable"),
        ),
        (items(mailbox=(UNKNOWN, "a"), role=(YES, "c")), Verdict(Grade.UNKNOWN, "a")),
    ],
)
def test_grade(evidence: list[Evidence], verdict: Verdict) -> None:
    assert grade(evidence) == verdict
