"""`POST /v2/emails/verify`, with the mail hosts asked over real sockets."""

import asyncio
from typing import Any

import pytest

from headrace.operate.persons import Selectors, identify
from headrace.operate.ports import OPERATOR
from headrace.sandbox.mail import MailLab
from headrace.sandbox.mail.mailboxes import ODD
from tests.stack import Reply, Stack

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


async def test_nothing_is_asked_about_who_must_be_left_alone(stack: Stack, lab: MailLab) -> None:
    address = f"erika@normal.{ODD}"
    before = dialled(lab)
    await stack.headrace.storage.suppressions.add(identify(Selectors(email=address)), "test", OPERATOR)
    answer = await verify(stack, f" Erika+news@Normal.{ODD} ")
    assert (answer["verdict"], answer["reason"]) == ("unknown", "suppressed")
    assert (answer["bounce_probability"], answer["evidence"]) == (None, [])
    assert dialled(lab) == before


async def test_a_verdict_on_somebody_who_objected_since_is_not_repeated(stack: Stack) -> None:
    key = await stack.open_account("repeats an objector")
    address = f"otto@normal.{ODD}"
    assert (await once(stack, key, address)).json["reason"] != "suppressed"
    await stack.headrace.storage.suppressions.add(identify(Selectors(email=address)), "test", OPERATOR)
    again = await once(stack, key, address)
    assert (again.json["verdict"], again.json["reason"]) == ("unknown", "suppressed")


def dialled(lab: MailLab) -> int:
    """How often any mail host was spoken to."""
    return sum(lab.book.commands.values())


async def once(stack: Stack, key: str, address: object, name: str = "k") -> Reply:
    return await stack.send("POST", PATH, key=key, body={"email": address}, Idempotency_Key=name)


def replayed(reply: Reply) -> bool:
    return reply.headers.get("Idempotency-Replayed") == "true"


@pytest.mark.parametrize(
    "address", [f"ana@normal.{ODD}", f" ANA+x@Normal.{ODD} ", "ana", "", "a b@ç.example"]
)
async def test_a_repeated_request_gets_the_same_bytes_and_asks_nobody(
    stack: Stack, lab: MailLab, address: str
) -> None:
    key = await stack.open_account(f"repeats {address!r}")
    first = await once(stack, key, address)
    asked = dialled(lab)
    again = [await once(stack, key, address) for _ in range(3)]
    assert dialled(lab) == asked
    usual = await stack.send("POST", PATH, key=key, body={"email": address})

    assert (first.status, replayed(first)) == (200, False)
    assert all("X-RateLimit-Remaining" in each.headers for each in [first, *again])
    assert {(each.status, each.text, replayed(each)) for each in again} == {(200, first.text, True)}
    assert usual.text == first.text
    assert not replayed(usual)


async def test_many_at_once_are_one(stack: Stack, lab: MailLab) -> None:
    key, address = await stack.open_account("many"), f"ana@greylist.{ODD}"
    before = dialled(lab)
    await stack.send("POST", PATH, key=key, body={"email": address})
    one = dialled(lab) - before
    replies = await asyncio.gather(*(once(stack, key, address) for _ in range(100)))
    assert {each.status for each in replies} == {200}
    assert len({each.text for each in replies}) == 1
    assert sum(not replayed(each) for each in replies) == 1
    assert 0 < dialled(lab) - before - one <= one


async def test_another_body_under_the_same_key_is_refused(stack: Stack) -> None:
    key = await stack.open_account("another")
    await once(stack, key, "ana")
    for other in ("bob", 7, None):
        reply = await once(stack, key, other)
        assert (reply.status, reply.json["code"]) == (422, "idempotency_key_reused")
    assert replayed(await once(stack, key, "ana"))


async def test_a_request_that_was_refused_may_be_corrected_under_the_same_key(stack: Stack) -> None:
    key = await stack.open_account("corrects")
    assert (await once(stack, key, 7)).status == 400
    reply = await once(stack, key, "ana")
    assert (reply.status, replayed(reply)) == (200, False)
    long = await once(stack, key, "ana", "x" * 256)
    assert (long.status, long.json["code"]) == (400, "bad_request")


async def test_what_is_kept_under_a_key_does_not_hold_the_address(stack: Stack) -> None:
    """An erasure would not find it."""
    key = await stack.open_account("keeps")
    await once(stack, key, f"zqcanary@normal.{ODD}")
    vault = stack.headrace.storage.vault
    kept = [vault.open(row[0]) for row in stack.rows("SELECT answer FROM idempotency_keys")]
    assert kept
    assert not any(b"zqcanary" in each for each in kept)
