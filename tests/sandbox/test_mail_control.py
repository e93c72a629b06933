"""The mail lab's own endpoints."""

from typing import Any

import msgspec
import pytest

from headrace.sandbox.mail import MailLab
from headrace.sandbox.mail.control import MailControl
from headrace.sandbox.wire import Request
from headrace.sandbox.world import build


@pytest.fixture(scope="module")
def lab() -> MailLab:
    return MailLab(build(7), dns_port=5353, smtp_port=2525)


def call(lab: MailLab, method: str, name: str, body: object = None) -> tuple[int, Any]:
    sent = b"" if body is None else msgspec.json.encode(body)
    answer = MailControl(lab).answer(Request(method, f"/_mail/{name}", b"", {}, sent))
    return answer.status, msgspec.json.decode(answer.body)


def test_settings(lab: MailLab) -> None:
    assert call(lab, "GET", "settings") == (
        200,
        {
            "dns": {"servers": ["127.0.0.1:5353"]},
            "probe": {"port": 2525, "allow_private": ["127.0.0.0/8"]},
        },
    )


def test_counts_and_reset(lab: MailLab) -> None:
    lab.book.sessions, lab.book.commands["DATA"] = 3, 1
    counts = {"sessions": 3, "open": 0, "commands": {"DATA": 1}, "questions": 0}
    assert call(lab, "GET", "counts") == (200, counts)
    assert call(lab, "POST", "reset") == (200, {"reset": True})
    assert call(lab, "GET", "counts")[1]["commands"] == {}


def test_cases(lab: MailLab) -> None:
    status, cases = call(lab, "GET", "cases")
    assert (status, cases["tarpit"]) == (200, "tarpit.lab.example")


def test_sessions(lab: MailLab) -> None:
    assert call(lab, "GET", "sessions") == (200, [])


def test_forward(lab: MailLab) -> None:
    assert call(lab, "POST", "forward", {"seconds": 60}) == (200, {"forward": 60})


@pytest.mark.parametrize("body", [{}, {"seconds": "a"}, {"seconds": True}, []])
def test_forward_by_what(lab: MailLab, body: object) -> None:
    assert call(lab, "POST", "forward", body)[0] == 400


@pytest.mark.parametrize(("method", "name"), [("GET", "forward"), ("POST", "counts"), ("GET", "else")])
def test_nothing_else(lab: MailLab, method: str, name: str) -> None:
    assert call(lab, method, name)[0] == 404
