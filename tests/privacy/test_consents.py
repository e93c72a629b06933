"""Consent counts for the version of the document that is in force, and for no other."""

from pathlib import Path

from headrace.cli.accounts import new_account
from headrace.cli.options import run
from headrace.config import load
from headrace.domain.model import Contact, Enrichment, EnrichmentRequest, Field
from headrace.operate.model import Settings
from headrace.operate.ports import OPERATOR
from headrace.storage.opening import Storage
from headrace.wiring import open_storage
from tests.stack import SEED, running
from tests.storage.making import account

SENTENCE = "You can't use the personal email enrichment feature without consenting with our terms of use"


async def test_every_grant_and_withdrawal_is_kept(storage: Storage) -> None:
    acme = await account(storage)
    await storage.accounts.consent(acme, granted=True)
    await storage.accounts.consent(acme, granted=False, actor="admin:k1")
    await storage.accounts.consent(acme, granted=True, version="2019-05")

    kept = [(each.action, each.version, each.actor) for each in await storage.accounts.consents(acme)]
    assert kept == [
        ("grant", "1", OPERATOR),
        ("withdraw", "1", "admin:k1"),
        ("grant", "2019-05", OPERATOR),
    ]
    actions = [each.action for each in await storage.audit_log.entries(subject=acme.id)]
    assert actions[:3] == ["consent.grant", "consent.withdraw", "consent.grant"]


async def test_only_the_version_in_force_counts(storage: Storage) -> None:
    acme = await account(storage)
    await storage.accounts.consent(acme, granted=True, version="0")
    assert not (await storage.accounts.get(acme.id)).consents_personal_email
    await storage.accounts.consent(acme, granted=True)
    assert (await storage.accounts.get(acme.id)).consents_personal_email
    await storage.accounts.consent(acme, granted=False)
    assert not (await storage.accounts.get(acme.id)).consents_personal_email


def test_a_new_version_of_the_document_needs_a_new_consent(tmp_path: Path) -> None:
    storage = open_storage(load(None, {"HEADRACE_DATABASE__URL": f"sqlite:///{tmp_path / 'headrace.db'}"}))
    made = new_account(storage, "acme", Settings(), 1_000_000, consents=True)
    acme, key = run(lambda: made)
    storage.close()

    with running(tmp_path, PRIVACY__CONSENT_VERSION="2") as stack:
        refused = run(lambda: stack.enrich("personal_email", key=key))
        assert (refused.status, refused.json["message"]) == (422, SENTENCE)
        assert run(lambda: stack.enrich("email", key=key)).status == 200
        run(lambda: stack.headrace.storage.accounts.consent(acme, granted=True))
        assert run(lambda: stack.enrich("personal_email", key=key)).status == 200


def test_a_consent_that_is_withdrawn_while_a_search_waits_is_respected(tmp_path: Path) -> None:
    with running(tmp_path) as stack:
        headrace = stack.headrace
        key = stack.account("acme", consents=True)
        account = run(lambda: headrace.storage.accounts.by_api_key(key))
        assert account
        contact = Contact("Mathieu", "Brun-Picard", "Pronto", "prontohq.com", SEED["linkedin_url"])
        request = EnrichmentRequest(contact, (Field.EMAIL, Field.PERSONAL_EMAIL))
        run(lambda: headrace.storage.enrichments.queue([request], account, [33_000], ["waiting"]))
        run(lambda: headrace.storage.accounts.consent(account, granted=False))

        async def later() -> Enrichment:
            queued = (await headrace.storage.enrichments.take(account.id, 1))[0]
            now = await headrace.storage.accounts.get(account.id)
            return await headrace.enricher.carry_out(queued, now)

        done = run(later)
        assert done.results[Field.EMAIL].found
        assert not done.results[Field.PERSONAL_EMAIL].found
        assert {attempt.field for attempt in done.attempts} == {Field.EMAIL}
