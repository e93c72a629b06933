"""Which mail hosts are left alone, why, and for how long."""

import pytest

from headrace.mail.mailhosts import recognise
from headrace.mail.pauses import OfProcess, Pause
from headrace.mail.probe import Prober, Verification
from headrace.mail.progress import Progress
from headrace.mail.replies import Heard, Reading, Reply, Stage, read
from headrace.mail.visits import Visits
from headrace.sandbox.mail import manners
from headrace.sandbox.mail.mailboxes import ODD
from headrace.sandbox.mail.session import Session, lines
from tests.mail.setting import ManualClock, Setting

EARLY = [Stage.GREETING, Stage.HELLO, Stage.MAIL]
T_ONLINE = (
    "IP=203.0.113.9 - A problem occurred. (Ask your postmaster for help or to contact tosa@rx.example.)"
)


def heard(code: int, text: str, stage: Stage = Stage.RCPT) -> Reading:
    return read(Heard(stage, Reply(code, text)), recognise(()))


@pytest.mark.parametrize("stage", EARLY)
@pytest.mark.parametrize(
    ("code", "text"),
    [
        (554, T_ONLINE),
        (554, "mx.example.net ESMTP"),
        (554, "No SMTP service here"),
        (550, "5.7.1 Access denied"),
        (553, "5.1.8 Domain of sender address does not exist"),
        (521, ""),
    ],
)
def test_who_refuses_before_the_recipient_refuses_us(stage: Stage, code: int, text: str) -> None:
    assert heard(code, text, stage).blocks_us


def test_who_wants_tls_first_does_not_refuse_us() -> None:
    assert not heard(530, "5.7.0 Must issue a STARTTLS command first", Stage.MAIL).blocks_us


class Insisting(manners.BrokenTls):
    """Will have nothing in the clear."""

    def mail(self, session: Session) -> bytes:
        return super().mail(session) if session.encrypted else lines(550, ["5.7.1 Encryption required"])


async def test_a_handshake_that_breaks_at_a_host_that_insists_on_it_is_no_refusal(setting: Setting) -> None:
    setting.lab.manners["brokentls"] = Insisting(setting.lab.mailboxes.state)
    prober = setting.prober()
    for _ in range(2):
        told = await prober.verify(f"ana@brokentls.{ODD}", 60)
        assert told.verdict.reason == "tls_failed"
    assert setting.lab.book.sessions == 4, "asked again, each time in TLS and in the clear"


@pytest.mark.parametrize("stage", EARLY)
def test_who_puts_us_off_before_the_recipient_has_had_enough(stage: Stage) -> None:
    reading = heard(421, "4.3.2 Too many connections, try again later", stage)
    assert (reading.blocks_us, reading.tires_of_us) == (False, True)


@pytest.mark.parametrize(
    ("code", "text", "tires"),
    [
        (421, "4.4.2 closing connection", True),
        (452, "4.5.3 Too many recipients received this hour", True),
        (450, "4.7.1 Rate limited", True),
        (450, "4.2.1 The user you are trying to contact is receiving mail at a rate that", False),
        (452, "4.3.1 Insufficient system storage", False),
        (451, "4.7.1 Greylisted, come back later", False),
        (250, "OK", False),
    ],
)
def test_who_puts_off_mail_for_a_mailbox_has_not_always_had_enough_of_us(
    code: int, text: str, tires: bool
) -> None:
    assert heard(code, text).tires_of_us == tires


def said(verified: Verification) -> tuple[str, str]:
    return verified.verdict.grade.value, verified.verdict.reason


async def reasons(prober: Prober, domains: list[str]) -> list[str]:
    return [(await prober.verify(f"ana@{domain}", 60)).verdict.reason for domain in domains]


def tenants(setting: Setting, case: str, suffix: str, different: bool = False) -> list[str]:
    """Thirty domains with a name each at the server of `case`; `different`: all but the first elsewhere."""
    domains = [f"tenant{number}.{ODD}" for number in range(30)]
    for number, domain in enumerate(domains):
        there = "normal" if different and number else case
        name = f"tenant{number}.{suffix}"
        setting.lab.zones.mail(domain, (0, name))
        setting.lab.zones.add(name, "A", setting.lab.addresses[there])
    return domains


