"""What can go wrong for a caller: one table from a stable code to status, sentence, fault and next step."""

from typing import Literal

from msgspec import Struct


class Kind(Struct, frozen=True):
    """`message` may hold `{placeholders}`. `fault` says whose turn it is; `advice` what to do next."""

    status: int
    message: str
    fault: Literal["caller", "account", "operator", "vendors"]
    advice: str


KINDS: dict[str, Kind] = {
    "bad_request": Kind(400, "{detail}", "caller", "Correct the named field and send the request again."),
    "unauthorized": Kind(401, "Unauthorized", "caller", "Send a valid key in the X-API-KEY header."),
    "not_found": Kind(404, "{detail}", "caller", "Check the path or the id."),
    "method_not_allowed": Kind(405, "Method {method} is not allowed here", "caller", "See the Allow header."),
    "idempotency_key_in_use": Kind(
        409,
        "A request with this Idempotency-Key is still running",
        "caller",
        "Wait for Retry-After seconds and send the same request again.",
    ),
    "name_taken": Kind(409, "There is an account of that name already", "caller", "Choose another name."),
    "body_too_large": Kind(413, "The request body is larger than {limit} bytes", "caller", "Send less."),
    "unsupported_media_type": Kind(
        415, "Content-Type must be application/json", "caller", "Send JSON and say so in Content-Type."
    ),
    "consent_missing": Kind(
        422,
        "You can't use the personal email enrichment feature without consenting with our terms of use",
        "account",
        "Grant the account's consent, or leave personal_email out.",
    ),
    "insufficient_credits": Kind(
        422, "Insufficient enrichment credits", "account", "Add credits to the account."
    ),
    "idempotency_key_reused": Kind(
        422,
        "This Idempotency-Key was used for another request",
        "caller",
        "Use a new key for a new request.",
    ),
    "rate_limited": Kind(
        429,
        "Rate limit exceeded. Please try again in {seconds} seconds.",
        "caller",
        "Wait for Retry-After seconds.",
    ),
    "internal_error": Kind(500, "Something went wrong on our side", "operator", "See the server's log."),
    "providers_failed": Kind(
        503, "No provider could answer right now. Nothing was charged.", "vendors", "Try again later."
    ),
    "no_providers": Kind(
        503,
        "No provider is configured for {fields}. Nothing was charged.",
        "operator",
        "Add a vendor's key to the configuration.",
    ),
    "storage_unavailable": Kind(
        503, "The database is not available. Nothing was charged.", "operator", "Try again later."
    ),
    "shutting_down": Kind(503, "The server is stopping. Nothing was charged.", "operator", "Try again."),
}


class Problem(Exception):
    """A request that ends without an answer. `retry_after` is in whole seconds. `repeated`: an earlier
    request ended so, and this one has not been carried out."""

    def __init__(
        self, code: str, *, retry_after: int | None = None, repeated: bool = False, **details: object
    ) -> None:
        self.code = code
        self.kind = KINDS[code]
        self.message = self.kind.message.format(**details)
        self.retry_after = retry_after
        self.repeated = repeated
        super().__init__(code)
