"""For whoever keeps the server running: health, readiness, metrics."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from headrace.version import VERSION
from tests.compat.pages import VENDORS
from tests.stack import SEED, Stack


@pytest_asyncio.fixture
async def well(stack: Stack) -> AsyncIterator[Stack]:
    """A stack whose vendors are all asked again, before and after."""
    stack.close_breakers()
    yield stack
    stack.close_breakers()


async def test_health_needs_no_key(stack: Stack) -> None:
    reply = await stack.send("GET", "/healthz", key="")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert reply.json == {"status": "ok", "version": VERSION}


async def test_ready_names_every_vendor_as_ok(well: Stack) -> None:
    reply = await well.send("GET", "/readyz", key="")
    assert reply.status == 200
    assert reply.json == {"status": "ready", "database": "ok", "providers": dict.fromkeys(VENDORS, "ok")}


@pytest.mark.parametrize("fault", ["bad_key", "out_of_credits"])
@pytest.mark.parametrize("vendor", VENDORS)
async def test_ready_names_the_vendor_that_needs_its_operator_and_no_other(
    well: Stack, vendor: str, fault: str
) -> None:
    for other in VENDORS[: VENDORS.index(vendor)]:
        await well.fault(other, "email", "miss")
    await well.fault(vendor, "email", fault)
    await well.enrich("email")
    reply = await well.send("GET", "/readyz", key="")
    assert reply.status == 200
    providers = reply.json["providers"]
    assert set(providers.pop(vendor).values()) == {fault}
    assert set(providers.values()) == {"ok"}


async def test_metrics_count_what_happened(stack: Stack) -> None:
    def value(text: str, name: str, **labels: str) -> float:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return float(sample.value)
        return 0.0

    before = (await stack.send("GET", "/metrics", key="")).text
    await stack.fault("leadmagic", "email", "http_500")
    assert (await stack.enrich("email", "phone")).status == 200
    reply = await stack.send("GET", "/metrics", key="")
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    counted = [
        ("headrace_enrichments_total", {"status": "success"}, 1),
        ("headrace_fields_total", {"field": "email", "result": "found"}, 1),
        ("headrace_provider_failures_total", {"provider": "leadmagic", "reason": "server_error"}, 1),
        ("headrace_credits_charged_total", {}, 33),
        ("headrace_enrichment_seconds_count", {}, 1),
    ]
    for name, labels, more in counted:
        assert value(reply.text, name, **labels) - value(before, name, **labels) == more, name


async def test_metrics_hold_no_personal_data_and_no_key(stack: Stack) -> None:
    name = "Zebulon Accountholder"
    key = await stack.open_account(name, consents=True)
    account = (await stack.send("GET", "/v2/account", key=key)).json
    found = await stack.enrich(
        "email", "phone", "personal_email", key=key, custom={"hubspot_id": "4447901"},
        webhook_url="https://hooks.zebulon.example/x",
    )  # fmt: skip
    await stack.enrich("email", key="pk_live_secret_of_somebody")
    await stack.enrich("email", firstname="Ermintrude", lastname="Featherstone", linkedin_url=None, key=key)
    await stack.send("GET", "/v2/enrichments/secret-looking-id", key=key)
    text = (await stack.send("GET", "/metrics", key="")).text.lower()
    secrets = [
        *SEED.values(), found.json["email"], found.json["personal_email"], *found.json["phones"],
        found.json["enrichment_id"], account["id"], key, key.split("_")[1], key.split("_", 2)[2],
        "zebulon", "ermintrude", "featherstone", "4447901", "brun-picard", "mathieu", "33612345678",
        "pk_live", "secret-looking-id",
    ]  # fmt: skip
    # Pronto is the contact's employer and a vendor, and is counted as the latter.
    assert [secret for secret in secrets if secret.lower() in text and secret != "Pronto"] == []
