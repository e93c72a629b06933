"""Consents: append-only, versioned, in the name of whoever wrote them down."""

from tests.admin.desk import Desk


async def test_consents_are_granted_withdrawn_and_all_kept(desk: Desk) -> None:
    made = await desk.account("consenting", credits=100)
    key, path = made["api_key"], "/accounts/consenting/consents"
    empty = {"consents_personal_email": False, "consents": []}
    assert (await desk.send("GET", path)).json == empty
    assert (await desk.stack.enrich("personal_email", key=key)).status == 422

    granted = await desk.send("POST", path, {"action": "grant"})
    assert (granted.status, granted.json["consents_personal_email"]) == (201, True)
    assert (await desk.stack.enrich("personal_email", key=key)).status == 200
    withdrawn = await desk.send("POST", path, {"action": "withdraw"})
    assert withdrawn.json["consents_personal_email"] is False
    assert (await desk.stack.enrich("personal_email", key=key)).status == 422

    kept = (await desk.send("GET", path)).json["consents"]
    assert [(each["document"], each["action"], each["version"], each["actor"]) for each in kept] == [
        ("personal_email", "grant", "1", desk.actor),
        ("personal_email", "withdraw", "1", desk.actor),
    ]
    actions = [action for _, action in await desk.done(made["account_id"])]
    assert actions[-2:] == ["consent.grant", "consent.withdraw"]


async def test_a_consent_to_another_version_is_kept_and_does_not_count(desk: Desk) -> None:
    await desk.account("behind")

    said = await desk.send("POST", "/accounts/behind/consents", {"action": "grant", "version": "2024-01"})
    assert said.json["consents"][-1]["version"] == "2024-01"
    assert said.json["consents_personal_email"] is False
