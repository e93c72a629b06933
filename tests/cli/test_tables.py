"""What tables show of data: all of it, as it is, on a terminal of any width."""

from pathlib import Path

import pytest

from headrace.cli.trace import show_waterfall
from headrace.ports import DeliveryInfo
from headrace.storage.webhooks import SqlWebhooks
from tests.cli.running import Here, on_terminal, plain

BRACKETS = ("a[/]", "[red]b", "[link=x]c[/link]", ":smile: [d")
ATTEMPT = {
    "provider": "pronto",
    "field": "email",
    "kind": "find",
    "outcome": "missing",
    "accepted": False,
    "verdict": None,
    "reason": None,
    "started_ms": 0.2,
    "duration_ms": 147.9,
    "vendor_cost": 0,
}
LONGEST = (
    {"provider": "headrace_finder", "outcome": "found", "accepted": True, "verdict": "deliverable"},
    {"provider": "headrace_probe", "kind": "verify", "reason": "same_address_from_two_sources"},
    {"field": "personal_email", "outcome": "failed", "reason": "account_restricted", "vendor_cost": 30.25},
    {"outcome": "skipped", "started_ms": 20_000, "duration_ms": 30_000, "reason": "breaker_open: bad_key"},
)


@pytest.mark.parametrize("name", BRACKETS)
def test_brackets_in_a_name_are_shown_as_they_are(here: Here, name: str) -> None:
    here.json("accounts", "create", name)

    for command in (("list",), ("show", name), ("set", name)):
        assert name in here.says("accounts", *command)


def test_brackets_in_an_address_are_shown_as_they_are(here: Here) -> None:
    assert "a[/b]@x.com" in here.says("verify", "a[/b]@x.com")


def test_brackets_in_a_webhook_are_shown_as_they_are(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "https://hooks.example.com/a[/b]"
    here.json("accounts", "create", "acme")

    async def listed(*_: object) -> list[DeliveryInfo]:
        return [DeliveryInfo("1", "2", url, 0, "pending", None, None, None, 0)]

    monkeypatch.setattr(SqlWebhooks, "listed", listed)
    assert url in here.says("webhooks", "list", "acme")


def test_brackets_in_a_person_are_shown_as_they_are(here: Here) -> None:
    here.config.write_text(
        '[waterfall.order]\nemail = ["headrace_finder"]\n[dns]\nservers = ["127.0.0.1:1"]\n'
    )

    said = here.says("enrich", "--firstname", "[/]", "--lastname", "[bold]", "--domain", "x.example")
    assert "[/]" in said
    assert "[bold]" in said


def test_brackets_in_what_vendors_say_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    show_waterfall([{**ATTEMPT, "reason": "[/]"}])

    assert "missing: [/]" in capsys.readouterr().out


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_ids_are_never_cut(here: Here, tmp_path: Path, columns: int) -> None:
    made = here.json("accounts", "create", "acme, whose name is a long one")

    lines = on_terminal("accounts", "list", cwd=tmp_path, columns=columns)
    assert made["account_id"] in "\n".join(lines)
    assert max(map(len, lines)) <= max(columns, 80)


def test_what_goes_to_a_pipe_stands_on_one_line(here: Here) -> None:
    name = "A name, and more of it, " * 8
    here.json("accounts", "create", name.strip())

    assert name.strip() in here.says("accounts", "list")


def test_the_demo_can_be_read_on_80_columns(tmp_path: Path) -> None:
    lines = on_terminal("demo", cwd=tmp_path)
    table = lines[lines.index("Waterfall") :]

    assert "\u2026" not in "".join(lines)
    assert max(map(len, table)) <= 80
    for words in (["pronto", "personal_email"], ["leadmagic", "email"], ["leadmagic", "phone"]):
        (line,) = [line for line in table if set(words) <= set(line.split())]
        assert "found, accepted" in line
        assert all(cell.isdigit() for cell in line.split()[-3:]), line


def test_the_longest_waterfall_fits_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "80")
    show_waterfall([{**ATTEMPT, **each} for each in LONGEST])

    shown = plain(capsys.readouterr().out)
    assert max(map(len, shown.splitlines())) <= 80
    for word in ("headrace_finder", "personal_email", "account_restricted", "30.25", "30000"):
        assert word in shown
