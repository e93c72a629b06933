"""Domains with several mail hosts: what one of them says is not what another would have said."""

import pytest

from headrace.mail.evidence import Evidence
from headrace.mail.probe import Prober, Verification
from headrace.sandbox.mail import MailLab
from headrace.sandbox.mail.mailboxes import ODD, State
from headrace.sandbox.mail.manners import Plain
from headrace.sandbox.mail.session import Manner
from tests.mail.setting import Setting

DAY = 86_400.0
BACKED = f"backed.{ODD}"
NOBODY, ANA = f"no.such.person@{BACKED}", f"ana@{BACKED}"


@pytest.fixture
def prober(setting: Setting) -> Prober:
    """Asks about a domain whose first mail host knows its mailboxes and whose second takes everything."""
    setting.lab.zones.mail(BACKED, (10, f"mx.normal.{ODD}"), (20, f"mx.catchall.{ODD}"))
    return setting.prober()


def busy(lab: MailLab) -> Manner:
    """Lets the first mail host send everybody on; returns how it was before."""
    before = lab.manners["normal"]
    lab.manners["normal"] = lab.manners["rate"]
    return before


def said(verified: Verification) -> tuple[str, str]:
    return verified.verdict.grade.value, verified.verdict.reason


def checks(verified: Verification) -> list[tuple[str, str, str]]:
    found: list[Evidence] = [each for each in verified.evidence if each.check in ("mailbox", "catch_all")]
    return [(each.check, each.result.value, each.reason) for each in found]


async def test_what_was_learnt_at_the_first_does_not_vouch_for_the_second(
    setting: Setting, prober: Prober
) -> None:
    assert said(await prober.verify(ANA, 60)) == ("deliverable", "mailbox_accepted")
    busy(setting.lab)
    for address in (NOBODY, ANA):
        verified = await prober.verify(address, 60)
        assert said(verified) == ("unknown", "backup_accepts_anything")
        assert checks(verified) == [("mailbox", "unknown", "backup_accepts_anything")]
        assert verified.retry_at == setting.clock.now + 60


async def test_what_was_learnt_at_the_second_does_not_speak_against_the_first(
    setting: Setting, prober: Prober
) -> None:
    before = busy(setting.lab)
    assert said(await prober.verify(ANA, 60)) == ("unknown", "backup_accepts_anything")
    setting.lab.manners["normal"] = before
    setting.clock.now += 6 * DAY
    assert said(await prober.verify(ANA, 60)) == ("deliverable", "mailbox_accepted")
    assert said(await prober.verify(NOBODY, 60)) == ("invalid", "mailbox_not_found")


async def test_invented_addresses_are_asked_about_where_the_address_was(
    setting: Setting, prober: Prober
) -> None:
    busy(setting.lab)
    await prober.verify(ANA, 60)
    assert [session.server for session in setting.lab.book.noted] == ["normal", *["catchall"] * 3]


async def test_a_backup_that_refuses_strangers_is_believed(setting: Setting) -> None:
    setting.lab.zones.mail(BACKED, (10, f"mx.rate.{ODD}"), (20, f"mx.exim.{ODD}"))
    prober = setting.prober()
    assert said(await prober.verify(ANA, 60)) == ("deliverable", "mailbox_accepted")
    assert said(await prober.verify(NOBODY, 60)) == ("invalid", "mailbox_not_found")


async def test_equals_are_no_backups(setting: Setting) -> None:
    setting.lab.zones.mail(BACKED, (10, f"mx.refuses.{ODD}"), (10, f"mx.catchall.{ODD}"))
    assert said(await setting.prober().verify(ANA, 60)) == ("risky", "catch_all")


@pytest.mark.parametrize("better", [f"mx.private.{ODD}", f"gone.{ODD}", f"mx.refuses.{ODD}"])
async def test_a_backup_remains_one_where_the_first_cannot_be_asked(setting: Setting, better: str) -> None:
    setting.lab.zones.mail(BACKED, (10, better), (20, f"mx.catchall.{ODD}"))
    assert said(await setting.prober().verify(ANA, 60)) == ("unknown", "backup_accepts_anything")


async def test_a_name_in_two_places_counts_where_it_is_better(setting: Setting) -> None:
    setting.lab.zones.mail(BACKED, (20, f"mx.catchall.{ODD}"), (10, f"mx.catchall.{ODD}"))
    assert said(await setting.prober().verify(ANA, 60)) == ("risky", "catch_all")


async def test_a_consumer_service_as_the_second_says_nothing_about_the_first(setting: Setting) -> None:
    setting.lab.zones.mail(BACKED, (5, f"mx.catchall.{ODD}"), (10, "gmail-smtp-in.l.google.com"))
    assert said(await setting.prober().verify(NOBODY, 60)) == ("risky", "catch_all")


async def test_who_answers_decides_how_an_acceptance_is_read(setting: Setting) -> None:
    setting.lab.zones.mail(BACKED, (5, f"mx.normal.{ODD}"), (10, "mta5.am0.yahoodns.net"))
    assert said(await setting.prober().verify(ANA, 60)) == ("deliverable", "mailbox_accepted")


@pytest.mark.parametrize(
    ("domain", "exchanges", "reason", "sessions"),
    [
        ("gmail.com", ("gmail-smtp-in.l.google.com",), "consumer_service", 1),
        (f"consumer.{ODD}", ("gmail-smtp-in.l.google.com",), "refuses_invented_addresses", 3),
        (
            "gmail.com",
            ("gmail-smtp-in.l.google.com", f"mx.normal.{ODD}"),
            "refuses_invented_addresses",
            3,
        ),
    ],
)
async def test_only_a_consumer_services_own_domains_are_known_for_sure(
    setting: Setting, domain: str, exchanges: tuple[str, ...], reason: str, sessions: int
) -> None:
    setting.lab.zones.mail(domain, *enumerate(exchanges))
    setting.lab.manners["google"] = Plain(
        lambda address: State.OPEN if address.startswith("ana@") else State.NONE
    )
    found = await setting.prober().verify(f"ana@{domain}", 60)
    assert checks(found)[-1] == ("catch_all", "no", reason)
    assert setting.lab.book.sessions == sessions
