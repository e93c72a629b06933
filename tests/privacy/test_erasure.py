"""What is on its way to being kept when a person is erased is erased too."""

import asyncio
import math
from collections.abc import Iterator
from threading import Semaphore
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from headrace.domain.model import Account, EnrichmentRequest, Field
from headrace.engine import run
from headrace.operate.persons import Selectors, identify
from headrace.operate.ports import OPERATOR
from headrace.ports import Claim
from headrace.storage import erasure
from headrace.storage.erasure import PATIENT, Erased, Patience
from headrace.storage.opening import Storage
from tests.faults.waiting import until
from tests.memory.asking import account as who_remembers
from tests.privacy.people import ADA, BOB, HOOK, begun, ended, enriched, made, remembered
from tests.stack import SEED, Stack, running
from tests.storage.backends import Backend
from tests.storage.making import account, crash

WHO = identify(Selectors(email=ADA.email))
MATHIEU = identify(Selectors(email="mathieu@prontohq.com"))


@pytest.fixture(autouse=True)
def _nothing_takes_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "IN_FLIGHT", 0.0)


@pytest.fixture
async def acme(storage: Storage) -> Account:
    return await account(storage, credits=900_000)


class Erasing:
    """An erasure by Ada's address, and what it waits for."""

    def __init__(self, storage: Storage, patience: Patience = PATIENT) -> None:
        self.waits = asyncio.Queue[str]()
        self._erasing = asyncio.create_task(
            storage.persons.erase(WHO, OPERATOR, patience, lambda what, _seconds: self.waits.put_nowait(what))
        )

    async def finished(self) -> Erased:
        return await self._erasing


async def test_a_search_under_way_leaves_nothing(storage: Storage, backend: Backend, acme: Account) -> None:
    hers, his = await begun(storage, acme, "hers"), await begun(storage, acme, "his")
    erasing = Erasing(storage)
    assert await erasing.waits.get() == "searches under way (2)"
    await ended(storage, acme, ADA, made(hers, ADA, HOOK, found=True), "hers")
    await ended(storage, acme, BOB, made(his, BOB, HOOK, found=True), "his")
    erased = await erasing.finished()

    assert (erased.enrichments, erased.webhooks, erased.replies, erased.unfinished) == (1, 1, 1, 0)
    assert erased.recipients == {"acme"}
    assert await storage.enrichments.get(hers, acme.id) is None
    assert await storage.idempotency.look(Claim(f"{acme.id}:hers", "the same")) is None
    assert backend.rows("SELECT COUNT(*) FROM subjects WHERE record_id = :id", id=hers) == [(0,)]
    assert await storage.enrichments.get(his, acme.id)
    assert await storage.idempotency.look(Claim(f"{acme.id}:his", "the same"))


async def test_what_was_known_before_finds_what_has_come_since(storage: Storage, acme: Account) -> None:
    """A search that has nothing but the profile in common with what was erased first."""
    await enriched(storage, acme, ADA)
    later = await begun(storage, acme)
    erasing = Erasing(storage)
    await erasing.waits.get()
    await ended(storage, acme, ADA, made(later, ADA, None, found=False))
    assert (await erasing.finished()).enrichments == 2
    assert await storage.enrichments.get(later, acme.id) is None


async def test_a_contact_that_goes_back_to_the_queue_is_taken_out_of_it(
    storage: Storage, acme: Account
) -> None:
    request = EnrichmentRequest(ADA.contact, (Field.EMAIL,))
    await enriched(storage, acme, ADA)
    await storage.enrichments.queue([request], acme, [3_000], ["e1"])
    assert [taken.id for taken in await storage.enrichments.take(acme.id, 5)] == ["e1"]
    erasing = Erasing(storage)
    await erasing.waits.get()
    await storage.enrichments.put_back("e1")
    assert (await erasing.finished()).enrichments == 2
    assert not await storage.enrichments.take(acme.id, 5)
    assert (await storage.audit()).balanced


async def test_what_a_dead_process_left_is_not_waited_for(storage: Storage, backend: Backend) -> None:
    dead = backend.open()
    acme = await account(dead, credits=9_000)
    request = EnrichmentRequest(ADA.contact, (Field.EMAIL,))
    await dead.enrichments.queue([request], acme, [3_000], ["e1"])
    await dead.enrichments.take(acme.id, 5)
    await begun(dead, acme)
    await enriched(storage, acme, ADA)
    crash(dead)
    erased = await Erasing(storage).finished()
    assert (erased.unfinished, erased.enrichments) == (0, 2)
    assert not await storage.enrichments.take(acme.id, 5)


async def test_a_search_that_does_not_end_is_told(storage: Storage, acme: Account) -> None:
    await begun(storage, acme)
    assert (await Erasing(storage, Patience(searches=0.01)).finished()).unfinished == 1


