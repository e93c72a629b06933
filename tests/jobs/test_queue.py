"""The endpoints whose caller does not wait: what they answer, refuse, hold and charge."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from headrace.domain.model import Account
from headrace.storage.accounts import SqlAccounts
from headrace.storage.audit import audit
from tests.compat.pages import CONSENT
from tests.faults.waiting import Gate
from tests.jobs.queueing import QUEUE, begins, finished, in_state, nobody, queue, queued_by, working
from tests.jobs.receiver import receiving
from tests.jobs.running import until
from tests.stack import SEED, Stack

__all__ = ["begins"]

ALWAYS = {"enrichment_id", "first_name", "last_name", "linkedin_profile_url", "status"}
KEYS = {
    "email": {"email", "email_status"},
    "personal_email": {"personal_email", "personal_email_status"},
    "phone": {"phone", "phones"},
}
PREFIXES = ("/api/v2", "/v2")


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with working(tmp_path_factory.mktemp("stack")) as made:
        yield made


async def test_the_answer_comes_at_once_and_says_pending(stack: Stack, begins: Gate) -> None:
    reply = await queue(stack, "email", custom={"crm": [1, 2.5, None]})

    assert reply.status == 200
    assert UUID(reply.json["enrichment_id"])
    assert reply.json == {
        "enrichment_id": reply.json["enrichment_id"],
        "first_name": "Mathieu",
        "last_name": "Brun-Picard",
        "status": "pending",
        "custom": {"crm": [1, 2.5, None]},
    }
    pending = await stack.send("GET", f"/v2/contacts/{reply.json['enrichment_id']}")
    assert pending.json["status"] == "pending"
    assert set(pending.json) == ALWAYS | {"custom"}
    begins.open()
    assert (await finished(stack, reply.json["enrichment_id"]))["email"] == "mathieu@prontohq.com"


@pytest.mark.parametrize(
    "kinds",
    [("email",), ("phone",), ("personal_email",), ("email", "phone"), ("phone", "email", "personal_email")],
)
async def test_the_finished_contact_has_the_keys_of_what_was_asked(
    stack: Stack, kinds: tuple[str, ...]
) -> None:
    reply = await queue(stack, *kinds)
    contact = await finished(stack, reply.json["enrichment_id"])

    assert set(contact) == ALWAYS.union(*(KEYS[kind] for kind in kinds))
    expected: dict[str, Any] = {
        "status": "finished",
        "first_name": "Mathieu",
        "linkedin_profile_url": "https://www.linkedin.com/in/mathieu-brun-picard/",
        "email": "mathieu@prontohq.com",
        "email_status": "deliverable",
        "phone": ["+33612345678"],
        "phones": ["+33612345678"],
        "personal_email_status": "valid",
    }
    for name in set(contact) & set(expected):
        assert contact[name] == expected[name]


async def test_both_prefixes_say_the_same_and_the_other_path_has_the_trace(stack: Stack) -> None:
    enrichment_id = (await queue(stack, "email", custom={"a": 1})).json["enrichment_id"]
    await finished(stack, enrichment_id)

    told = {(await stack.send("GET", f"{prefix}/contacts/{enrichment_id}")).text for prefix in PREFIXES}
    assert len(told) == 1
    assert (await stack.send("GET", f"/v2/enrichments/{enrichment_id}")).json["attempts"]


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_a_synchronous_answer_is_read_again_in_the_same_shape(stack: Stack, prefix: str) -> None:
    answer = (await stack.enrich("email", "phone", custom={"a": 1})).json
    contact = (await stack.send("GET", f"{prefix}/contacts/{answer['enrichment_id']}")).json

    assert set(contact) == ALWAYS | KEYS["email"] | KEYS["phone"] | {"custom"}
    assert (answer["status"], contact["status"]) == ("success", "finished")
    assert (answer["email_status"], contact["email_status"]) == ("valid", "deliverable")
    assert contact["phone"] == contact["phones"] == answer["phones"]


async def test_nothing_found_is_finished_with_empty_keys_and_free(stack: Stack) -> None:
    key = await stack.open_account("unlucky", 100, consents=True)
    who = nobody(1, company_name=None, linkedin_url="https://www.linkedin.com/in/nobody-at-all-1/")
    reply = await queue(stack, "email", "phone", "personal_email", key=key, **who)
    contact = await finished(stack, reply.json["enrichment_id"], key)

    assert (contact["email"], contact["email_status"]) == (None, "N/A")
    assert (contact["phone"], contact["phones"]) == ([], [])
    assert (contact["personal_email"], contact["personal_email_status"]) == (None, "N/A")
    assert await stack.balance(key) == (100, 0)


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_what_is_not_there_or_not_ours_is_404(stack: Stack, prefix: str) -> None:
    mine = (await stack.enrich("email")).json["enrichment_id"]
    stranger = await stack.open_account(f"stranger {prefix}")
    for path, key in ((f"contacts/{mine}", stranger), ("contacts/no-such-id", None)):
        reply = await stack.send("GET", f"{prefix}/{path}", key=key)
        assert (reply.status, reply.json["error"], reply.json["code"]) == (404, 404, "not_found")


@pytest.mark.parametrize("kinds", [[], ["email", "phone", "personal_email", "email"], ["fax"], "email"])
async def test_one_to_three_kinds(stack: Stack, kinds: Any) -> None:
    before = len(stack.rows("SELECT 1 FROM enrichments"))
    reply = await stack.send("POST", QUEUE, body={**SEED, "enrichment_type": kinds})
    assert (reply.status, reply.json["error"]) == (400, 400)
    assert "enrichment_type" in reply.json["message"]
    assert len(stack.rows("SELECT 1 FROM enrichments")) == before


async def test_email_needs_an_employer_unless_the_account_is_lenient(stack: Stack) -> None:
    bare = {"domain": None, "company_name": " "}
    reply = await queue(stack, "email", "phone", **bare)
    assert reply.status == 400
    assert reply.json["message"] == "domain or company_name is required when enrichment_type includes email"

    assert (await queue(stack, "phone", **bare)).status == 200
    assert (await queue(stack, "email", domain=None)).status == 200
    lenient = await stack.open_account("lenient", validation="lenient")
    assert (await queue(stack, "email", key=lenient, **bare)).status == 200


async def test_missing_consent_queues_nothing(stack: Stack) -> None:
    key = await stack.open_account("without consent")
    reply = await queue(stack, "email", "personal_email", key=key)
    assert (reply.status, reply.json["message"]) == (422, CONSENT)
    assert queued_by(stack, "without consent") == 0


async def test_consent_that_is_withdrawn_while_it_waits_holds(
    stack: Stack, begins: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await stack.open_account("withdrawing", 1000, consents=True)
    account = await stack.headrace.storage.accounts.get("withdrawing")
    for number in range(5):  # more than one thing at a time has to be done before
        await queue(stack, "email", key=key, **nobody(number, linkedin_url=None))
    reply = await queue(stack, "email", "personal_email", key=key)
    await until(lambda: len(in_state(stack, "running")) >= 5)
    noticed: list[bool] = []
    really = SqlAccounts.by_id

    async def by_id(accounts: SqlAccounts, account_id: str) -> Account | None:
        found = await really(accounts, account_id)
        noticed.append(found is not None and not found.consents_personal_email)
        return found

    monkeypatch.setattr(SqlAccounts, "by_id", by_id)
    await stack.headrace.storage.accounts.consent(account, granted=False)
    await until(lambda: any(noticed))  # the queue looks now and then whose contacts it carries out
    begins.open()

    contact = await finished(stack, reply.json["enrichment_id"], key)
    assert contact["email"] == "mathieu@prontohq.com"
    assert (contact["personal_email"], contact["personal_email_status"]) == (None, "N/A")
    assert not any("personal_email" in kinds for kinds in (await stack.calls()).values())


async def test_too_few_credits_queue_nothing(stack: Stack) -> None:
    key = await stack.open_account("poor", 32)
    reply = await queue(stack, "email", "phone", key=key)
    assert reply.status == 422
    assert reply.json == {
        "error": 422,
        "message": "Insufficient enrichment credits",
        "code": "insufficient_credits",
    }
    assert queued_by(stack, "poor") == 0
    assert await stack.balance(key) == (32, 0)


async def test_the_price_is_held_while_it_waits_and_settled_at_the_end(stack: Stack, begins: Gate) -> None:
    key = await stack.open_account("payer", 40)
    reply = await queue(stack, "email", "phone", key=key, phone_country_codes=["US"])
    assert await stack.balance(key) == (7, 33)
    begins.open()

    contact = await finished(stack, reply.json["enrichment_id"], key)
    assert (contact["email"], contact["phone"]) == ("mathieu@prontohq.com", [])
    assert await stack.balance(key) == (37, 0)
    books = await audit(stack.headrace.storage.database)
    assert (books.complaints, books.sum, books.held) == ((), 0, 0)


async def test_the_webhook_says_what_a_poll_would(stack: Stack) -> None:
    async with receiving() as hook:
        reply = await queue(stack, "email", "phone", webhook_url=hook.url, custom={"é": 1.5})
        contact = await finished(stack, reply.json["enrichment_id"])
        received = (await hook.until(1))[0]
        assert received.json == contact
        assert '"custom":{"é":1.5}' in received.body.decode()
        assert "bulk_id" not in contact


async def test_the_webhook_of_a_synchronous_answer_is_that_answer_byte_for_byte(stack: Stack) -> None:
    async with receiving() as hook:
        kinds = ("email", "phone", "personal_email")
        answer = await stack.enrich(*kinds, webhook_url=hook.url, custom={"é": [1.5, "\u2028"]})
        assert (await hook.until(1))[0].body == answer.text.encode()
