"""The commands that do what `/admin/v1` does."""

import re
import time
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from headrace.cli.main import app
from headrace.cli.options import CommandError, run
from headrace.config import load
from headrace.ports import Attempted
from headrace.storage.opening import Storage
from headrace.wiring import open_storage
from tests.cli.running import Here, config_file
from tests.storage.making import settlement


@pytest.fixture
def here(tmp_path: Path) -> Here:
    """Commands with a database of their own, which has the account `acme`."""
    made = Here(config_file(tmp_path))
    made.json("accounts", "create", "acme", "--credits", "10")
    return made


def opened(here: Here) -> Storage:
    return open_storage(load(here.config))


def owed(here: Here) -> str:
    """The id of a webhook of `acme` that could not be delivered."""
    storage = opened(here)

    async def owe() -> str:
        account = await storage.accounts.get("acme")
        await storage.ledger.hold("e_1", account.id, 1_000)
        end = settlement("e_1", account.id, 0, webhook_url="https://hooks.example.com/in", webhook_body=b"{}")
        await storage.ledger.settle(replace(end, finished_at=time.time()))
        await storage.webhooks.claim("b_1", 1)
        (due,) = await storage.webhooks.batch("b_1")
        await storage.webhooks.attempted("b_1", Attempted(due.id, "failed", status=503))
        return due.id

    try:
        return run(owe)
    finally:
        storage.close()


def test_an_operators_key_is_made_listed_and_revoked(here: Here) -> None:
    made = here.json("keys", "create", "--admin")
    assert list(made) == ["key_id", "api_key"]
    assert re.fullmatch(rf"hradmin_{made['key_id']}_[\w-]{{43}}", made["api_key"])

    (listed,) = here.json("keys", "list", "--admin")
    assert (listed["key_id"], listed["revoked_at"]) == (made["key_id"], None)
    assert made["api_key"] not in here.says("keys", "list", "--admin")
    assert here.json("keys", "revoke", made["key_id"]) == {"key_id": made["key_id"], "revoked": True}
    assert here.json("keys", "list", "--admin")[0]["revoked_at"]
    assert "operator" in here.says("keys", "create", "--admin")


def test_a_secret_is_made_when_first_asked_for_and_replaced_on_demand(here: Here) -> None:
    first = here.json("webhooks", "secret", "acme")
    assert list(first) == ["secret"]
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", first["secret"])
    assert here.json("webhooks", "secret", "acme") == first
    assert here.says("webhooks", "secret", "acme").strip() == first["secret"]

    second = here.json("webhooks", "secret", "acme", "--rotate")
    assert second != first
    assert here.json("webhooks", "secret", "acme") == second
    assert "24 hours" in here.says("webhooks", "secret", "acme", "--rotate")


def test_deliveries_are_listed_and_replayed(here: Here) -> None:
    assert here.json("webhooks", "list", "acme") == []
    delivery = owed(here)

    (one,) = here.json("webhooks", "list", "acme")
    assert (one["id"], one["enrichment_id"], one["url"]) == (delivery, "e_1", "https://hooks.example.com/in")
    assert (one["attempts"], one["state"], one["last_status"]) == (1, "failed", 503)
    assert delivery in here.says("webhooks", "list", "acme")
    assert here.json("webhooks", "replay", delivery) == {"id": delivery, "replayed": True}
    assert here.json("webhooks", "list", "acme")[0]["state"] == "pending"


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("30d", 2_592_000),
        ("12h", 43_200),
        ("90m", 5_400),
        ("45s", 45),
        ("45", 45),
        ("0.5", 0.5),
        ("0", 0),
        ("1 D", 86_400),
    ],
)
def test_ages_are_given_in_days_hours_minutes_or_seconds(here: Here, given: str, seconds: float) -> None:
    assert here.json("accounts", "set", "acme", "--max-age", given)["max_age"] == seconds
    assert here.json("accounts", "set", "acme", "--miss-max-age", given)["miss_max_age"] == seconds
    assert here.json("accounts", "show", "acme")["max_age"] == seconds


MISTAKES = {
    "no key's owner": (("keys", "create"), "--admin"),
    "two owners": (("keys", "create", "acme", "--admin"), "--admin"),
    "nobody's keys": (("keys", "list"), "--admin"),
    "a secret of nobody": (("webhooks", "secret", "nobody"), "nobody"),
    "deliveries of nobody": (("webhooks", "list", "nobody"), "nobody"),
    "no such delivery": (("webhooks", "replay", "nothing"), "nothing"),
    "an age in weeks": (("accounts", "set", "acme", "--max-age", "2w"), "--max-age"),
    "a negative age": (("accounts", "set", "acme", "--miss-max-age=-1"), "--miss-max-age"),
    "an age of centuries": (("accounts", "set", "acme", "--max-age", "99999d"), "max_age"),
    "a word as an age": (("accounts", "create", "new", "--max-age", "long"), "--max-age"),
    "a name for rehearsals": (("accounts", "create", "sandbox"), "sandbox"),
    "a name over two lines": (("accounts", "create", "a\nb"), "name"),
}


@pytest.mark.parametrize(("arguments", "named"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_in_one_line(here: Here, arguments: tuple[str, ...], named: str) -> None:
    done = CliRunner().invoke(app, [*arguments, "--config", str(here.config)])

    assert isinstance(done.exception, CommandError)
    assert named in str(done.exception)
    assert "\n" not in str(done.exception)


def test_each_change_is_in_the_audit_log_as_the_operators(here: Here) -> None:
    here.json("keys", "create", "acme")
    here.json("credits", "add", "acme", "1")
    here.json("accounts", "set", "acme", "--accept-risky")
    here.json("accounts", "consent", "acme", "--grant")
    here.json("webhooks", "secret", "acme")
    here.json("webhooks", "replay", owed(here))

    storage = opened(here)
    lines = run(storage.audit_log.entries)
    storage.close()
    assert {line.actor for line in lines} == {"operator"}
    assert [line.action for line in reversed(lines)][3:] == [
        "key.create", "credits.grant", "account.set", "consent.grant", "webhook_secret.change",
        "webhook.replay",
    ]  # fmt: skip
