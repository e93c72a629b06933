"""Accounts, keys, credits, the ledger, the schema: what each command answers."""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import typer

from headrace.cli.main import app
from headrace.storage import schema
from tests.cli.running import Here, config_file, process

ACCOUNT = {
    "available": 0,
    "held": 0,
    "consents_personal_email": False,
    "phone_countries": [],
    "validation": "strict",
    "email_status_vocabulary": "schema",
    "accept_risky": False,
    "max_age": 0,
    "miss_max_age": 0,
    "deliverable": 0.9,
    "catch_all": 0.8,
    "invalid": 0.2,
}


def _commands(group: Any, *path: str) -> Iterator[tuple[str, set[str]]]:
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if hasattr(command, "commands"):
            yield from _commands(command, *path, name)
        else:
            options = {option for parameter in command.params for option in parameter.opts}
            yield " ".join((*path, name)), options


def test_every_command_takes_config_and_json() -> None:
    commands = dict(_commands(typer.main.get_command(app)))

    assert set(commands) >= {
        *("serve", "sandbox", "demo", "enrich", "ledger verify", "db upgrade"),
        *("accounts create", "accounts list", "accounts show", "accounts set", "accounts consent"),
        *("keys create", "keys list", "keys revoke", "credits add", "providers list", "providers check"),
    }
    assert {name for name, options in commands.items() if not {"--config", "--json"} <= options} == set()


def test_accounts_create_prints_id_name_and_key(here: Here) -> None:
    made = here.json("accounts", "create", "acme")

    assert list(made) == ["account_id", "name", "api_key"]
    assert made["name"] == "acme"
    assert re.fullmatch(r"hr_[a-z0-9]{12}_[\w-]{43}", made["api_key"])
    shown = here.json("accounts", "show", "acme")
    assert shown == {"account_id": made["account_id"], "name": "acme", **ACCOUNT}


def test_accounts_create_takes_credits_consent_countries_and_settings(here: Here) -> None:
    here.json(
        *("accounts", "create", "acme", "--credits", "12.5", "--consent-personal-email"),
        *("--phone-countries", "fr, US,FR", "--validation", "lenient"),
        *("--email-status-vocabulary", "deliverability", "--accept-risky"),
        *("--max-age", "30d", "--miss-max-age", "12h"),
        *("--deliverable", "0.95", "--catch-all", "0.85", "--invalid", "0.1"),
    )

    shown = here.json("accounts", "show", "acme")
    del shown["account_id"]
    assert shown == {
        "name": "acme",
        "available": 12.5,
        "held": 0,
        "consents_personal_email": True,
        "phone_countries": ["FR", "US"],
        "validation": "lenient",
        "email_status_vocabulary": "deliverability",
        "accept_risky": True,
        "max_age": 2_592_000,
        "miss_max_age": 43_200,
        "deliverable": 0.95,
        "catch_all": 0.85,
        "invalid": 0.1,
    }


def test_accounts_create_for_people_shows_the_key_once(here: Here) -> None:
    said = here.says("accounts", "create", "acme")
    key = re.search(r"hr_\S+", said)

    assert key
    assert "not shown again" in said
    for command in (("accounts", "show", "acme"), ("accounts", "list"), ("keys", "list", "acme")):
        assert key[0] not in here.says(*command)


def test_accounts_list_has_every_account_in_order_of_creation(here: Here) -> None:
    assert here.json("accounts", "list") == []
    for name in ("zoe", "acme"):
        here.json("accounts", "create", name, "--credits", "3")

    listed = here.json("accounts", "list")
    assert [(one["name"], one["available"]) for one in listed] == [("zoe", 3), ("acme", 3)]
    assert set(listed[0]) == {"account_id", "name", *ACCOUNT}
    for one in listed:
        assert one["account_id"] in here.says("accounts", "list")


def test_an_account_is_found_by_name_or_id(here: Here) -> None:
    made = here.json("accounts", "create", "acme")

    assert here.json("accounts", "show", made["account_id"]) == here.json("accounts", "show", "acme")


def test_accounts_set_changes_what_is_given_and_keeps_the_rest(here: Here) -> None:
    here.json("accounts", "create", "acme", "--phone-countries", "FR", "--accept-risky")

    changed = here.json("accounts", "set", "acme", "--validation", "lenient")
    assert (changed["validation"], changed["phone_countries"], changed["accept_risky"]) == (
        "lenient",
        ["FR"],
        True,
    )
    changed = here.json("accounts", "set", "acme", "--phone-countries", "", "--no-accept-risky")
    assert (changed["validation"], changed["phone_countries"], changed["accept_risky"]) == (
        "lenient",
        [],
        False,
    )
    assert here.json("accounts", "set", "acme") == changed == here.json("accounts", "show", "acme")


