"""The headers of answers, as the OpenAPI document describes them."""

from typing import Any

REPLAYED = "Idempotency-Replayed"
SANDBOX = "X-Headrace-Sandbox"
NOT_KEPT = "Cache-Control"
RATE_LIMIT = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
SPENDING = (
    "X-Headrace-Credits-Charged",
    "X-Headrace-Credits-Remaining",
    "X-Headrace-Duration-Ms",
    "X-Headrace-Overhead-Ms",
)


def _header(description: str, example: Any, **schema: Any) -> dict[str, Any]:
    return {"description": description, "schema": schema, "example": example}


HEADERS = {
    "Allow": _header("The methods that the path has.", "OPTIONS, POST", type="string"),
    NOT_KEPT: _header("Nothing of it may be kept on the way.", "no-store", type="string", enum=["no-store"]),
    REPLAYED: _header(
        "There when an earlier request with this `Idempotency-Key` was answered so, and this one was neither "
        "carried out nor charged for.",
        "true",
        type="string",
        enum=["true"],
    ),
    "Retry-After": _header("Seconds after which to try again.", 1, type="integer", minimum=1),
    "X-Headrace-Credits-Charged": _header("What this answer cost the account.", 33, type="number", minimum=0),
    "X-Headrace-Credits-Remaining": _header("What it can still spend.", 937, type="number"),
    "X-Headrace-Duration-Ms": _header(
        "The whole search, from when the request has been read until it is settled.",
        412.7,
        type="number",
        minimum=0,
    ),
    "X-Headrace-Overhead-Ms": _header(
        "The part of it in which no vendor was being waited for.", 1.9, type="number", minimum=0
    ),
    SANDBOX: _header("There when the people are invented.", "true", type="string", enum=["true"]),
    "X-RateLimit-Limit": _header("Requests allowed in any second.", 50, type="integer"),
    "X-RateLimit-Remaining": _header("How many more would be let through now.", 49, type="integer"),
    "X-RateLimit-Reset": _header("Whole seconds until the count is back at zero.", 1, type="integer"),
}