async def test_an_answer_that_comes_after_the_end_of_its_search_is_forgotten(
    storage: Storage, acme: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = asyncio.Event()
    sleep = asyncio.sleep

    async def pause(seconds: float) -> None:
        """The time in which answers may come is over when the test says so."""
        await (over.wait() if seconds == PATIENT.answers else sleep(seconds))

    monkeypatch.setattr(erasure, "asyncio", SimpleNamespace(sleep=pause))
    under_way = await begun(storage, acme)
    erasing = Erasing(storage)
    await erasing.waits.get()
    done = made(under_way, ADA, None, found=True)
    late = replace(done.attempts[1], outcome="failed", reason="deadline", accepted=False, values=())
    await ended(storage, acme, ADA, replace(done, attempts=(done.attempts[0], late)))
    assert await erasing.waits.get() == "late answers"
    await storage.suppressions.remove(WHO, OPERATOR)  # as if it did not say that it is hers
    question = await remembered(storage, ADA, at=storage.ledger._clock.wall())
    over.set()
    assert (await erasing.finished()).answers == 1
    assert await storage.remembered.recall(question) is None


@pytest.mark.parametrize(("since", "goes_on"), [(1.0, False), (None, True)])
async def test_of_what_was_put_off_an_answer_may_still_come(
    storage: Storage, acme: Account, since: float | None, goes_on: bool
) -> None:
    await enriched(storage, acme, ADA)
    await storage.enrichments.queue([EnrichmentRequest(ADA.contact, (Field.PHONE,))], acme, [3_000], ["e1"])
    await storage.enrichments.take(acme.id, 5)
    erasing = Erasing(storage, Patience(answers=0.01))
    assert await erasing.waits.get() == "searches under way (1)"
    await storage.enrichments.put_off("e1", 0.0, since, goes_on)
    assert await erasing.waits.get() == "late answers"
    assert (await erasing.finished()).enrichments == 2


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("erasure")) as made:
        yield made


@pytest.fixture
async def known(stack: Stack) -> Stack:
    """The stack, in which nobody is left alone."""
    await stack.headrace.storage.suppressions.remove(MATHIEU, OPERATOR)
    return stack


@pytest.fixture
async def slow(known: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The same, where a vendor answers later than the others, once it is let. On a busy machine every search
    could be so long that it looks again whom to leave alone: here none does."""
    stack = known
    monkeypatch.setattr(run, "LONG", math.inf)
    await stack.control("_control/latency", vendor="prospeo", ms=1)
    await stack.fault("leadmagic", "phone", "miss")
    return stack


async def test_a_search_that_a_server_carries_out_is_waited_for(slow: Stack, answers: Semaphore) -> None:
    """The address is there at once, the number comes while the person is erased."""
    waits = asyncio.Queue[str]()
    key = await who_remembers(slow)
    body: dict[str, Any] = {**SEED, "enrichment_type": ["email", "phone"], "custom": {"our": "number 7"}}
    asked = asyncio.create_task(
        slow.send("POST", "/v2/contacts/single_enrich", key=key, body=body, Idempotency_Key="slow")
    )
    await until(lambda: found_by_then(slow))
    erasing = asyncio.create_task(
        slow.headrace.storage.persons.erase(
            MATHIEU, OPERATOR, PATIENT, lambda what, _seconds: waits.put_nowait(what)
        )
    )
    assert await waits.get() == "searches under way (1)"
    answers.release()
    erased = await erasing

    assert (erased.enrichments, erased.unfinished) == (1, 0)
    assert (await asked).status == 200
    for table in ("answers", "subjects", "idempotency_keys"):
        assert slow.rows(f"SELECT COUNT(*) FROM {table}")[0][0] == 0, table
    assert not slow.rows("SELECT id FROM enrichments WHERE record IS NOT NULL")


async def test_one_address_empties_the_memory_of_all_that_was_found(known: Stack) -> None:
    """Each vendor's answers are filed under what the request said and under what that answer says."""
    key = await who_remembers(known)
    kinds = ("email", "phone", "personal_email")
    assert (await known.enrich(*kinds, key=key)).json["phones"]
    assert (await known.enrich("email", key=key, linkedin_url=None)).json["email"]
    assert known.rows("SELECT COUNT(*) FROM answers")[0][0] >= len(kinds)
    await known.headrace.storage.persons.erase(MATHIEU, OPERATOR)
    assert known.rows("SELECT COUNT(*) FROM answers")[0][0] == 0


async def found_by_then(stack: Stack) -> bool:
    """Whether the slow vendor was asked and the others' answers, the address among them, are remembered."""
    asked = (await stack.calls())["prospeo"]
    return bool(asked) and stack.rows("SELECT COUNT(*) FROM answers")[0][0] == 2
