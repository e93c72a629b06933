"""What vendors answered, kept for use again."""

from collections.abc import Sequence

from headrace.engine.ids import new_id
from headrace.ports import Remembered
from headrace.storage.database import Database, Each, Statement, Steps
from headrace.storage.errors import Unusable
from headrace.storage.vault import Vault

_RECALL = "SELECT answer, found, obtained_at FROM answers WHERE question = :question"
# How long it may be kept counts from when the question was first answered, so that stays.
_REMEMBER = """
    INSERT INTO answers (question, id, found, answer, obtained_at, first_obtained_at)
    VALUES (:question, :id, :found, :answer, :at, :at)
    ON CONFLICT (question) DO UPDATE
        SET found = excluded.found, answer = excluded.answer, obtained_at = excluded.obtained_at
        WHERE answers.obtained_at <= excluded.obtained_at
    RETURNING id
"""
_SUPPRESSED = "SELECT 1 FROM suppressions WHERE digest = :digest"
_NOBODY = "DELETE FROM subjects WHERE record_id = :record"
_ABOUT = "INSERT INTO subjects (digest, record_id) VALUES (:digest, :record) ON CONFLICT DO NOTHING"


_ABOUT_IT = """
    SELECT s.record_id FROM subjects s JOIN answers a ON a.id = s.record_id WHERE s.digest = :digest
"""
_FORGET = "DELETE FROM answers WHERE id = :record"


class SqlAnswers:
    """`ports.Answers`."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def recall(self, question: bytes) -> Remembered | None:
        rows = await self._database.read(_RECALL, {"question": question})
        if not rows:
            return None
        try:
            answer = self._vault.open(rows[0]["answer"])
        except Unusable:  # sealed with a key that is not here: no loss, it can be asked for again
            return None
        return Remembered(answer, bool(rows[0]["found"]), rows[0]["obtained_at"])

    async def remember(self, question: bytes, answer: Remembered, subjects: Sequence[str]) -> None:
        digests = [self._vault.digest(each) for each in subjects]
        row = {
            "question": question,
            "id": new_id(),
            "found": answer.found,
            "answer": self._vault.seal(answer.answer),
            "at": answer.obtained_at,
        }

        def operation() -> Steps[None]:
            for digest in digests:
                if (yield Statement(_SUPPRESSED, {"digest": digest})):
                    return
            for kept in (yield Statement(_REMEMBER, row)):
                yield Statement(_NOBODY, {"record": kept[0]})
                yield Each(_ABOUT, [{"digest": digest, "record": kept[0]} for digest in digests])

        await self._database.write(operation, key=question.hex())

    async def forget(self, subject: str) -> None:
        about = {"digest": self._vault.digest(subject)}

        def operation() -> Steps[None]:
            for row in (yield Statement(_ABOUT_IT, about)):
                yield Statement(_FORGET, {"record": row[0]})
                yield Statement(_NOBODY, {"record": row[0]})

        await self._database.write(operation)
