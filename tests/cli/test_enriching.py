"""Enriching and checking from the terminal, against rehearsal vendors in a process of their own."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import SEED, VENDORS, Here, at, config_file, process, request, serving

FOUND = {"email": "mathieu@prontohq.com", "email_status": "valid"}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`headrace sandbox`, answering at once."""
    with serving("sandbox", cwd=tmp_path_factory.mktemp("sandbox")) as announced:
        assert list(announced) == ["sandbox_url"]
        url: str = announced["sandbox_url"]
        assert request("POST", f"{url}/_control/latency", body={"ms": 0})[0] == 200
        yield url


@pytest.fixture
def here(tmp_path: Path, sandbox: str) -> Here:
    """Commands whose vendors are the sandbox's."""
    return Here(config_file(tmp_path, at(sandbox)))


def test_enrich_prints_the_answer_its_price_and_its_attempts_as_json(here: Here, tmp_path: Path) -> None:
    done = process("enrich", *SEED, "--type", "email,phone", "--json", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert {key: answer[key] for key in FOUND} == FOUND
    assert (answer["status"], answer["phones"]) == ("success", ["+33612345678"])
    assert "personal_email" not in answer
    assert answer["credits_charged"] == 33
    assert {attempt["field"] for attempt in answer["attempts"]} == {"email", "phone"}
    accepted = [attempt for attempt in answer["attempts"] if attempt["accepted"]]
    assert {attempt["outcome"] for attempt in accepted} == {"found"}
    assert "made the account 'local'" in done.stderr
    account = here.json("accounts", "show", "local")
    assert (account["available"], account["held"]) == (1000 - 33, 0)


def test_enrich_prints_a_table_for_people(here: Here, tmp_path: Path) -> None:
    here.json("accounts", "create", "acme", "--credits", "10")
    done = process("enrich", *SEED, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    for expected in ("mathieu@prontohq.com", "Waterfall", "leadmagic", "found"):
        assert expected in done.stdout
    assert here.json("accounts", "show", "acme")["available"] == 7


def test_enrich_asks_who_pays_when_there_are_several_accounts(here: Here, tmp_path: Path) -> None:
    for name in ("first", "second"):
        here.json("accounts", "create", name, "--credits", "10")

    asked = process("enrich", *SEED, cwd=tmp_path)
    assert asked.returncode == 2
    assert asked.stderr == "headrace: say who pays with --account NAME; there are first, second\n"

    paid = process("enrich", *SEED, "--account", "second", "--json", cwd=tmp_path)
    assert paid.returncode == 0, paid.stderr
    listed = {one["name"]: one["available"] for one in here.json("accounts", "list")}
    assert listed == {"first": 10, "second": 7}


def test_enrich_is_refused_in_one_line_and_free_of_charge(here: Here, tmp_path: Path) -> None:
    here.json("accounts", "create", "acme", "--credits", "2")
    poor = process("enrich", *SEED, cwd=tmp_path)
    assert (poor.returncode, poor.stdout) == (1, "")
    assert poor.stderr.startswith("headrace: Insufficient enrichment credits. ")

    without = process("enrich", *SEED, "--type", "personal_email", cwd=tmp_path)
    assert (without.returncode, without.stderr.count("\n")) == (1, 1)
    assert "consent" in without.stderr

    account = here.json("accounts", "show", "acme")
    assert (account["available"], account["held"]) == (2, 0)


def test_enrich_without_a_vendor_says_what_to_do(tmp_path: Path) -> None:
    Here(config_file(tmp_path)).json("accounts", "create", "acme", "--credits", "10")
    done = process("enrich", *SEED, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "headrace: no provider is configured: set a key such as providers.leadmagic.api_key\n"
    )


def test_enrich_finds_nobody_without_an_error(here: Here, tmp_path: Path) -> None:
    here.json("accounts", "create", "acme", "--credits", "10")
    done = process(
        *("enrich", "--firstname", "No", "--lastname", "Body", "--domain", "nowhere.example", "--json"),
        cwd=tmp_path,
    )

    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["status"], answer["email"], answer["credits_charged"]) == ("error", None, 0)
    assert answer["message"] == "No email found for this profile"


def test_providers_check_prints_each_balance(here: Here) -> None:
    checked = here.json("providers", "check")

    assert sorted(line["provider"] for line in checked) == sorted(VENDORS)
    for line in checked:
        assert set(line) == {"provider", "ok", "credits", "pools", "error"}
        assert (line["ok"], line["error"]) == (True, None)
        assert line["credits"] is not None or line["pools"]
    assert "leadmagic" in here.says("providers", "check")


def test_providers_check_names_the_vendor_whose_key_is_bad_and_exits_1(tmp_path: Path, sandbox: str) -> None:
    here = Here(config_file(tmp_path, at(sandbox, keys={"hunter": "bad-key"})))

    checked = here.json("providers", "check", code=1)
    wrong = [line for line in checked if not line["ok"]]
    assert [(line["provider"], line["error"]) for line in wrong] == [("hunter", "bad_key")]
    assert "bad-key" not in json.dumps(checked)
    assert "bad_key" in here.says("providers", "check", code=1)


def test_providers_check_says_which_vendor_cannot_be_reached(tmp_path: Path) -> None:
    here = Here(config_file(tmp_path, at("http://127.0.0.1:1", only=("prospeo",))))

    (line,) = here.json("providers", "check", code=1)
    assert (line["provider"], line["ok"], line["error"]) == ("prospeo", False, "connect_failed")


def test_the_demo_shows_request_answer_and_attempts_from_any_folder(tmp_path: Path) -> None:
    done = process("demo", "--json", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert list(shown) == ["request", "answer", "attempts"]
    assert shown["request"]["enrichment_type"] == ["email", "phone", "personal_email"]
    answer = shown["answer"]
    assert {key: answer[key] for key in FOUND} == FOUND
    assert (answer["phones"], answer["personal_email"]) == (["+33612345678"], "mathieu.bp@gmail.com")
    assert answer["custom"] == shown["request"]["custom"]
    assert {attempt["field"] for attempt in shown["attempts"]} == {"email", "phone", "personal_email"}
    assert list(tmp_path.iterdir()) == []


def test_settings_come_from_the_folder_the_option_and_the_environment(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    Here(config_file(one)).json("accounts", "create", "in one")

    def names(*options: str, **environment: str) -> list[str]:
        done = process("accounts", "list", "--json", *options, cwd=two, environment=environment)
        assert done.returncode == 0, done.stderr
        return [one["name"] for one in json.loads(done.stdout)]

    assert names("--config", str(one / "headrace.toml")) == ["in one"]
    assert names("--config", "../one/headrace.toml") == ["in one"]
    assert names(HEADRACE_DATABASE__URL=f"sqlite:///{one / 'headrace.db'}") == ["in one"]
    assert not (two / "headrace.db").exists()
    assert names() == []
    assert (two / "headrace.db").exists()
