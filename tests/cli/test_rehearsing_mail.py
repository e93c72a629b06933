"""Verification is rehearsed too: `serve --sandbox` has a mail lab, and `sandbox --mail` lends one."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from headrace.cli.serve import _rehearse
from headrace.config import load
from headrace.sandbox.mail import lab
from headrace.sandbox.mail.mailboxes import ODD
from headrace.sandbox.mail.settings import as_toml
from tests.cli.running import config_file, process, request, serving

PATIENT = "[dns]\ntimeout = 30\n"
"""A lab on a machine that stands still for a while answers all the same."""

OWN = f"""
[waterfall.order]
email = ["headrace_finder"]

[verification]
order = ["headrace_probe"]

{PATIENT}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A server of nothing but Headrace's own finder and probe."""
    folder = tmp_path_factory.mktemp("rehearsing")
    config_file(folder, OWN)
    with serving("serve", "--sandbox", cwd=folder) as announced:
        yield announced


def post(site: dict[str, Any], path: str, body: object) -> Any:
    status, answer = request("POST", f"{site['url']}{path}", site["api_key"], body)
    assert status == 200, answer
    return answer


def people(site: dict[str, Any], policy: str) -> list[Any]:
    everyone = request("GET", f"{site['sandbox_url']}/_world/people")[1]
    return [each for each in everyone if each["mail_policy"] == policy and each["work_email"]]


def counts(site: dict[str, Any]) -> Any:
    status, told = request("GET", f"{site['sandbox_url']}/_mail/counts")
    assert status == 200
    return told


def test_addresses_of_the_world_and_of_odd_cases_are_verified(site: dict[str, Any]) -> None:
    known = people(site, "normal")[0]["work_email"]
    expected = {
        known: ("deliverable", "mailbox_accepted"),
        f"nobody.at.all@{known.partition('@')[2]}": ("invalid", "mailbox_not_found"),
        people(site, "catch_all")[0]["work_email"]: ("risky", "catch_all"),
        f"ana@greylist.{ODD}": ("unknown", "greylisted"),
        f"ana@private.{ODD}": ("unknown", "mail_host_not_public"),
        f"ana@nullmx.{ODD}": ("invalid", "null_mx"),
    }
    found = {}
    for address in expected:
        answer = post(site, "/v2/emails/verify", {"email": address})
        found[address] = (answer["verdict"], answer["reason"])
    assert found == expected
    told = counts(site)
    assert told["commands"]["RCPT"] >= 4
    assert "DATA" not in told["commands"]


def test_the_finder_and_the_probe_take_part_in_a_search(site: dict[str, Any]) -> None:
    answers = [
        post(
            site,
            "/v2/contacts/single_enrich",
            {
                "firstname": each["first_name"],
                "lastname": each["last_name"],
                "domain": each["domain"],
                "enrichment_type": ["email"],
            },
        )
        for each in people(site, "normal")[1:11]
    ]
    truth = [each["work_email"] for each in people(site, "normal")[1:11]]
    found = [answer["email"] for answer in answers]
    assert any(found)
    assert all(email in (None, true) for email, true in zip(found, truth, strict=True))
    assert "DATA" not in counts(site)["commands"]


def test_the_odd_cases_are_listed(site: dict[str, Any]) -> None:
    status, cases = request("GET", f"{site['sandbox_url']}/_mail/cases")
    assert (status, cases["tarpit"]) == (200, f"tarpit.{ODD}")


def test_without_a_lab_its_paths_are_not_there(tmp_path: Path) -> None:
    with serving("sandbox", cwd=tmp_path) as announced:
        assert set(announced) == {"sandbox_url"}
        status, answer = request("GET", f"{announced['sandbox_url']}/_mail/counts")
        assert (status, answer) == (404, {"error": "Nothing is served at /_mail/counts."})


def test_an_operators_own_name_server_stays(tmp_path: Path) -> None:
    config_file(tmp_path, '[dns]\nservers = ["127.0.0.1:9"]\ntimeout = 0.2\n')
    with serving("serve", "--sandbox", cwd=tmp_path) as announced:
        assert request("GET", f"{announced['sandbox_url']}/_mail/counts")[0] == 404
        answer = post(announced, "/v2/emails/verify", {"email": f"ana@normal.{ODD}"})
        assert answer["verdict"] == "unknown"
        assert answer["reason"].startswith("dns_")


def test_the_settings_that_are_printed_are_those_that_another_headrace_needs(tmp_path: Path) -> None:
    with serving("sandbox", "--mail", cwd=tmp_path) as announced:
        told = {name: announced[name] for name in ("dns", "probe")}
        config = config_file(tmp_path, as_toml(told).replace("[dns]\n", PATIENT))
        assert load(config, {}).probe.port == told["probe"]["port"]
        done = process("verify", f"ana@normal.{ODD}", f"ghost@normal.{ODD}", "--json", cwd=tmp_path)
        assert [line["verdict"] for line in json.loads(done.stdout)] == ["deliverable", "invalid"]
        assert request("GET", f"{announced['sandbox_url']}/_mail/settings")[1]["dns"] == told["dns"]


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = process("sandbox", "--mail", "--port", "0", "--dns-port", port, cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("headrace: cannot run the mail lab: ")


def test_its_ports_without_it_are_a_mistake(tmp_path: Path) -> None:
    done = process("sandbox", "--smtp-port", "2525", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "headrace: --dns-port and --smtp-port belong to --mail\n"


def test_where_the_lab_cannot_listen_a_rehearsal_goes_on_without(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Addresses for documentation stand for those that only Linux has."""
    monkeypatch.setattr(lab, "NETWORK", "192.0.2")
    before = load(None, {})
    with ExitStack() as stack:
        settings, url = _rehearse(stack, before)
        assert request("GET", f"{url}/_mail/counts")[0] == 404
        assert len(request("GET", f"{url}/_world/people")[1]) > 1000
    assert (settings.dns, settings.probe) == (before.dns, before.probe)
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("headrace: without mail servers to ask")


def test_nobody_elses_start_waits_for_the_lab() -> None:
    """`serve` imports the commands, `demo` the vendors besides."""
    code = (
        "import sys, headrace.cli.main, headrace.sandbox.app\n"
        "print([name for name in sys.modules if name.startswith(('headrace.sandbox.mail', 'dns'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"
