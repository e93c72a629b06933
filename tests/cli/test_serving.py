"""The command line writes while a server runs: everything holds from the next request on."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Here, config_file, process, request, serving

PERSON = {
    "firstname": "Mathieu",
    "lastname": "Brun-Picard",
    "domain": "prontohq.com",
    "company_name": "Pronto",
    "linkedin_url": "https://www.linkedin.com/in/mathieu-brun-picard/",
}


@dataclass(frozen=True, slots=True)
class Site:
    """A running server and the commands beside it."""

    here: Here
    folder: Path
    url: str
    announced: dict[str, Any]

    def account(self, name: str, *options: str) -> str:
        """Make an account; returns its key."""
        key: str = self.here.json("accounts", "create", name, *options)["api_key"]
        return key

    def get(self, path: str, key: str) -> tuple[int, Any]:
        return request("GET", f"{self.url}{path}", key)

    def enrich(self, key: str, *kinds: str) -> tuple[int, Any]:
        body = {**PERSON, "enrichment_type": list(kinds)}
        return request("POST", f"{self.url}/v2/contacts/single_enrich", key, body)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for the module, with vendors that answer at once."""
    folder = tmp_path_factory.mktemp("serving")
    config = config_file(folder)
    with serving("serve", "--sandbox", cwd=folder) as announced:
        assert request("POST", f"{announced['sandbox_url']}/_control/latency", body={"ms": 0})[0] == 200
        yield Site(Here(config), folder, announced["url"], announced)


def test_the_server_announces_url_sandbox_and_a_ready_key(site: Site) -> None:
    assert set(site.announced) == {"url", "sandbox_url", "api_key"}
    assert request("GET", f"{site.url}/healthz")[0] == 200
    assert len(request("GET", f"{site.announced['sandbox_url']}/_world/people")[1]) >= 1000
    status, answer = site.enrich(site.announced["api_key"], "email", "phone", "personal_email")
    assert (status, answer["email"]) == (200, "mathieu@prontohq.com")


def test_a_new_account_and_a_new_key_work_at_once(site: Site) -> None:
    key = site.account("new", "--credits", "10")
    another = site.here.json("keys", "create", "new")["api_key"]

    assert site.get("/v2/credits", key) == (200, {"credits": 10, "held": 0})
    assert site.enrich(another, "email")[0] == 200
    assert site.get("/v2/credits", key) == (200, {"credits": 7, "held": 0})


def test_a_revoked_key_is_refused_at_once_and_the_others_are_not(site: Site) -> None:
    key = site.account("revoked")
    another = site.here.json("keys", "create", "revoked")
    assert site.get("/v2/account", another["api_key"])[0] == 200

    site.here.json("keys", "revoke", another["key_id"])

    assert site.get("/v2/account", another["api_key"])[0] == 401
    assert site.enrich(another["api_key"], "email")[0] == 401
    assert site.get("/v2/account", key)[0] == 200


def test_consent_holds_from_the_next_request_on(site: Site) -> None:
    key = site.account("consenting", "--credits", "100")
    assert site.enrich(key, "personal_email")[0] == 422

    site.here.json("accounts", "consent", "consenting", "--grant")
    assert site.enrich(key, "personal_email")[0] == 200

    site.here.json("accounts", "consent", "consenting", "--withdraw")
    assert site.enrich(key, "personal_email")[0] == 422
    assert site.get("/v2/credits", key)[1] == {"credits": 70, "held": 0}


def test_settings_hold_from_the_next_request_on(site: Site) -> None:
    key = site.account("settings", "--credits", "1000")
    assert site.enrich(key, "email")[1]["email_status"] == "valid"
    assert site.enrich(key, "phone")[1]["phones"] == ["+33612345678"]

    site.here.json("accounts", "set", "settings", "--email-status-vocabulary", "deliverability")
    site.here.json("accounts", "set", "settings", "--phone-countries", "US")

    assert site.enrich(key, "email")[1]["email_status"] == "deliverable"
    assert site.enrich(key, "phone")[1]["phones"] == []
    account = site.get("/v2/account", key)[1]
    assert account["phone_country_codes"] == ["US"]


def test_credits_hold_from_the_next_request_on(site: Site) -> None:
    key = site.account("poor")
    status, answer = site.enrich(key, "email")
    assert (status, answer["message"]) == (422, "Insufficient enrichment credits")

    site.here.json("credits", "add", "poor", "3")
    assert site.enrich(key, "email")[0] == 200
    assert site.enrich(key, "email")[0] == 422

    site.here.json("credits", "add", "poor", "4")
    site.here.json("credits", "add", "poor", "-2")
    assert site.enrich(key, "email")[0] == 422
    assert site.here.json("accounts", "show", "poor")["available"] == 2


def test_the_ledger_is_verified_while_serving(site: Site) -> None:
    before = site.here.json("ledger", "verify")
    assert before["balanced"] is True
    assert site.enrich(site.announced["api_key"], "email")[0] == 200

    after = site.here.json("ledger", "verify")
    assert after["balanced"] is True
    assert after["entries"] > before["entries"]


def test_a_process_of_its_own_writes_as_well(site: Site) -> None:
    made = process("accounts", "create", "elsewhere", "--credits", "5", "--json", cwd=site.folder)

    assert (made.returncode, made.stderr) == (0, "")
    key = site.here.json("keys", "create", "elsewhere")["api_key"]
    assert site.get("/v2/credits", key) == (200, {"credits": 5, "held": 0})


def test_upgrading_the_schema_while_serving_has_nothing_to_do(site: Site) -> None:
    assert site.here.json("db", "upgrade")["changed"] is False


def test_nothing_that_opens_a_door_is_in_the_servers_log(site: Site) -> None:
    log = (site.folder / "stderr").read_text()

    assert "Traceback" not in log
    assert "hr_" not in log
    assert "prontohq" not in log


def test_a_key_of_a_rehearsal_opens_nothing_but_rehearsals(tmp_path: Path) -> None:
    with serving("serve", "--sandbox", cwd=tmp_path) as rehearsal:
        assert request("GET", f"{rehearsal['url']}/v2/credits", key=rehearsal["api_key"])[0] == 200
    with serving("serve", cwd=tmp_path) as real:
        assert request("GET", f"{real['url']}/v2/credits", key=rehearsal["api_key"])[0] == 401
    with serving("serve", "--sandbox", cwd=tmp_path) as again:
        assert request("GET", f"{again['url']}/v2/credits", key=rehearsal["api_key"])[0] == 200
