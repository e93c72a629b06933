"""Signatures of webhooks, after Standard Webhooks (https://www.standardwebhooks.com)."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from secrets import token_bytes

from standardwebhooks import Webhook

_SECRET_BYTES = 32


def new_secret() -> str:
    """A random secret as receivers paste it: `whsec_` and base64."""
    return f"whsec_{base64.b64encode(token_bytes(_SECRET_BYTES)).decode('ascii')}"


def sign(secrets: Sequence[str], message_id: str, at: int, body: bytes) -> dict[str, str]:
    """The headers that prove one attempt at `at` (Unix seconds) to send `body`, which is UTF-8.

    One signature for each of `secrets`, newest first: while a secret is being replaced, a receiver that
    knows either can verify. The id is the same for every attempt and, by the standard, has no dot.
    """
    if "." in message_id:
        raise ValueError("a webhook id has no dot")
    # The package takes text and encodes it again, so these bytes are what is signed.
    text = body.decode("utf-8")
    moment = datetime.fromtimestamp(at, UTC)
    signatures = [Webhook(secret).sign(message_id, moment, text) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signatures),
    }