@pytest.mark.parametrize("different", [False, True])
async def test_a_receiver_that_is_known_is_left_alone_under_all_its_names(
    setting: Setting, different: bool
) -> None:
    domains = tenants(setting, "banned", "mail.protection.outlook.com", different)
    told = await reasons(setting.prober(), domains)
    assert told == ["blocked_by_policy", *["blocked_earlier"] * 29]
    assert setting.lab.book.sessions == 1


async def test_a_machine_is_left_alone_under_all_its_names(setting: Setting) -> None:
    told = await reasons(setting.prober(), tenants(setting, "shut", ODD))
    assert told == ["blocked_by_policy", *["blocked_earlier"] * 29]
    assert setting.lab.book.sessions == 1


async def test_a_host_that_is_not_known_answers_for_itself_alone(setting: Setting) -> None:
    told = await reasons(setting.prober(), tenants(setting, "shut", ODD, different=True))
    assert told == ["blocked_by_policy", *["mailbox_accepted"] * 29]


async def test_who_greets_us_with_a_refusal_is_left_alone_whatever_its_words(setting: Setting) -> None:
    setting.lab.manners["shut"] = manners.Greeting(lines(554, [T_ONLINE]))
    told = await reasons(setting.prober(), [f"shut.{ODD}"] * 3)
    assert told == ["blocked_by_policy", "blocked_earlier", "blocked_earlier"]
    assert setting.lab.book.sessions == 1


async def test_too_many_connections_are_not_followed_by_more(setting: Setting) -> None:
    """Nor by one to the next name of the same machine."""
    domain = f"several.{ODD}"
    setting.lab.zones.mail(domain, *((number, f"mx{number}.{domain}") for number in (1, 2, 3)))
    for number in (1, 2, 3):
        setting.lab.zones.add(f"mx{number}.{domain}", "A", setting.lab.addresses["busy"])
    prober = setting.prober()
    told = [await prober.verify(f"a{number}@{domain}", 60) for number in range(40)]
    assert [each.verdict.reason for each in told] == ["rate_limited", *["busy_earlier"] * 39]
    assert {each.retry_at for each in told} == {setting.clock.now + setting.limits.hold_back}
    assert setting.lab.book.sessions == 1
    setting.clock.now += setting.limits.hold_back
    assert said(await prober.verify(f"ana@{domain}", 60)) == ("unknown", "rate_limited")
    assert setting.lab.book.sessions == 2


async def test_while_the_first_has_had_enough_another_machine_is_asked(setting: Setting) -> None:
    setting.lab.zones.mail(f"several.{ODD}", (1, f"mx.busy.{ODD}"), (2, f"mx.exim.{ODD}"))
    prober = setting.prober()
    for _ in range(2):
        assert said(await prober.verify(f"ana@several.{ODD}", 60)) == ("deliverable", "mailbox_accepted")
    assert [each.server for each in setting.lab.book.noted] == ["busy", *["exim"] * 4]


async def test_who_does_not_want_us_is_not_got_round(setting: Setting) -> None:
    setting.lab.zones.mail(f"several.{ODD}", (1, f"mx.ipblock.{ODD}"), (2, f"mx.exim.{ODD}"))
    prober = setting.prober()
    told = [said(await prober.verify(f"ana@several.{ODD}", 60)) for _ in range(2)]
    assert told == [("unknown", "blocked_by_policy"), ("unknown", "blocked_earlier")]
    assert setting.lab.book.sessions == 1


async def test_a_pause_holds_for_whoever_shares_what_is_kept(setting: Setting) -> None:
    kept = OfProcess(setting.clock)

    def visits() -> Visits:
        return Visits(setting.dialogue(), setting.pace(kept))

    routes = await setting.routes().of(f"ipblock.{ODD}")
    told = [(await visits().ask(routes, f"ana@ipblock.{ODD}", Progress())).reading.reason for _ in range(2)]
    assert told == ["blocked_by_policy", "blocked_earlier"]


async def test_a_longer_pause_stands() -> None:
    clock = ManualClock()
    pauses = OfProcess(clock)
    long, short = Pause("long", clock.now + 60), Pause("short", clock.now + 30)
    await pauses.begin(("a", "b"), long)
    await pauses.begin(("b", "c"), short)
    assert [await pauses.of(names) for names in (("b", "c"), ("c", "c"), ("d", "d"))] == [long, short, None]
    clock.now += 60
    assert await pauses.of(("a", "b")) is None
