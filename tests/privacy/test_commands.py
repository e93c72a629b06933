"""`headrace privacy`, as an operator types it."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from headrace.cli.main import app
from headrace.cli.options import CommandError
from headrace.config import load
from headrace.domain.model import EnrichmentRequest, Field
from headrace.storage import erasure
from headrace.storage.errors import Unusable
from headrace.storage.opening import keys_beside
from headrace.wiring import open_storage
from headrace.wiring import storage as wiring
from tests.cli.running import Here, config_file, piped
from tests.privacy.people import ADA, BOB, begun, enriched
from tests.storage.making import account


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    monkeypatch.setattr(erasure, "IN_FLIGHT", 0.0)
    return Here(config_file(tmp_path, '[privacy]\npurpose = "Sales to companies."\n'))


@pytest.fixture
def known(here: Here) -> Here:
    """Two accounts know Ada, one knows Bob."""

    async def fill() -> None:
        storage = open_storage(load(here.config, {}))
        for name in ("acme", "other"):
            asking = await account(storage, name, credits=90_000)
            await enriched(storage, asking, ADA, webhook=True)
        await enriched(storage, await storage.accounts.get("acme"), BOB)
        storage.close()

    asyncio.run(fill())
    return here


def test_a_person_is_suppressed_by_everything_that_is_known(here: Here) -> None:
    selectors = (
        "--email",
        ADA.email,
        "--phone",
        "06 12 30 00 01",
        "--region",
        "fr",
        "--linkedin",
        ADA.linkedin,
    )
    name = ("--name", f"{ADA.first} {ADA.last}", "--domain", ADA.host)
    told = here.json("privacy", "suppress", *selectors, *name)

    assert told["new"] == 4
    assert [each["kind"] for each in told["suppressed"]] == ["email", "phone", "linkedin", "name_domain"]
    assert here.json("privacy", "suppress", *selectors, *name)["new"] == 0
    listed = here.json("privacy", "suppressions")
    assert {each["digest"] for each in listed} == {each["digest"] for each in told["suppressed"]}
    assert {each["source"] for each in listed} == {"operator"}


@pytest.mark.parametrize(
    ("selectors", "complaint"),
    [
        ((), "say who"),
        (("--email", "ada at example"), "email"),
        (("--phone", "0612300001"), "phone"),
        (("--phone", "6505551234"), "phone"),
        (("--phone", "0612300001", "--region", "zz"), "phone"),
        (("--linkedin", "https://www.linkedin.com/company/acme"), "linkedin"),
        (("--name", "Ada Lovelace"), "name"),
        (("--name", "Ada", "--domain", "acme.example"), "name"),
        (("--domain", "acme.example"), "name"),
        (("--email", "ada@example.com", "--phone", "zzz"), "phone"),
    ],
)
@pytest.mark.parametrize("command", ["suppress", "export", "erase"])
def test_what_cannot_be_understood_is_refused_whole(
    here: Here, command: str, selectors: tuple[str, ...], complaint: str
) -> None:
    yes = ["--yes"] if command == "erase" else []
    refused = refusal(here, "privacy", command, *selectors, *yes)

    assert complaint in refused
    assert not any(word in refused.lower() for word in ("ada", "0612300001", "6505551234"))
    assert here.json("privacy", "suppressions") == []


def test_a_list_is_taken_over_whole_or_not_at_all(here: Here, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    lines = [
        "# objections",
        "",
        "Jane.Doe+news@Example.com",
        "+33 6 12 30 00 01",
        "fr.linkedin.com/in/jane-doe",
    ]
    good.write_text("\n".join(lines))
    bad.write_text("\n".join([*lines, "0612300002"]))

    assert "line 6" in refusal(here, "privacy", "import", str(bad))
    assert here.json("privacy", "suppressions") == []
    assert here.json("privacy", "import", str(bad), "--region", "FR") == {"lines": 4, "new": 4}
    assert here.json("privacy", "import", str(good)) == {"lines": 3, "new": 0}
    assert {each["kind"] for each in here.json("privacy", "suppressions")} == {"email", "phone", "linkedin"}
    assert {each["source"] for each in here.json("privacy", "suppressions")} == {"import"}


def test_a_long_list_is_taken_over_in_pieces(here: Here, tmp_path: Path) -> None:
    file = tmp_path / "many.txt"
    file.write_text("\n".join(f"person{number}@example.com" for number in range(2_500)))
    assert here.json("privacy", "import", str(file)) == {"lines": 2_500, "new": 2_500}
    assert len(here.json("privacy", "suppressions")) == 2_500


def test_a_list_that_comes_through_a_pipe_is_taken_over(here: Here) -> None:
    with piped("jane.doe@example.com\n+33 6 12 30 00 01\n") as file:
        assert here.json("privacy", "import", str(file)) == {"lines": 2, "new": 2}
    assert len(here.json("privacy", "suppressions")) == 2


def test_an_export_tells_all_with_sources_recipients_and_until_when(known: Here) -> None:
    told = known.json("privacy", "export", "--email", ADA.email)

    assert told["purpose"] == "Sales to companies."
    assert told["recipients"] == ["acme", "other"]
    assert len(told["enrichments"]) == 2
    first = told["enrichments"][0]
    assert first["request"]["linkedin_url"] == ADA.linkedin
    assert first["results"]["email"]["provider"] == "hunter"
    assert first["results"]["email"]["found_at"]
    assert first["kept_until"] > first["asked_at"]
    assert first["webhooks"][0]["state"] == "pending"
    assert told["outcomes"] == []
    assert BOB.email not in json.dumps(told)
    assert ADA.email in known.says("privacy", "export", "--email", ADA.email)


def test_an_export_of_which_a_part_cannot_be_read_shows_the_rest_and_says_so(known: Here) -> None:
    email = ("privacy", "export", "--email", ADA.email)
    first, second = (each["enrichment_id"] for each in known.json(*email)["enrichments"])
    with closing(sqlite3.connect(load(known.config, {}).database_path)) as db, db:
        db.execute("UPDATE enrichments SET record = x'80ff' WHERE id = ?", [first])
    told = known.json(*email, code=1)
    assert ([each["enrichment_id"] for each in told["enrichments"]], told["unreadable"]) == (
        [second],
        [first],
    )
    assert (
        f"no key that is here opens these records about the person, or a later version wrote them: {first};"
        in (refusal(known, *email))
    )


@pytest.mark.parametrize("number", ["1e400", "1.10", "7" * 5_000])
def test_an_export_shows_custom_as_it_was_sent(here: Here, number: str) -> None:
    custom = f'{{"n": {number}}}'.encode()

    async def queue() -> None:
        storage = open_storage(load(here.config, {}))
        acme = await account(storage, credits=9_000)
        wanted = EnrichmentRequest(ADA.contact, (Field.EMAIL,), custom=custom)
        await storage.enrichments.queue([wanted], acme, [3_000], ["e1"], None)
        storage.close()

    asyncio.run(queue())
    name = ("--name", f"{ADA.first} {ADA.last}", "--domain", ADA.host)
    assert f'"n": {number}\n' in here.says("privacy", "export", *name, "--json")


def test_an_erasure_asks_first_and_says_whom_to_tell(known: Here) -> None:
    assert "--yes" in refusal(known, "privacy", "erase", "--email", ADA.email)
    assert len(known.json("privacy", "export", "--email", ADA.email)["enrichments"]) == 2

    told = known.json("privacy", "erase", "--email", ADA.email, "--yes")
    assert told == {
        "enrichments": 2,
        "webhooks": 2,
        "replies": 0,
        "answers": 0,
        "recipients": ["acme", "other"],
        "unfinished": 0,
    }
    assert known.json("privacy", "export", "--email", ADA.email)["enrichments"] == []
    assert len(known.json("privacy", "export", "--email", BOB.email)["enrichments"]) == 1
    assert known.json("ledger", "verify")["balanced"]
    assert known.json("privacy", "verify")["intact"]


def test_what_lost_keys_sealed_is_given_up_once_somebody_says_so(known: Here) -> None:
    keys_beside(load(known.config, {}).database_path).unlink()
    assert "see headrace db give-up" in refusal(known, "accounts", "list")
    assert "--yes" in refusal(known, "db", "give-up")

    given_up = known.json("db", "give-up", "--yes")
    assert given_up == {
        "given_up": {"enrichments": 3, "webhook_deliveries": 2},
        "accounts": [],
        "vendors": [],
    }
    assert len(known.json("accounts", "list")) == 2
    assert known.json("privacy", "export", "--email", ADA.email)["enrichments"] == []
    assert known.json("ledger", "verify")["balanced"]
    assert "all of it opens" in known.says("db", "give-up")


def test_purging_asks_first_and_counts(known: Here) -> None:
    assert "--yes" in refusal(known, "privacy", "purge")
    kinds = ("results", "answers", "replies", "companies", "outcomes", "audit")
    assert known.json("privacy", "purge", "--yes") == dict.fromkeys(kinds, 0)
    known.config.write_text("[privacy]\nresults_days = 0.0000001\n")
    assert known.json("privacy", "purge", "--yes")["results"] == 3


def test_the_register_is_that_of_the_settings_in_force(here: Here) -> None:
    here.config.write_text(
        '[privacy]\npurpose = "Sales."\nresults_days = 7\n[providers.hunter]\napi_key = "secret-key"\n'
    )
    told = here.json("privacy", "ropa")

    assert told["purposes"] == "Sales."
    assert told["retention_days"]["results"] == 7
    assert [(each["vendor"], each["host"]) for each in told["vendors"]] == [("hunter", "api.hunter.io")]
    assert "secret-key" not in here.says("privacy", "ropa")


def test_the_register_states_the_encryption_that_is_used(here: Here) -> None:
    measures = " ".join(here.json("privacy", "ropa")["security_measures"])

    assert "(AES-256-GCM-SIV; what a first version wrote, until `headrace db rotate-keys`: Fernet" in measures


def test_a_tampered_audit_log_is_told(here: Here) -> None:
    here.json("privacy", "suppress", "--email", ADA.email)
    with sqlite3.connect(here.config.parent / "headrace.db") as database:
        database.execute("UPDATE audit_log SET actor = 'nobody'")
    database.close()
    assert here.json("privacy", "verify", code=1)["broken_at"] == 1


def refusal(here: Here, *words: str) -> str:
    """What a refused command says."""
    done = CliRunner().invoke(app, [*words, "--config", str(here.config)])
    assert isinstance(done.exception, CommandError | Unusable), done.output
    return str(done.exception)


def test_an_erasure_says_what_it_waits_for_and_what_did_not_end(
    known: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    known.config.write_text("[waterfall.deadline]\ntotal = 0.01\n")
    monkeypatch.setattr(wiring, "TO_SETTLE", 0.0)
    storage = open_storage(load(known.config, {}))
    asking = asyncio.run(storage.accounts.get("acme"))
    asyncio.run(begun(storage, asking))
    words = ("privacy", "erase", "--email", ADA.email, "--yes", "--config", str(known.config))
    done = CliRunner().invoke(app, words)
    storage.close()

    assert done.exit_code == 1
    assert "waiting for searches under way (1), 0.01 seconds at most" in done.stderr
    assert "ERASE AGAIN: 1 searches have not ended" in done.stdout
