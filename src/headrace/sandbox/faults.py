"""Faults on demand: which calls fail next, and what each fault answers."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from headrace.sandbox.desk import Desk
from headrace.sandbox.vendor import Route, Vendor
from headrace.sandbox.wire import BadInput, Request, Response

REDIRECTED = "/_redirected"
CAPABILITIES = frozenset({"email", "personal_email", "phone", "verify"})
SHAPES = frozenset(
    {
        "malformed_json",
        "wrong_type",
        "html",
        "invalid_utf8",
        "http_500",
        "http_503",
        "rate_limited",
        "out_of_credits",
        "bad_key",
        "redirect",
    }
)
STREAMS = frozenset({"timeout", "reset", "slow_body", "huge_body", "gzip_bomb"})
FAULTS = SHAPES | STREAMS | {"miss"}

_PAGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Please wait.</body></html>"


@dataclass(slots=True)
class _Planned:
    fault: str
    left: int


class Script:
    """The faults still to come, in order, for each vendor and capability."""

    def __init__(self) -> None:
        self._queues: dict[tuple[str, str], deque[_Planned]] = {}

    def add(self, vendor: str, capability: str, fault: str, count: int) -> None:
        """Let the next `count` calls fail this way, after those already scripted."""
        self._queues.setdefault((vendor, capability), deque()).append(_Planned(fault, count))

    def take(self, vendor: str, kinds: tuple[str, ...]) -> str | None:
        """The fault for a call of these kinds, used up: the first kind that has one decides."""
        for kind in kinds:
            queue = self._queues.get((vendor, kind))
            if queue:
                planned = queue[0]
                planned.left -= 1
                if planned.left == 0:
                    queue.popleft()
                return planned.fault
        return None

    def reset(self) -> None:
        """Nothing fails any more."""
        self._queues.clear()


def true_answer(vendor: Vendor, route: Route, request: Request, desk: Desk) -> Response:
    """The vendor's own answer, or its refusal of a request that cannot be used."""
    try:
        return route.handle(request, desk)
    except BadInput as problem:
        return vendor.refusals.bad_input(request, problem)


def bend(fault: str, vendor: Vendor, route: Route, request: Request, desk: Desk, root: str) -> Response:
    """The answer of a scripted fault; for `desk` everybody is the documented contact, and free."""
    refusals = vendor.refusals
    answers: dict[str, Callable[[], Response]] = {
        "http_500": lambda: refusals.server_error(request, 500),
        "http_503": lambda: refusals.server_error(request, 503),
        "rate_limited": lambda: refusals.rate_limited(request, desk),
        "out_of_credits": lambda: refusals.out_of_credits(request, desk),
        "bad_key": lambda: refusals.bad_key(request, desk),
        "html": lambda: Response(200, _PAGE, content_type="text/html; charset=utf-8"),
        "redirect": lambda: Response(302, b"", headers=(("location", f"{root}/{vendor.name}{REDIRECTED}"),)),
        "malformed_json": lambda: _truncated(true_answer(vendor, route, request, desk)),
        "invalid_utf8": lambda: _mangled(true_answer(vendor, route, request, desk)),
        "wrong_type": lambda: _distorted(true_answer(vendor, route, request, desk), route.asked(request)),
    }
    return answers[fault]()


def _truncated(answer: Response) -> Response:
    return Response(answer.status, answer.body[: max(1, len(answer.body) // 2)])


def _mangled(answer: Response) -> Response:
    """The first string value, or failing that the first key, begins with bytes that are not UTF-8."""
    body = answer.body
    at = body.find(b':"') + 2 if b':"' in body else 2
    return Response(answer.status, body[:at] + b"\xff\xfe\xc3\x28" + body[at:])


def _distorted(answer: Response, kinds: tuple[str, ...]) -> Response:
    content = _distort(msgspec.json.decode(answer.body), bools="verify" in kinds)
    return Response(answer.status, msgspec.json.encode(content))


def _distort(value: object, bools: bool) -> object:
    """The same keys with values of another type; flags stay where they only guard a value."""
    if isinstance(value, dict):
        return {key: _distort(member, bools) for key, member in value.items()}
    if isinstance(value, bool):
        return "perhaps" if bools else value
    if isinstance(value, int | float):
        return ["forty-two"]
    return 42
