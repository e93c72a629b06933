"""What every error looks like."""

from tests.stack import Reply

CODES = {
    400: "bad_request",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    503: "providers_failed",
}


def assert_envelope(reply: Reply, status: int, *named: str) -> None:
    """This status in the documented envelope, with a message that names each of `named`."""
    assert reply.status == status, f"{reply.status}: {reply.text[:300]}"
    assert reply.headers["Content-Type"] == "application/json"
    assert list(reply.json) == ["error", "message", "code"]
    assert reply.json["error"] == status
    assert reply.json["code"] == CODES[status]
    assert isinstance(reply.json["message"], str)
    for name in named:
        assert name in reply.json["message"], reply.json["message"]
