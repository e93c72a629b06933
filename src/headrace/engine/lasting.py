"""A vendor's answer as bytes, for others who wait for it and for later.

MessagePack and not JSON, because the vault takes JSON for a record from before records were sealed and opens
it without a key: this way nothing that was slipped in passes for an answer.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from headrace.domain.failures import Failure
from headrace.domain.model import Failed, Field, Found, Judged, Missing, Skipped
from headrace.engine.converse import Reply

_Kind = Literal["Found", "Missing", "Judged", "Failed", "Skipped"]
_KINDS = {kind.__name__: kind for kind in (Found, Missing, Judged, Failed, Skipped)}


class _Line(Struct, array_like=True):
    """The answer for one field, or, without one, for the question as a whole."""

    field: Field | None
    kind: _Kind
    answer: Raw


class _Lasting(Struct, array_like=True):
    lines: list[_Line]
    failure: Failure | None
    retry_after: float | None
    http_status: int | None
    sandbox: bool


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Lasting).decode


def encode(reply: Reply) -> bytes:
    """The answer without how it came about."""
    answers = reply.told if isinstance(reply.told, Mapping) else {None: reply.told}
    lines = [(field, type(answer).__name__, answer) for field, answer in answers.items()]
    return _encode((lines, reply.failure, reply.retry_after, reply.http_status, reply.sandbox))


def decode(data: bytes) -> Reply:
    """Raises `msgspec.MsgspecError` for what another version wrote."""
    kept = _decode(data)
    answers: dict[Any, Any] = {line.field: _opened(line) for line in kept.lines}
    told = answers.get(None, answers)
    return Reply(told, kept.failure, kept.retry_after, kept.http_status, kept.sandbox)


def _opened(line: _Line) -> object:
    return msgspec.msgpack.decode(line.answer, type=_KINDS[line.kind])
