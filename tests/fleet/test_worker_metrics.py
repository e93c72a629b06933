"""What a worker has done can be scraped where it is told so, and nothing else is served there."""

import json
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from tests.fleet.process import Process, command

VENDOR = {"PROVIDERS__HUNTER__API_KEY": "not asked"}


def get(url: str, path: str) -> tuple[int, str]:
    place = urlsplit(url)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_it_says_what_it_has_done_and_that_it_lives(tmp_path: Path) -> None:
    with Process(tmp_path, "worker", "--metrics-port", "0", settings=VENDOR) as worker:
        url = worker.said["metrics_url"]
        assert (worker.said["working"], urlsplit(url).hostname) == (True, "127.0.0.1")
        status, text = get(url, "/metrics")
        assert (status, "headrace_credits_charged_total 0.0" in text) == (200, True)
        status, text = get(url, "/healthz")
        assert (status, json.loads(text)["status"]) == (200, "ok")
        assert [get(url, path)[0] for path in ("/readyz", "/v2/credits", "/docs")] == [404] * 3


def test_a_port_that_cannot_be_is_named(tmp_path: Path) -> None:
    refused = command(tmp_path, VENDOR, "worker", "--metrics-port", "70000")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "70000" in refused.stderr.splitlines()[-1]