def test_accounts_consent_is_granted_and_withdrawn(here: Here) -> None:
    here.json("accounts", "create", "acme")

    assert here.json("accounts", "consent", "acme", "--grant")["consents_personal_email"] is True
    assert here.json("accounts", "show", "acme")["consents_personal_email"] is True
    assert here.json("accounts", "consent", "acme", "--withdraw")["consents_personal_email"] is False
    assert "does not consent" in here.says("accounts", "consent", "acme", "--withdraw")


def test_keys_create_prints_id_and_key_and_keys_list_never_the_key(here: Here) -> None:
    here.json("accounts", "create", "acme")
    made = here.json("keys", "create", "acme")

    assert list(made) == ["key_id", "api_key"]
    assert made["api_key"].split("_")[1] == made["key_id"]
    listed = here.json("keys", "list", "acme")
    assert [set(key) for key in listed] == [{"key_id", "created_at", "revoked_at"}] * 2
    assert listed[1]["key_id"] == made["key_id"]
    assert datetime.fromisoformat(listed[1]["created_at"]).tzinfo
    assert listed[1]["revoked_at"] is None
    assert "api_key" not in here.says("keys", "list", "acme", "--json")


def test_keys_revoke_names_the_key_and_the_list_says_when(here: Here) -> None:
    here.json("accounts", "create", "acme")
    made = here.json("keys", "create", "acme")

    assert here.json("keys", "revoke", made["key_id"]) == {"key_id": made["key_id"], "revoked": True}
    revoked = {key["key_id"]: key["revoked_at"] for key in here.json("keys", "list", "acme")}
    assert datetime.fromisoformat(revoked[made["key_id"]])
    assert list(revoked.values()).count(None) == 1


@pytest.mark.parametrize(
    ("amount", "added", "available"),
    [("100", 100, 110), ("0.5", 0.5, 10.5), ("-10", -10, 0), ("1e3", 1000, 1010), ("0", 0, 10)],
)
def test_credits_add_says_what_is_then_available(
    here: Here, amount: str, added: float, available: float
) -> None:
    here.json("accounts", "create", "acme", "--credits", "10")

    said = here.json("credits", "add", "acme", amount)
    assert (said["name"], said["added"], said["available"]) == ("acme", added, available)
    assert set(said) == {"account_id", "name", "added", "available"}
    assert here.json("accounts", "show", "acme")["available"] == available


def test_ledger_verify_counts_accounts_and_entries(here: Here) -> None:
    empty = here.json("ledger", "verify")
    assert empty == {
        "database": empty["database"],
        "balanced": True,
        "accounts": 0,
        "entries": 0,
        "sum": 0,
        "available": 0,
        "held": 0,
        "complaints": [],
    }

    here.json("accounts", "create", "acme", "--credits", "10")
    here.json("credits", "add", "acme", "-2.5")
    found = here.json("ledger", "verify")
    assert (found["accounts"], found["entries"], found["available"]) == (1, 2, 7.5)
    assert "the books balance" in here.says("ledger", "verify")


def test_ledger_verify_exits_1_on_a_corrupted_copy_and_says_where(here: Here, tmp_path: Path) -> None:
    here.json("accounts", "create", "acme", "--credits", "10")
    (tmp_path / "copy").mkdir()
    shutil.copy(tmp_path / "headrace.db", tmp_path / "copy")
    copy = Here(config_file(tmp_path / "copy"))
    assert copy.json("ledger", "verify")["balanced"] is True
    with closing(sqlite3.connect(tmp_path / "copy" / "headrace.db", isolation_level=None)) as connection:
        connection.execute("UPDATE accounts SET available = available + 1")

    found = copy.json("ledger", "verify", code=1)
    assert found["balanced"] is False
    assert found["complaints"] == ["account acme: available is 10.001 credits, its entries say 10 credits"]
    assert "THE BOOKS DO NOT BALANCE" in copy.says("ledger", "verify", code=1)
    assert here.json("ledger", "verify")["balanced"] is True


