"""`headrace verify`, with the probe and without."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from headrace.cli.main import app
from headrace.cli.verify import _verify_all
from headrace.config import load
from headrace.domain.errors import Problem
from headrace.domain.model import Thresholds
from headrace.engine.clock import SystemClock
from headrace.sandbox.mail import MailLab
from headrace.sandbox.mail.mailboxes import ODD, State
from headrace.sandbox.mail.manners import Plain
from headrace.sandbox.mail.session import Session, Silence
from headrace.storage.suppressions import SqlSuppressions
from headrace.wiring import make_own
from tests.faults.waiting import pass_time
from tests.mail.setting import until
from tests.own.labs import names_of, settings_for


def settings(directory: Path, lab: MailLab, probe: bool) -> Path:
    """A settings file for the lab."""
    wanted = settings_for(lab) if probe else names_of(lab)
    sections: dict[str, list[str]] = {}
    for name, value in wanted.items():
        section, key = name.lower().split("__")
        lists = key in ("servers", "allow_private")
        plain = value == "true" or value.isdigit()
        line = f'{key} = ["{value}"]' if lists else f"{key} = {value}" if plain else f'{key} = "{value}"'
        sections.setdefault(section, []).append(line)
    file = directory / "headrace.toml"
    file.write_text("".join(f"[{name}]\n" + "\n".join(lines) + "\n" for name, lines in sections.items()))
    return file


def verify(config: Path, *words: str) -> list[Any]:
    done = CliRunner().invoke(app, ["verify", *words, "--json", "--config", str(config)])
    assert done.exit_code == 0, (done.output, done.exception)
    found: list[Any] = json.loads(done.stdout)
    return found


def test_addresses_are_judged_in_their_order(tmp_path: Path, lab: MailLab) -> None:
    config = settings(tmp_path, lab, probe=True)
    found = verify(config, f"nobody@normal.{ODD}", "nonsense", f"ana@normal.{ODD}")
    assert [each["verdict"] for each in found] == ["invalid", "invalid", "deliverable"]
    assert not (tmp_path / "headrace.db").exists()


def test_without_the_probe_only_dns_and_lists_say_anything(tmp_path: Path, lab: MailLab) -> None:
    config = settings(tmp_path, lab, probe=False)
    before = sum(lab.book.commands.values())
    found = verify(
        config, f"ana@nullmx.{ODD}", "ana@mailinator.com", f"info@private.{ODD}", f"ana@servfail.{ODD}"
    )
    assert [(each["verdict"], each["reason"]) for each in found] == [
        ("invalid", "null_mx"),
        ("risky", "disposable"),
        ("unknown", "mail_host_not_public"),
        ("unknown", "dns_failed"),
    ]
    assert sum(lab.book.commands.values()) == before


def test_a_file_of_addresses(tmp_path: Path, lab: MailLab) -> None:
    file = tmp_path / "addresses.txt"
    file.write_text(f"ana@nullmx.{ODD}\n\n nonsense \n")
    found = verify(settings(tmp_path, lab, probe=False), "--file", str(file))
    assert [each["reason"] for each in found] == ["null_mx", "malformed"]


def test_for_people_there_is_a_table(tmp_path: Path, lab: MailLab) -> None:
    config = settings(tmp_path, lab, probe=False)
    done = CliRunner().invoke(app, ["verify", "nonsense", "--config", str(config)])
    assert done.exit_code == 0
    assert "malformed" in done.stdout


def test_nothing_to_verify_is_a_mistake(tmp_path: Path, lab: MailLab) -> None:
    config = settings(tmp_path, lab, probe=False)
    missing = ["verify", "--file", str(tmp_path / "nothing.txt"), "--config", str(config)]
    for words, said in ((["verify", "--config", str(config)], "address"), (missing, "nothing.txt")):
        done = CliRunner().invoke(app, words)
        assert done.exit_code
        assert said in str(done.exception)


def test_who_must_be_left_alone_is_neither_asked_about_nor_guessed(tmp_path: Path, lab: MailLab) -> None:
    config = settings(tmp_path, lab, probe=True)
    who = ["--email", f"ana@normal.{ODD}", "--name", "Ana Lima", "--domain", f"normal.{ODD}"]
    assert CliRunner().invoke(app, ["privacy", "suppress", *who, "--config", str(config)]).exit_code == 0
    before = sum(lab.book.commands.values())
    (found,) = verify(config, f"ana@normal.{ODD}")
    assert (found["verdict"], found["reason"]) == ("unknown", "suppressed")
    assert sum(lab.book.commands.values()) == before

    name = ["--firstname", "Ana", "--lastname", "Lima", "--domain", f"www.normal.{ODD}"]
    refused = CliRunner().invoke(app, ["find", *name, "--config", str(config)])
    assert "must be left alone" in str(refused.exception)


def test_nobody_is_guessed_who_is_known_by_the_address_only(tmp_path: Path, lab: MailLab) -> None:
    config = settings(tmp_path, lab, probe=False)
    who = ["privacy", "suppress", "--email", "Jane.Doe@acme.example", "--config", str(config)]
    assert CliRunner().invoke(app, who).exit_code == 0
    jane = ["find", "--firstname", "Jane", "--lastname", "Doe", "--domain", "acme.example"]
    john = ["find", "--firstname", "John", "--lastname", "Smith", "--domain", "acme.example"]
    assert "must be left alone" in str(CliRunner().invoke(app, [*jane, "--config", str(config)]).exception)
    assert CliRunner().invoke(app, [*john, "--config", str(config)]).exit_code == 0


def test_one_look_up_that_fails_for_long_costs_no_other_address(
    tmp_path: Path, lab: MailLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings(tmp_path, lab, probe=False)
    assert CliRunner().invoke(app, ["accounts", "create", "acme", "--config", str(config)]).exit_code == 0
    hit = SqlSuppressions.hit

    async def away(suppressions: SqlSuppressions, identifiers: Sequence[str]) -> bool:
        if any("ana@" in each for each in identifiers):
            raise Problem("storage_unavailable")
        return await hit(suppressions, identifiers)

    monkeypatch.setattr(SqlSuppressions, "hit", away)
    monkeypatch.setattr("headrace.cli.verify._PAUSE", 0.0)
    found = verify(config, f"bob@nullmx.{ODD}", f"ana@nullmx.{ODD}", f"eva@nullmx.{ODD}")
    assert [each["reason"] for each in found] == ["null_mx", "storage_unavailable", "null_mx"]


def test_the_thresholds_of_an_account(tmp_path: Path, lab: MailLab) -> None:
    config = settings(tmp_path, lab, probe=True)
    words = ["accounts", "create", "careful", "--deliverable", "0.999", "--config", str(config)]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert verify(config, f"ana@normal.{ODD}")[0]["verdict"] == "deliverable"
    assert verify(config, f"ana@normal.{ODD}", "--account", "careful")[0]["verdict"] == "risky"
    missing = CliRunner().invoke(app, ["verify", "a", "--account", "nobody", "--config", str(config)])
    assert "there is no account 'nobody'" in str(missing.exception)


def test_a_host_that_does_not_want_us_is_left_alone_by_the_next_command_too(
    tmp_path: Path, lab: MailLab
) -> None:
    config = settings(tmp_path, lab, probe=True)
    assert CliRunner().invoke(app, ["accounts", "create", "any", "--config", str(config)]).exit_code == 0
    assert verify(config, f"ana@ipblock.{ODD}")[0]["reason"] == "blocked_by_policy"
    before = sum(lab.book.commands.values())
    assert verify(config, f"ana@ipblock.{ODD}")[0]["reason"] == "blocked_earlier"
    assert sum(lab.book.commands.values()) == before


class SlowAboutOne(Plain):
    """Knows `ana` and nobody else, and falls silent about `slow`."""

    def __init__(self) -> None:
        super().__init__(lambda address: State.OPEN if address.startswith("ana@") else State.NONE)

    def rcpt(self, session: Session, address: str) -> bytes:
        if address.startswith("slow@"):
            raise Silence
        return super().rcpt(session, address)


@pytest.fixture
def slow_host(lab: MailLab) -> Iterator[None]:
    before = lab.manners["exim"]
    lab.manners["exim"] = SlowAboutOne()
    yield
    lab.manners["exim"] = before


def asked(lab: MailLab, since: int) -> list[str]:
    """Whom the lab's mail hosts were asked about, after so many sessions."""
    return [address for session in list(lab.book.noted)[since:] for address in session.recipients]


