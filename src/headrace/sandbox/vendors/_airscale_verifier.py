"""Airscale's verifier, which passes on what another company's verifier said."""

from headrace.sandbox import verdicts
from headrace.sandbox.desk import Desk
from headrace.sandbox.wire import BadInput, Json, Request, Response, reply


def required(request: Request, name: str) -> str:
    """A field that must be there."""
    value = request.text(name)
    if not value:
        raise BadInput(f"{name} is required.")
    return value


def email_verifier(request: Request, desk: Desk) -> Response:
    """A judgement of one address, paid whatever it is."""
    address = required(request, "email")
    if len(address) > 320:
        raise BadInput("email is too long.")
    desk.need(0.5)
    desk.charge(0.5)
    if desk.has("verifier_422"):
        return reply(
            {"error": "unprocessable", "message": "The upstream verifier refused this address."}, 422
        )
    body = _verifier_body(address, desk)
    if desk.has("verifier_wrapped"):
        body = {"body": body, "returned_an_error": False}
    return reply(body, 201 if desk.has("verifier_201") else 200)


def _verifier_body(address: str, desk: Desk) -> Json:
    finding = desk.judge(address)
    host = address.rpartition("@")[2]
    result, score = _RESULTS.get(finding.word, ("unknown", 0))
    return {
        "credits_consumed": 0.5,
        "credits_remaining": 48213,
        "email": address,
        "id": f"ver_{int(desk.roll('verifier', address) * 16**12):012x}",
        "is_accept_all": finding.accept_all,
        "is_disposable": finding.word == verdicts.DISPOSABLE,
        "is_free": finding.webmail,
        "is_role": address.partition("@")[0] in ("info", "contact", "sales", "support", "admin"),
        "mode": "regular",
        "mx_records": [] if finding.word == verdicts.UNKNOWN else [f"mx1.{host}"],
        "result": result,
        "score": score,
        "smtp_provider": "other",
        "status": "success",
        "verify_at": "2026-11-20T08:30:00Z",
    }


_RESULTS = {
    verdicts.VALID: ("deliverable", 97),
    verdicts.VOUCHED: ("deliverable", 88),
    verdicts.ACCEPT_ALL: ("risky", 55),
    verdicts.DISPOSABLE: ("risky", 20),
    verdicts.INVALID: ("undeliverable", 2),
}
