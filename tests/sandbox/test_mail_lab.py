"""The mail lab by itself, as any mail program would meet it."""

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator

import dns.asyncresolver
import dns.nameserver
import dns.resolver
import pytest
import pytest_asyncio

from headrace.sandbox.mail import MailLab
from headrace.sandbox.mail.mailboxes import ODD, State
from headrace.sandbox.world import World, build


@pytest.fixture(scope="module")
def people() -> World:
    return build(7)


@pytest_asyncio.fixture
async def lab(people: World) -> AsyncIterator[MailLab]:
    async with MailLab(people) as started:
        yield started


def resolver(lab: MailLab) -> dns.asyncresolver.Resolver:
    made = dns.asyncresolver.Resolver(configure=False)
    made.nameservers = [dns.nameserver.Do53Nameserver("127.0.0.1", lab.dns_port)]
    return made


async def speak(lab: MailLab, case: str, *commands: str) -> list[int]:
    """The codes of the greeting and of each reply."""

    def talk() -> list[int]:
        with smtplib.SMTP(timeout=10) as client:
            codes = [client.connect(lab.addresses[case], lab.smtp_port)[0]]
            return codes + [client.docmd(command)[0] for command in commands]

    return await asyncio.to_thread(talk)


async def test_a_dialogue(lab: MailLab) -> None:
    said = [
        "EHLO a.example",
        "MAIL FROM:<a@b.example>",
        f"RCPT TO:<ana@normal.{ODD}>",
        f"RCPT TO:<eve@normal.{ODD}>",
    ]
    assert await speak(lab, "normal", *said) == [220, 250, 250, 250, 550]
    assert (lab.book.sessions, lab.book.commands["RCPT"]) == (1, 2)
    lab.reset()
    assert (lab.book.sessions, lab.book.commands) == (0, {})


async def test_data_is_counted_and_refused(lab: MailLab) -> None:
    assert await speak(lab, "normal", "DATA", "VRFY root", "NONSENSE") == [220, 502, 502, 502]
    assert (lab.book.commands["DATA"], lab.book.commands["VRFY"]) == (1, 1)


async def test_recipients_need_a_sender(lab: MailLab) -> None:
    assert await speak(lab, "normal", "EHLO a", f"RCPT TO:<ana@normal.{ODD}>") == [220, 250, 503]


async def test_a_greylist_lets_them_in_later(lab: MailLab) -> None:
    said = ["EHLO a", "MAIL FROM:<a@b.example>", f"RCPT TO:<ana@greylist.{ODD}>"]
    assert (await speak(lab, "greylist", *said))[-1] == 451
    assert (await speak(lab, "greylist", *said))[-1] == 451
    lab.forward(181)
    assert (await speak(lab, "greylist", *said))[-1] == 250
    said[1] = "MAIL FROM:<other@b.example>"
    assert (await speak(lab, "greylist", *said))[-1] == 451


async def test_the_bad_certificate_is_really_bad(lab: MailLab) -> None:
    def encrypt() -> None:
        with smtplib.SMTP(lab.addresses["badtls"], lab.smtp_port, timeout=10) as client:
            client.starttls(context=ssl.create_default_context())

    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.to_thread(encrypt)


@pytest.mark.parametrize("tcp", [False, True])
async def test_records(lab: MailLab, tcp: bool) -> None:
    found = await resolver(lab).resolve(f"normal.{ODD}.", "MX", tcp=tcp)
    assert [item.to_text() for item in found] == [f"10 mx.normal.{ODD}."]


async def test_many_records_do_not_fit_into_a_datagram(lab: MailLab) -> None:
    assert len(await resolver(lab).resolve(f"fifty.{ODD}.", "MX")) == 50
    assert lab.names.over_tcp == 1


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("nowhere.example.", dns.resolver.NXDOMAIN),
        (f"nomail.{ODD}.", dns.resolver.NoAnswer),
        (f"servfail.{ODD}.", dns.resolver.NoNameservers),
    ],
)
async def test_names_that_have_no_answer(lab: MailLab, name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await resolver(lab).resolve(name, "MX", lifetime=30)


@pytest.mark.parametrize("case", ["silent", "slow"])
async def test_names_whose_answer_is_waited_for_in_vain(lab: MailLab, case: str) -> None:
    with pytest.raises(dns.resolver.LifetimeTimeout):
        await resolver(lab).resolve(f"{case}.{ODD}.", "MX", lifetime=1.0)


async def test_nonsense_is_not_answered(lab: MailLab) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", lab.dns_port)
    writer.write(b"\x00\x05hello")
    assert await reader.read() == b""
    writer.close()


async def test_everyone_has_a_mail_host(lab: MailLab) -> None:
    asked = resolver(lab)
    for company in lab.world.companies[::10]:
        best = min(await asked.resolve(f"{company.domain}.", "MX"), key=lambda mx: int(mx.preference))
        addresses = [item.address for item in await asked.resolve(best.exchange, "A")]
        assert set(addresses) <= set(lab.addresses.values())


async def test_the_truth_is_the_worlds(lab: MailLab) -> None:
    for person in lab.world.people[:200]:
        if person.work_email:
            assert lab.mailboxes.state(person.work_email) is State.OPEN
    catch_all = next(company for company in lab.world.companies if company.mail_policy == "catch_all")
    nobody = f"nobody.at.all@{catch_all.domain}"
    assert (lab.mailboxes.state(nobody), lab.mailboxes.accepted(nobody)) == (State.NONE, State.OPEN)


async def test_two_labs_do_not_meet(lab: MailLab, people: World) -> None:
    async with MailLab(people) as other:
        assert other.smtp_port != lab.smtp_port
        await speak(other, "normal", "EHLO a")
        assert (other.book.sessions, lab.book.sessions) == (1, 0)


async def test_a_chosen_port_that_is_taken(lab: MailLab, people: World) -> None:
    with pytest.raises(OSError, match="in use"):
        await MailLab(people, lab.dns_port, lab.smtp_port).start()


async def test_nothing_listens_where_nobody_should(lab: MailLab) -> None:
    addresses = [item.address for item in await resolver(lab).resolve(f"mx.refuses.{ODD}.", "A")]
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(addresses[0], lab.smtp_port)
