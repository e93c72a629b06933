"""What the engine needs from outside. Implementations live in `storage`, `shared`, `transport` and `jobs`."""

from headrace.ports.accounts import Accounts, Suppressions
from headrace.ports.answers import Answers, Flights, Remembered
from headrace.ports.enrichments import Enrichments, Progress, Queued, StoredEnrichment
from headrace.ports.idempotency import Claim, Idempotency, Reply
from headrace.ports.ledger import Ledger, Settlement
from headrace.ports.limits import Admission, BreakerBoard, Pause, Paused, Rates
from headrace.ports.outbound import STATUS_FAILURES, OutboundRequest, Response, Transport
from headrace.ports.process import Clock, Fence, Meter
from headrace.ports.webhooks import Attempted, Blocked, Delivered, Delivery, DeliveryInfo, Receiver, Webhooks

__all__ = [
    "STATUS_FAILURES",
    "Accounts",
    "Admission",
    "Answers",
    "Attempted",
    "Blocked",
    "BreakerBoard",
    "Claim",
    "Clock",
    "Delivered",
    "Delivery",
    "DeliveryInfo",
    "Enrichments",
    "Fence",
    "Flights",
    "Idempotency",
    "Ledger",
    "Meter",
    "OutboundRequest",
    "Pause",
    "Paused",
    "Progress",
    "Queued",
    "Rates",
    "Receiver",
    "Remembered",
    "Reply",
    "Response",
    "Settlement",
    "StoredEnrichment",
    "Suppressions",
    "Transport",
    "Webhooks",
]
