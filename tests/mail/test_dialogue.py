"""One session with a mail host: what is said, what is not, and whom we never dial."""

from ipaddress import ip_address

import pytest

from headrace.domain.public import Address, is_public
from headrace.mail.dialing import dialable
from headrace.mail.replies import Heard, Stage
from headrace.mail.smtp import Dialogue
from headrace.mail.wire import MOST_REPLY
from headrace.sandbox.mail.mailboxes import ODD
from tests.mail.setting import HURRIED, IDENTITY, Setting
from tests.mail.socks import socks_server
from tests.transport.canary import SILENCE, canary


async def heard(setting: Setting, case: str, local: str = "ana") -> Heard:
    address = ip_address(setting.lab.addresses[case])
    return await setting.dialogue().ask(f"mx.{case}.{ODD}", address, f"{local}@{case}.{ODD}")


async def test_what_is_said(setting: Setting) -> None:
    ended = await heard(setting, "normal")
    assert ended.reply is not None
    assert (ended.stage, ended.reply.code) == (Stage.RCPT, 250)
    assert setting.lab.book.noted[0].said == [
        ("EHLO", IDENTITY.helo),
        ("MAIL", IDENTITY.mail_from),
        ("RCPT", f"ana@normal.{ODD}"),
        ("RSET", ""),
        ("QUIT", ""),
    ]


async def test_tls_whatever_the_certificate(setting: Setting) -> None:
    ended = await heard(setting, "badtls")
    session = setting.lab.book.noted[0]
    assert ended.reply is not None
    assert session.encrypted
    assert [verb for verb, _ in session.said] == ["EHLO", "STARTTLS", "EHLO", "MAIL", "RCPT", "RSET", "QUIT"]


async def test_in_the_clear_after_a_broken_handshake(setting: Setting) -> None:
    ended = await heard(setting, "brokentls")
    assert ended.stage is Stage.RCPT
    assert [session.recipients for session in setting.lab.book.noted] == [[], [f"ana@brokentls.{ODD}"]]


async def test_old_hosts_are_greeted_the_old_way(setting: Setting) -> None:
    await heard(setting, "oldfashioned")
    assert [verb for verb, _ in setting.lab.book.noted[0].said][:3] == ["EHLO", "HELO", "MAIL"]


async def test_other_alphabets_are_announced(setting: Setting) -> None:
    ended = await heard(setting, "utf8", "josé")
    assert ended.reply is not None
    assert ended.reply.code == 250
    assert setting.lab.book.noted[0].recipients == [f"josé@utf8.{ODD}"]


@pytest.mark.parametrize("case", ["megabyte", "megalines"])
async def test_endless_replies_are_not_read(setting: Setting, case: str) -> None:
    assert (await heard(setting, case)).fault == "reply_too_long"
    assert MOST_REPLY < 1 << 20


async def test_letters_from_before_unicode(setting: Setting) -> None:
    ended = await heard(setting, "multiline", "nobody")
    assert ended.reply is not None
    assert len(ended.reply.text.split("\n")) == 21
    assert "User unknown" in ended.reply.text


@pytest.mark.parametrize("local", ["ana\r\nDATA", "ana\nVRFY root", "ana\x00"])
async def test_a_command_is_one_line(setting: Setting, local: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        await heard(setting, "normal", local)
    assert setting.lab.book.commands["DATA"] == 0


async def test_leaving_does_not_wait(setting: Setting) -> None:
    setting.patience = HURRIED
    assert (await heard(setting, "latetarpit")).fault == "reply_timeout"


HOSTILE = [
    "127.0.0.1",
    "10.0.0.1",
    "169.254.1.1",
    "::1",
    "::ffff:127.0.0.1",
    "fe80::1",
    "224.0.0.1",
    "0.0.0.0",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_near_addresses_are_not_dialled(text: str) -> None:
    async with canary() as ears:
        dialogue = Dialogue(IDENTITY, ears.port, is_public, HURRIED)
        ended = await dialogue.ask("mx.example", ip_address(text), "ana@example.org")
        assert (ended.stage, ended.fault) == (Stage.CONNECT, "address_not_public")
        assert ears.heard == SILENCE


def test_networks_that_are_allowed() -> None:
    allowed = dialable(["127.0.25.0/24", "fd00::/8"])
    near = ["127.0.25.1", "::ffff:127.0.25.1", "fd00::1", "1.1.1.1", "127.0.0.1", "10.0.0.1", "::1"]
    assert [allowed(ip_address(text)) for text in near] == [True, True, True, True, False, False, False]
    with pytest.raises(ValueError, match=r"nonsense"):
        dialable(["nonsense"])


@pytest.mark.parametrize("case", ["private", "near", "alias", "implicit"])
async def test_mail_hosts_at_near_addresses_are_not_dialled(setting: Setting, case: str) -> None:
    zones = setting.lab.zones
    zones.mail(f"near.{ODD}", (10, f"mx.near.{ODD}"))
    zones.add(f"mx.near.{ODD}", "A", "127.0.0.1")
    zones.mail(f"alias.{ODD}", (10, f"other.{ODD}"))
    zones.add(f"other.{ODD}", "CNAME", f"mx.near.{ODD}.")
    zones.add(f"implicit.{ODD}", "AAAA", "::1")
    async with canary() as ears:
        setting.lab.smtp_port = ears.port
        verified = await setting.prober().verify(f"ana@{case}.{ODD}", 60)
        assert (verified.verdict.grade, verified.verdict.reason) == ("unknown", "mail_host_not_public")
        dialled = [address for address in ears.dialled if address[1] != setting.lab.dns_port]
        assert (ears.connections, dialled) == SILENCE


async def test_the_address_is_judged_again_when_it_is_dialled(setting: Setting) -> None:
    asked: list[Address] = []

    def dialable(address: Address) -> bool:
        asked.append(address)
        return False

    address = ip_address(setting.lab.addresses["normal"])
    dialogue = Dialogue(IDENTITY, setting.lab.smtp_port, dialable)
    assert (await dialogue.ask("mx", address, "ana@example.org")).fault == "address_not_public"
    assert (asked, setting.lab.book.sessions) == ([address], 0)


async def test_through_a_proxy(setting: Setting) -> None:
    async with socks_server() as proxy:
        setting.proxy = proxy.url
        ended = await heard(setting, "normal")
        assert ended.stage is Stage.RCPT
        assert proxy.asked == [(setting.lab.addresses["normal"], setting.lab.smtp_port)]


async def test_never_around_the_proxy(setting: Setting) -> None:
    setting.proxy = "socks5://127.0.0.1:9"
    assert (await heard(setting, "normal")).fault == "proxy_unreachable"
    assert setting.lab.book.sessions == 0


async def test_what_a_proxy_cannot_reach(setting: Setting) -> None:
    async with socks_server(refuse=True) as proxy:
        setting.proxy = proxy.url
        assert (await heard(setting, "normal")).fault == "no_connection"
