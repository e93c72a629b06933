"""Many addresses at one mail host: who waits, for how long, and what is said of those who waited in vain."""

import asyncio

import pytest

from headrace.domain.model import Grade, Verdict
from headrace.mail.evidence import Evidence
from headrace.mail.smtp import Patience
from headrace.sandbox.mail.mailboxes import ODD, State
from headrace.sandbox.mail.manners import Plain
from headrace.sandbox.mail.session import Session, Silence
from tests.faults.waiting import pass_time
from tests.mail.setting import HURRIED, PATIENCE, Setting, until

HURRY = 0.3


class SilentAbout(Plain):
    """Keeps everybody waiting who asks about one of `addresses`, or of strangers from the second on."""

    def __init__(self, *addresses: str, strangers: bool = False) -> None:
        super().__init__(lambda address: State.OPEN if address.startswith("ana@") else State.NONE)
        self._addresses = addresses
        self._strangers = 0 if strangers else -1

    def rcpt(self, session: Session, address: str) -> bytes:
        if not address.startswith("ana@") and self._strangers >= 0:
            self._strangers += 1
        if address in self._addresses or self._strangers > 1:
            raise Silence
        return super().rcpt(session, address)


def last(evidence: tuple[Evidence, ...]) -> tuple[str, str, str]:
    return evidence[-1].check, evidence[-1].result.value, evidence[-1].reason


async def test_who_had_no_turn_is_told_so(setting: Setting) -> None:
    prober = setting.prober()
    first = asyncio.create_task(prober.verify(f"ana@latetarpit.{ODD}", 60))
    await until(lambda: setting.lab.book.open_now)
    second = await prober.verify(f"bob@latetarpit.{ODD}", HURRY)
    assert last(second.evidence) == ("mailbox", "unknown", "no_turn_in_time")
    assert second.verdict == Verdict(Grade.UNKNOWN, "no_turn_in_time")
    first.cancel()


async def test_who_had_one_is_told_who_was_slow(setting: Setting) -> None:
    verifying = asyncio.create_task(setting.prober().verify(f"ana@latetarpit.{ODD}", 60))
    await until(lambda: setting.lab.book.open_now)
    pass_time(60)
    assert last((await verifying).evidence) == ("mailbox", "unknown", "out_of_time")


async def test_what_is_begun_is_finished_before_more_is_begun(setting: Setting) -> None:
    domains = [f"customer{number}.{ODD}" for number in range(10)]
    for domain in domains:
        setting.lab.zones.mail(domain, (0, f"mx.normal.{ODD}"))
    prober = setting.prober()
    for domain in domains:
        await prober._routes.of(domain)  # so that all come at once
    told = await asyncio.gather(*(prober.verify(f"ana@{domain}", 60) for domain in domains))
    assert {each.verdict.grade for each in told} == {Grade.DELIVERABLE}
    asked = [session.recipients[0] for session in setting.lab.book.noted]
    done = [
        domain for domain in domains if sum(address.endswith(f"@{domain}") for address in asked[:15]) == 3
    ]
    assert len(done) >= 4


async def test_half_a_comparison_is_not_made_again(setting: Setting) -> None:
    prober, address = setting.prober(), f"ana@normal.{ODD}"
    before = setting.lab.manners["normal"]
    setting.lab.manners["normal"] = SilentAbout(strangers=True)
    given_up = asyncio.create_task(prober.verify(address, 60))
    await until(lambda: len(recipients(setting)) == 3)
    given_up.cancel()
    await until(lambda: not setting.lab.book.open_now)

    setting.lab.manners["normal"] = before
    assert (await prober.verify(address, 60)).verdict.grade is Grade.DELIVERABLE
    _, one, other, *again = recipients(setting)
    assert one != other
    assert again == [address, other]


