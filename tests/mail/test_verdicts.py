"""The verdict matrix: every kind of mail host and name server there is, over real sockets."""

import pytest

from headrace.mail.wire import Verb
from headrace.sandbox.mail.mailboxes import ODD
from tests.mail.setting import HURRIED, Setting

FOUND, LOST = "mailbox_accepted", "mailbox_not_found"

ANSWERING = [
    ("ana", "normal", "deliverable", FOUND),
    ("nobody", "normal", "invalid", LOST),
    ("full", "normal", "risky", "mailbox_full"),
    ("disabled", "normal", "invalid", "mailbox_disabled"),
    ("ana", "exim", "deliverable", FOUND),
    ("nobody", "exim", "invalid", LOST),
    ("full", "exim", "risky", "mailbox_full"),
    ("disabled", "exim", "invalid", "mailbox_disabled"),
    ("ana", "google", "deliverable", FOUND),
    ("nobody", "google", "invalid", LOST),
    ("full", "google", "risky", "mailbox_full"),
    ("disabled", "google", "invalid", "mailbox_disabled"),
    ("ana", "microsoft", "deliverable", FOUND),
    ("nobody", "microsoft", "invalid", LOST),
    ("full", "microsoft", "risky", "mailbox_full"),
    ("ana", "banned", "unknown", "blocked_by_policy"),
    ("ana", "ionos", "deliverable", FOUND),
    ("nobody", "ionos", "invalid", LOST),
    ("nobody", "ovh", "invalid", LOST),
    ("ana", "catchall", "risky", "catch_all"),
    ("nobody", "catchall", "risky", "catch_all"),
    ("ana", "greylist", "unknown", "greylisted"),
    ("nobody", "greylist", "unknown", "greylisted"),
    ("ana", "ipblock", "unknown", "blocked_by_policy"),
    ("ana", "policy", "unknown", "blocked_by_policy"),
    ("ana", "shut", "unknown", "blocked_by_policy"),
    ("ana", "relay", "unknown", "blocked_by_policy"),
    ("ana", "nostrangers", "unknown", "blocked_by_policy"),
    ("ana", "unavailable", "unknown", "blocked_by_policy"),
    ("ana", "busy", "unknown", "rate_limited"),
    ("ana", "rate", "unknown", "rate_limited"),
    ("ana", "later", "unknown", "greylisted"),
    ("ana", "nobanner", "unknown", "connection_lost"),
    ("ana", "drop", "unknown", "connection_lost"),
    ("ana", "drop421", "unknown", "rate_limited"),
    ("ana", "multiline", "deliverable", FOUND),
    ("nobody", "multiline", "invalid", LOST),
    ("ana", "megabyte", "unknown", "reply_too_long"),
    ("ana", "megalines", "unknown", "reply_too_long"),
    ("ana", "nonsense", "unknown", "reply_malformed"),
    ("ana", "disagreeing", "unknown", "reply_malformed"),
    ("ana", "badtls", "deliverable", FOUND),
    ("nobody", "badtls", "invalid", LOST),
    ("ana", "brokentls", "deliverable", FOUND),
    ("josé", "utf8", "deliverable", FOUND),
    ("josé", "normal", "unknown", "smtputf8_not_offered"),
    ("ana", "once", "deliverable", FOUND),
    ("ana", "oldfashioned", "deliverable", FOUND),
    ("ana", "nullmx", "invalid", "null_mx"),
    ("ana", "nomail", "invalid", "no_mail_host"),
    ("ana", "lostmx", "invalid", "mail_host_without_address"),
    ("ana", "nowhere", "invalid", "domain_not_found"),
    ("ana", "servfail", "unknown", "dns_failed"),
    ("ana", "refused", "unknown", "dns_failed"),
    ("ana", "deafmx", "unknown", "dns_failed"),
    ("ana", "mxloop", "unknown", "dns_failed"),
    ("ana", "private", "unknown", "mail_host_not_public"),
    ("ana", "refuses", "unknown", "connection_refused"),
    ("ana", "aonly", "deliverable", FOUND),
    ("ana", "alias", "deliverable", FOUND),
    ("ana", "münchen", "deliverable", FOUND),
    ("ana", "fifty", "deliverable", FOUND),
    ("ana", "failover", "deliverable", FOUND),
    ("nobody", "failover", "invalid", LOST),
    ("ana", "halfprivate", "deliverable", FOUND),
    ("ana", "filtered", "risky", "catch_all"),
    ("ana", "yahoo", "unknown", "host_accepts_anything"),
    ("ana", "consumer", "deliverable", FOUND),
    ("nobody", "consumer", "invalid", LOST),
]

TARPITS = [("ana", "tarpit"), ("ana", "latetarpit")]
NAMELESS = [("ana", "silent"), ("ana", "slow")]


@pytest.mark.parametrize(("local", "case", "grade", "reason"), ANSWERING)
async def test_verdict(setting: Setting, local: str, case: str, grade: str, reason: str) -> None:
    verified = await setting.prober().verify(f"{local}@{case}.{ODD}", 60)
    assert (verified.verdict.grade, verified.verdict.reason) == (grade, reason)
    assert set(setting.lab.book.commands) <= set(Verb)


@pytest.mark.parametrize(("local", "case"), TARPITS)
async def test_a_mail_host_that_never_answers(setting: Setting, local: str, case: str) -> None:
    setting.patience = HURRIED
    verified = await setting.prober().verify(f"{local}@{case}.{ODD}", 60)
    assert (verified.verdict.grade, verified.verdict.reason) == ("unknown", "reply_timeout")


@pytest.mark.parametrize(("local", "case"), NAMELESS)
async def test_a_name_server_that_never_answers(setting: Setting, local: str, case: str) -> None:
    setting.dns_timeout = 0.5
    verified = await setting.prober().verify(f"{local}@{case}.{ODD}", 60)
    assert (verified.verdict.grade, verified.verdict.reason) == ("unknown", "dns_timeout")


@pytest.mark.parametrize(
    "text", ["", "ana", "ana@", "@normal.lab.example", "a b@normal.lab.example", "ana@lab"]
)
async def test_malformed(setting: Setting, text: str) -> None:
    verified = await setting.prober().verify(text, 60)
    assert (verified.verdict.grade, verified.verdict.reason) == ("invalid", "malformed")
    assert not setting.lab.names.asked


async def test_the_world_is_told_right(setting: Setting) -> None:
    expected = {
        "normal": ("deliverable", "invalid"),
        "catch_all": ("risky", "risky"),
        "unverifiable": ("unknown", "unknown"),
    }
    prober = setting.prober()
    for company in setting.lab.world.companies[::4]:
        someone = next(
            person.work_email
            for person in setting.lab.world.people
            if person.company is company and person.work_email
        )
        grades = [
            (await prober.verify(address, 60)).verdict.grade
            for address in (someone, f"nobody.at.all@{company.domain}")
        ]
        assert tuple(grades) == expected[company.mail_policy], company
    assert setting.lab.book.commands["DATA"] == 0
