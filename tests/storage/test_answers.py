"""What vendors answered, kept on every database."""

import asyncio

from msgspec.structs import replace

from headrace.ports import Remembered
from headrace.storage.opening import Storage
from headrace.storage.vault import ConfiguredKeys, Vault
from tests.storage.backends import Backend

QUESTION, OTHER = b"\x00question-digest", b"\xffanother-digest"
WHO = ("linkedin:jane-doe", "email:jane@acme.example")
ANSWER = Remembered(b"\x95jane@acme.example", True, 1000.5)


async def test_an_answer_comes_back_as_it_was(storage: Storage) -> None:
    miss = Remembered(b"\x95", False, 7.0)
    await storage.remembered.remember(QUESTION, ANSWER, WHO)
    await storage.remembered.remember(OTHER, miss, ())
    assert await storage.remembered.recall(QUESTION) == ANSWER
    assert await storage.remembered.recall(OTHER) == miss
    assert await storage.remembered.recall(b"never asked") is None


async def test_a_newer_answer_takes_the_olders_place_and_what_it_was_about(
    storage: Storage, backend: Backend
) -> None:
    newer = Remembered(b"\x95jd@acme.example", True, 2000.0)
    await storage.remembered.remember(QUESTION, ANSWER, WHO)
    await storage.remembered.remember(QUESTION, newer, (WHO[0], "email:jd@acme.example"))
    assert await storage.remembered.recall(QUESTION) == newer
    ((found, obtained, first),) = backend.rows("SELECT found, obtained_at, first_obtained_at FROM answers")
    assert (bool(found), obtained, first) == (True, 2000.0, 1000.5)
    about = {WHO[0], "email:jd@acme.example"}
    assert _subjects(backend) == {storage.vault.digest(each) for each in about}


async def test_an_answer_that_comes_late_does_not_displace_a_newer_one(
    storage: Storage, backend: Backend
) -> None:
    await storage.remembered.remember(QUESTION, ANSWER, WHO)
    older = replace(ANSWER, found=False, obtained_at=999.0)
    await storage.remembered.remember(QUESTION, older, ("email:x@acme.example",))
    assert await storage.remembered.recall(QUESTION) == ANSWER
    assert len(_subjects(backend)) == 2


async def test_many_answers_to_one_question_at_once_leave_one(storage: Storage, backend: Backend) -> None:
    answers = [replace(ANSWER, obtained_at=float(number)) for number in range(50)]
    who = [(WHO[0], f"email:{number}@acme.example") for number in range(50)]
    await asyncio.gather(*map(storage.remembered.remember, [QUESTION] * 50, answers, who))
    assert await storage.remembered.recall(QUESTION) == answers[-1]
    assert len(_subjects(backend)) == 2


async def test_what_it_is_about_leads_to_the_answer(storage: Storage, backend: Backend) -> None:
    await storage.remembered.remember(QUESTION, ANSWER, (*WHO, *WHO))
    found = backend.rows(
        "SELECT a.question FROM answers a JOIN subjects s ON s.record_id = a.id WHERE s.digest = :digest",
        digest=storage.vault.digest(WHO[1]),
    )
    assert [bytes(row[0]) for row in found] == [QUESTION]


async def test_nothing_is_kept_about_somebody_who_must_be_left_alone(
    storage: Storage, backend: Backend
) -> None:
    await storage.suppressions.add([WHO[1]], "request", "operator")
    await storage.remembered.remember(QUESTION, ANSWER, WHO)
    assert await storage.remembered.recall(QUESTION) is None
    assert _subjects(backend) == set()


async def test_who_is_suppressed_is_forgotten(storage: Storage) -> None:
    await storage.remembered.remember(QUESTION, ANSWER, WHO)
    await storage.remembered.remember(OTHER, ANSWER, ("linkedin:jim-doe",))
    await storage.suppressions.add([WHO[0]], "request", "operator")
    assert await storage.remembered.recall(QUESTION) is None
    assert await storage.remembered.recall(OTHER) == ANSWER


async def test_the_database_tells_nothing_of_it(storage: Storage, backend: Backend) -> None:
    await storage.remembered.remember(QUESTION, ANSWER, WHO)
    dump = backend.dump()
    assert b"jane" not in dump
    assert b"acme" not in dump


async def test_what_was_sealed_with_a_lost_key_is_as_if_never_answered(storage: Storage) -> None:
    await storage.remembered.remember(QUESTION, ANSWER, WHO)
    other = Vault(storage.vault.pepper, ConfiguredKeys(["A" * 43 + "="]))
    assert await type(storage.remembered)(storage.database, other).recall(QUESTION) is None


def _subjects(backend: Backend) -> set[bytes]:
    return {bytes(row[0]) for row in backend.rows("SELECT digest FROM subjects")}