async def test_half_a_comparison_counts_for_an_hour(setting: Setting) -> None:
    prober, address = setting.prober(), f"ana@normal.{ODD}"
    before = setting.lab.manners["normal"]
    setting.lab.manners["normal"] = SilentAbout(strangers=True)
    given_up = asyncio.create_task(prober.verify(address, 60))
    await until(lambda: len(recipients(setting)) == 3)
    given_up.cancel()
    setting.lab.manners["normal"] = before
    setting.clock.now += 3600
    await prober.verify(address, 60)
    _, one, other, *again = recipients(setting)
    assert again == [address, one, other]


async def test_a_comparison_is_as_old_as_its_first_half(setting: Setting) -> None:
    prober, address, begun = setting.prober(), f"ana@normal.{ODD}", setting.clock.now
    setting.lab.manners["normal"] = SilentAbout(strangers=True)
    given_up = asyncio.create_task(prober.verify(address, 60))
    await until(lambda: len(recipients(setting)) == 3)
    given_up.cancel()
    setting.lab.manners["normal"] = SilentAbout()
    setting.clock.now += 1800
    told = [await prober.verify(address, 60) for _ in range(2)]
    assert [each.evidence[-1].at for each in told] == [None, begun]


def recipients(setting: Setting) -> list[str]:
    return [address for session in setting.lab.book.noted for address in session.recipients]


async def test_without_a_deadline_each_session_has_its_own(setting: Setting) -> None:
    """The first is slow about one mailbox; that is not at the cost of the next."""
    slow, well = f"bob@normal.{ODD}", f"ana@normal.{ODD}"
    setting.lab.manners["normal"] = SilentAbout(slow)
    prober = setting.prober()
    verifying = [asyncio.create_task(prober.verify(address, None)) for address in (slow, well)]
    await until(lambda: recipients(setting) == [slow])
    pass_time(PATIENCE.session)
    told = await asyncio.gather(*verifying)
    assert [each.verdict.reason for each in told] == ["out_of_time", "mailbox_accepted"]


@pytest.mark.parametrize(("case", "reason"), [("tarpit", "reply_timeout"), ("latetarpit", "out_of_time")])
async def test_a_session_has_an_end(setting: Setting, case: str, reason: str) -> None:
    setting.patience = Patience(session=HURRY)
    told = await setting.prober().verify(f"ana@{case}.{ODD}", None)
    assert last(told.evidence) == ("mailbox", "unknown", reason)


async def test_nobody_else_waits_for_a_host_that_is_silent(setting: Setting) -> None:
    setting.patience = HURRIED
    prober = setting.prober()
    told = [(await prober.verify(f"a{number}@tarpit.{ODD}", 60)).verdict.reason for number in range(10)]
    assert told == ["reply_timeout"] * 10
    assert setting.lab.book.sessions == 1
    setting.clock.now += setting.limits.pass_over
    await prober.verify(f"ana@tarpit.{ODD}", 60)
    assert setting.lab.book.sessions == 2


async def test_a_question_with_a_deadline_has_time_to_learn_that_a_host_is_silent(setting: Setting) -> None:
    """The session has no longer than the question: half of it is for the greeting."""
    seconds = 60.0
    setting.patience = Patience(reply=90, session=seconds)
    prober = setting.prober()
    verifying = asyncio.create_task(prober.verify(f"ana@tarpit.{ODD}", seconds))
    await until(lambda: setting.lab.book.open_now)
    pass_time(seconds / 2 + 1)
    assert (await verifying).verdict.reason == "reply_timeout"
    assert (await prober.verify(f"bob@tarpit.{ODD}", seconds)).verdict.reason == "reply_timeout"
    assert setting.lab.book.sessions == 1


async def test_the_next_is_asked_where_the_first_is_silent(setting: Setting) -> None:
    setting.lab.zones.mail(f"several.{ODD}", (1, f"mx.tarpit.{ODD}"), (2, f"mx.exim.{ODD}"))
    verifying = asyncio.create_task(setting.prober().verify(f"ana@several.{ODD}", None))
    await until(lambda: setting.lab.book.open_now)
    pass_time(PATIENCE.session)
    assert (await verifying).verdict.grade is Grade.DELIVERABLE