def test_ledger_verify_exits_1_where_a_balance_is_no_number(here: Here, tmp_path: Path) -> None:
    here.json("accounts", "create", "acme", "--credits", "10")
    _change(tmp_path / "headrace.db", "UPDATE accounts SET held = 'much'")

    found = here.json("ledger", "verify", code=1)
    assert found["complaints"] == ["account acme: held is 'much', its entries say 0 credits"]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DROP TABLE alembic_version", "this is no Headrace database"),
        (
            "UPDATE alembic_version SET version_num = '0003'",
            "its schema, revision 0003, is older; run `headrace db upgrade` first",
        ),
        (
            "UPDATE alembic_version SET version_num = '1975ea83b712'",
            "its schema, revision 1975ea83b712, was made by a newer Headrace",
        ),
        ("DROP TABLE accounts", "no such table: accounts"),
    ],
)
def test_ledger_verify_touches_no_database(here: Here, tmp_path: Path, statement: str, said: str) -> None:
    here.json("accounts", "create", "acme")
    path = tmp_path / "headrace.db"
    _change(path, "PRAGMA journal_mode = DELETE", "PRAGMA foreign_keys = OFF", statement)
    before = path.read_bytes(), sorted(tmp_path.iterdir())

    done = process("ledger", "verify", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"headrace: headrace.db: {said}\n"
    assert (path.read_bytes(), sorted(tmp_path.iterdir())) == before


def test_ledger_verify_leaves_good_books_as_they_are(here: Here, tmp_path: Path) -> None:
    here.json("accounts", "create", "acme", "--credits", "10")
    path = tmp_path / "headrace.db"
    _change(path, "PRAGMA journal_mode = DELETE")
    before = path.read_bytes(), sorted(tmp_path.iterdir())

    assert here.json("ledger", "verify")["available"] == 10
    assert (path.read_bytes(), sorted(tmp_path.iterdir())) == before


def test_ledger_verify_makes_nothing_of_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "headrace.db").touch()

    done = process("ledger", "verify", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "headrace: headrace.db: this is no Headrace database\n")
    assert (tmp_path / "headrace.db").read_bytes() == b""


def _change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_db_upgrade_says_from_where_to_where(here: Here, tmp_path: Path) -> None:
    path = str(tmp_path / "headrace.db")

    assert here.json("db", "upgrade") == {
        "database": path,
        "from": None,
        "to": schema.HEAD,
        "changed": True,
    }
    assert here.json("db", "upgrade") == {
        "database": path,
        "from": schema.HEAD,
        "to": schema.HEAD,
        "changed": False,
    }
    assert path in here.says("db", "upgrade")


def test_providers_list_shows_places_and_who_is_configured(tmp_path: Path) -> None:
    here = Here(
        config_file(
            tmp_path,
            '[waterfall.order]\nemail = ["hunter", "leadmagic"]\n[verification]\norder = []\n'
            '[providers.hunter]\napi_key = "x"\n',
        )
    )
    listed = {line["provider"]: line for line in here.json("providers", "list")}

    assert set(listed) >= {"airscale", "findymail", "hunter", "leadmagic", "pronto", "prospeo"}
    assert [name for name, line in listed.items() if line["configured"]] == ["hunter"]
    assert listed["hunter"]["order"]["email"] == 1
    assert listed["hunter"]["order"]["verify"] is None
    assert listed["leadmagic"]["order"]["email"] == 2
    assert listed["prospeo"]["order"]["email"] is None
    assert "hunter" in here.says("providers", "list")


def test_providers_list_says_what_is_headraces_own_and_whether_it_is_on(tmp_path: Path) -> None:
    here = Here(config_file(tmp_path, '[waterfall.order]\nemail = ["hunter", "headrace_finder"]\n'))
    listed = {line["provider"]: line for line in here.json("providers", "list")}

    finder, probe = listed["headrace_finder"], listed["headrace_probe"]
    assert (finder["enabled"], finder["configured"], finder["order"]) == (True, True, {"email": 2})
    assert (probe["enabled"], probe["configured"], probe["order"]) == (False, False, {"verify": None})
    assert finder["key"] is probe["key"] is None
    assert "off: asks mail hosts" in here.says("providers", "list")


def test_providers_check_says_who_needs_no_key(here: Here) -> None:
    assert "headrace_finder and headrace_probe" in here.says("providers", "check")


def test_providers_check_without_vendors_is_an_empty_list(here: Here) -> None:
    assert here.json("providers", "check") == []
