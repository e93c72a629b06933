"""JSON on its way out."""

from litestar.response.base import ASGIResponse

from headrace.ports import Reply

REPLAYED = {"Idempotency-Replayed": "true"}


def json_answer(body: bytes, headers: dict[str, str] | None = None, status: int = 200) -> ASGIResponse:
    """A body that is written already."""
    return ASGIResponse(body=body, media_type="application/json", headers=headers, status_code=status)


def reply_answer(reply: Reply) -> ASGIResponse:
    """The answer that an earlier request with the same `Idempotency-Key` got, byte for byte."""
    return json_answer(reply.body, dict(REPLAYED), reply.status)
