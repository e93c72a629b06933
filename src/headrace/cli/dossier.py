"""What is kept about a person, written out for them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import UNSET
from rich.table import Table

from headrace.cli.options import table
from headrace.config import Privacy
from headrace.storage.privacy import Dossier, Kept, KeptAnswer

_DAY = 86_400.0


def iso(seconds: float | None) -> str | None:
    """A moment in seconds since 1970, for people and for JSON."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def dossier(identifiers: Sequence[str], found: Dossier, privacy: Privacy) -> dict[str, Any]:
    """Everything, with where it came from, who received it and until when it is kept."""
    asked = zip(identifiers, found.suppressed_since, strict=True)
    return {
        "identifiers": [
            {"kind": each.partition(":")[0], "suppressed_since": iso(since)} for each, since in asked
        ],
        "purpose": privacy.purpose,
        "enrichments": [_enrichment(kept, privacy.results_days) for kept in found.enrichments],
        "answers": [_answer(kept, privacy.answers_days) for kept in found.answers],
        "outcomes": [_outcome(at, privacy.results_days) for at in found.outcomes],
        "recipients": sorted({kept.account for kept in found.enrichments}),
        "unreadable": list(found.unreadable),
    }


def dossier_table(value: dict[str, Any]) -> Table:
    """One line for each value."""
    rows = [
        [
            each["enrichment_id"],
            each["account"],
            kind,
            ", ".join(line["values"]),
            line["provider"],
            each["kept_until"],
        ]
        for each in value["enrichments"]
        for kind, line in each["results"].items()
    ]
    return table(("enrichment", "account", "kind", "values", "source", "kept until"), rows)


def _enrichment(kept: Kept, days: float) -> dict[str, Any]:
    custom = kept.record.custom or None  # as it was sent: not every number of JSON is one of Python
    record = msgspec.to_builtins(msgspec.structs.replace(kept.record, custom=UNSET))
    return {
        "enrichment_id": kept.id,
        "account": kept.account,
        "asked_at": iso(kept.created_at),
        "answered_at": iso(kept.finished_at),
        "kept_until": iso(kept.created_at + days * _DAY),
        "request": record["request"],
        "custom": custom,
        "results": {
            kind: {**line, "found_at": iso(line["found_at"])}
            for kind, line in record.get("results", {}).items()
        },
        "attempts": record.get("attempts", []),
        "webhooks": [
            {
                "url": sent.url,
                "state": sent.state,
                "attempts": sent.attempts,
                "created_at": iso(sent.created_at),
                "finished_at": iso(sent.finished_at),
            }
            for sent in kept.sent
        ],
    }


def _answer(kept: KeptAnswer, days: float) -> dict[str, Any]:
    return {
        "values": list(kept.values),
        "obtained_at": iso(kept.obtained_at),
        "first_obtained_at": iso(kept.first_obtained_at),
        "kept_until": iso(kept.first_obtained_at + days * _DAY),
    }


def _outcome(reported_at: float, days: float) -> dict[str, Any]:
    return {"reported_at": iso(reported_at), "kept_until": iso(reported_at + days * _DAY)}
