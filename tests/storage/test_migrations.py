"""A database of the first version, with rows, at the hands of this one."""

from pathlib import Path

from alembic import command

from headrace.domain.model import EnrichmentRequest
from headrace.record import request_of
from headrace.storage import schema
from tests.storage.backends import Backend, SqliteBackend
from tests.storage.making import account, balance, settlement
from tests.storage.migrating import alembic, engine_for, shape
from tests.storage.opened import location_of, opened

CUSTOM = b'{"b":1.0, "a":[1e2,"\\u00e9"]}'

REQUEST = (
    b'{"first_name":"Ada","last_name":"Lovelace","company_name":null,"domain":"example.com",'
    b'"linkedin_url":null,"fields":["email"]}'
)
RESULTS = (
    b'{"email":{"values":["ada@example.com"],"verdict":"deliverable","reason":"valid","provider":"hunter",'
    b'"found_at":1800000000.5,"rejected":false}}'
)
ATTEMPTS = (
    b'[{"field":"email","provider":"hunter","kind":"find","outcome":"found","reason":"valid",'
    b'"verdict":"deliverable","started_ms":1.0,"duration_ms":20.0,"http_status":200,"vendor_cost":1.0,'
    b'"accepted":true,"values":["ada@example.com"]}]'
)


def first_version(backend: Backend) -> None:
    """What the first version left behind: an account that consents, one enrichment in each state, and a
    webhook that it never delivered."""
    location = location_of(backend.url)
    command.upgrade(alembic(location), "0001")
    whole = {"request": REQUEST, "custom": CUSTOM, "results": RESULTS, "attempts": ATTEMPTS}
    with engine_for(location) as engine, engine.begin() as connection:

        def insert(table: str, **row: object) -> None:
            names = ", ".join(row)
            style = "%({})s" if connection.dialect.name == "postgresql" else ":{}"
            values = ", ".join(style.format(name) for name in row)
            connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({values})", row)

        for name, consents in (("acme", True), ("other", False)):
            insert(
                "accounts",
                id=name,
                name=name,
                created_at=1.0,
                available=9_000,
                held=1_000,
                consents_personal_email=consents,
                phone_countries="FR",
                validation="strict",
                email_status_vocabulary="schema",
                accept_risky=False,
            )
        insert(
            "consents", id=1, account_id="acme", document="personal_email", action="grant", actor="op", at=1.0
        )
        for id_, state, record in (
            ("done", "finished", whole),
            ("plain", "finished", {**whole, "custom": None}),
            ("running", "running", {}),
            ("released", "released", {}),
        ):
            insert(
                "enrichments",
                id=id_,
                account_id="acme",
                state=state,
                owner="long gone",
                held=0,
                charged=0,
                created_at=1.0,
                **record,
            )
        insert(
            "webhook_deliveries",
            id="w1",
            enrichment_id="done",
            account_id="acme",
            url="https://c.example/",
            body=b"{}",
            state="queued",
            created_at=1.0,
        )


async def test_what_the_first_version_stored_is_still_there_and_readable(fresh: Backend) -> None:
    first_version(fresh)
    storage = fresh.open()

    stored = await storage.enrichments.get("done", "acme")
    assert stored
    expected = settlement("done", "acme", 0, custom=CUSTOM).enrichment.request
    assert request_of(stored.record) == expected
    assert stored.record.results["email"].values == ("ada@example.com",)
    assert [each.provider for each in stored.record.attempts] == ["hunter"]
    assert (stored.state, stored.charged, stored.bulk_id) == ("finished", 0, None)
    plain = await storage.enrichments.get("plain", "acme")
    assert plain
    assert request_of(plain.record) == EnrichmentRequest(expected.contact, expected.fields)
    assert await storage.enrichments.get("released", "acme") is None

    kept = await storage.accounts.get("acme")
    assert (kept.available, kept.held, kept.consents_personal_email) == (9_000, 1_000, True)
    assert fresh.rows("SELECT version FROM consents") == [("1",)]
    rows = fresh.rows("SELECT name, consent_version FROM accounts ORDER BY name")
    assert rows == [("acme", "1"), ("other", None)]
    assert fresh.rows("SELECT * FROM webhook_deliveries") == []
    assert fresh.rows("SELECT record FROM enrichments WHERE state <> 'finished'") == [(None,), (None,)]
    storage.close()


async def test_the_new_version_works_on_with_what_the_first_one_left(fresh: Backend) -> None:
    first_version(fresh)
    storage = fresh.open()

    await storage.ledger.hold("new", "acme", 2_000)
    await storage.ledger.settle(settlement("new", "acme", 1_500))
    assert await balance(storage, "acme") == (7_500, 1_000)
    late = settlement("done", "acme", 0).enrichment.attempts
    await storage.enrichments.replace_attempts("done", late)

    ((record,),) = fresh.rows("SELECT record FROM enrichments WHERE id = 'done'")
    assert not bytes(record).startswith(b"{")  # what is written again is sealed
    stored = await storage.enrichments.get("done", "acme")
    assert stored
    assert request_of(stored.record).custom == CUSTOM
    storage.close()


def test_a_step_back_leads_to_the_first_version_and_keeps_accounts_and_credits(fresh: Backend) -> None:
    location = location_of(fresh.url)
    first_version(fresh)
    before = shape(location)
    schema.upgrade(location)
    assert shape(location) != before

    command.downgrade(alembic(location), "0001")

    assert shape(location) == before
    assert fresh.rows("SELECT name, available, held FROM accounts ORDER BY name") == [
        ("acme", 9_000, 1_000),
        ("other", 9_000, 1_000),
    ]
    assert fresh.rows("SELECT COUNT(*) FROM enrichments") == [(4,)]


async def test_a_record_that_was_damaged_before_stops_no_upgrade(tmp_path: Path) -> None:
    backend = SqliteBackend(tmp_path)
    first_version(backend)
    backend.tamper("UPDATE enrichments SET request = x'7b' WHERE id = 'done'")
    storage = opened(backend.url)

    assert await storage.enrichments.get("plain", "acme")
    storage.close()


async def test_an_account_made_after_an_upgrade_is_like_any_other(fresh: Backend) -> None:
    first_version(fresh)
    storage = fresh.open()
    made = await account(storage, "new", credits=1_000)

    assert await balance(storage, made.id) == (1_000, 0)
    storage.close()