@pytest.mark.usefixtures("slow_host")
async def test_the_queue_for_a_host_is_not_at_the_cost_of_those_in_it(tmp_path: Path, lab: MailLab) -> None:
    own = make_own(load(settings(tmp_path, lab, probe=True), {}), None, SystemClock(), patient=True)
    addresses, before = [f"slow@exim.{ODD}", f"ana@exim.{ODD}"], len(lab.book.noted)
    verifying = asyncio.create_task(_verify_all(own, addresses, Thresholds(), lambda *_: None))
    await until(lambda: asked(lab, before))
    pass_time(60)
    assert [each.reason for each in await verifying] == ["out_of_time", "mailbox_accepted"]


@pytest.mark.usefixtures("slow_host")
async def test_the_queue_for_a_host_keeps_no_other_host_waiting(tmp_path: Path, lab: MailLab) -> None:
    own = make_own(load(settings(tmp_path, lab, probe=True), {}), None, SystemClock(), patient=True)
    addresses = [f"slow@exim.{ODD}", *(f"a{number}@exim.{ODD}" for number in range(300)), f"ana@normal.{ODD}"]
    before = len(lab.book.noted)
    verifying = asyncio.create_task(_verify_all(own, addresses, Thresholds(), lambda *_: None))
    await until(lambda: f"ana@normal.{ODD}" in asked(lab, before))
    verifying.cancel()
