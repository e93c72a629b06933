"""`POST /v2/emails/verify`, with the mail hosts asked over real sockets."""

from typing import Any

import pytest

from headrace.sandbox.mail import MailLab
from headrace.sandbox.mail.mailboxes import ODD
from tests.stack import Stack

PATH = "/v2/emails/verify"

VERDICTS = [
    (f"ana@normal.{ODD}", "deliverable", "mailbox_accepted"),
    (f" ANA@Normal.{ODD} ", "deliverable", "mailbox_accepted"),
    (f"nobody@normal.{ODD}", "invalid", "mailbox_not_found"),
    (f"full@normal.{ODD}", "risky", "mailbox_full"),
    (f"ana@catchall.{ODD}", "risky", "catch_all"),
    (f"ana@greylist.{ODD}", "unknown", "greylisted"),
    (f"ana@policy.{ODD}", "unknown", "blocked_by_policy"),
    (f"ana@yahoo.{ODD}", "unknown", "host_accepts_anything"),
    (f"ana@private.{ODD}", "unknown", "mail_host_not_public"),
    (f"ana@servfail.{ODD}", "unknown", "dns_failed"),
    (f"ana@nullmx.{ODD}", "invalid", "null_mx"),
    (f"ana@nowhere.{ODD}", "invalid", "domain_not_found"),
    ("ana@mailinator.com", "risky", "disposable"),
    ("ana", "invalid", "malformed"),
    ("", "invalid", "malformed"),
    ("a b@c.example", "invalid", "malformed"),
]


async def verify(stack: Stack, address: str) -> Any:
    reply = await stack.send("POST", PATH, body={"email": address})
    assert reply.status == 200, reply.text
    return reply.json


@pytest.mark.parametrize(("address", "verdict", "reason"), VERDICTS)
async def test_verdict(stack: Stack, address: str, verdict: str, reason: str) -> None:
    answer = await verify(stack, address)
    assert (answer["verdict"], answer["reason"]) == (verdict, reason)
    assert (answer["bounce_probability"] is None) == (verdict == "unknown")
    assert list(answer) == ["email", "verdict", "reason", "bounce_probability", "evidence"]


async def test_probabilities_follow_the_verdict(stack: Stack) -> None:
    low, even, high = [
        (await verify(stack, f"{address}.{ODD}"))["bounce_probability"]
        for address in ("ana@normal", "ana@catchall", "nobody@normal")
    ]
    assert low < 0.05 < even < 0.95 < high


async def test_the_evidence_names_every_check(stack: Stack) -> None:
    answer = await verify(stack, f"ana@normal.{ODD}")
    assert [(item["check"], item["result"]) for item in answer["evidence"]] == [
        ("syntax", "yes"),
        ("role", "no"),
        ("disposable", "no"),
        ("free_mail", "no"),
        ("domain", "yes"),
        ("mail_host", "unknown"),
        ("mailbox", "yes"),
        ("catch_all", "no"),
    ]


async def test_private_mail_hosts_are_never_dialled_and_nothing_is_ever_sent(
    stack: Stack, lab: MailLab
) -> None:
    before = sum(lab.book.commands.values())
    await verify(stack, f"ana@private.{ODD}")
    assert sum(lab.book.commands.values()) == before
    assert lab.book.commands["DATA"] == 0


async def test_it_costs_no_credits_and_counts_towards_the_limit(stack: Stack) -> None:
    before = await stack.balance()
    reply = await stack.send("POST", PATH, body={"email": f"ana@normal.{ODD}"})
    assert int(reply.headers["X-RateLimit-Remaining"]) < int(reply.headers["X-RateLimit-Limit"])
    assert await stack.balance() == before


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"{}", 400, "bad_request"),
        (b'{"email": 7}', 400, "bad_request"),
        (b"[]", 400, "bad_request"),
        (b"{", 400, "bad_request"),
    ],
)
async def test_a_body_that_is_wrong(stack: Stack, raw: bytes, status: int, code: str) -> None:
    reply = await stack.send("POST", PATH, raw=raw)
    assert (reply.status, reply.json["code"]) == (status, code)


async def test_without_a_key(stack: Stack) -> None:
    reply = await stack.send("POST", PATH, key="", body={"email": "ana"})
    assert (reply.status, reply.json["code"]) == (401, "unauthorized")


async def test_another_type_of_body(stack: Stack) -> None:
    reply = await stack.send("POST", PATH, raw=b"email=ana", Content_Type="text/plain")
    assert reply.status == 415


async def test_an_accounts_own_thresholds_decide(stack: Stack) -> None:
    """The probe's acceptance is worth a probability of 0.995: enough for most."""
    address = f"ana@normal.{ODD}"
    careful = await stack.open_account("careful", deliverable=0.999)
    usual = (await stack.send("POST", PATH, body={"email": address})).json
    strict = (await stack.send("POST", PATH, key=careful, body={"email": address})).json
    assert (usual["verdict"], strict["verdict"]) == ("deliverable", "risky")
    assert strict["reason"] == "weak_evidence"
    assert strict["bounce_probability"] == usual["bounce_probability"]
