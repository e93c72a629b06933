"""What bounced and what arrived, told over HTTP and by the command: who was wrong loses weight."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from headrace.cli.main import app
from headrace.finder.rates import Word
from headrace.sandbox.world import Person, World
from tests.cli.running import piped
from tests.stack import Reply, Stack, running

ENRICH = "/v2/contacts/single_enrich?expand=attempts"
ENOUGH = 25


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Findymail finds and gives no verdict; Hunter is asked for one."""
    with running(
        tmp_path_factory.mktemp("stack"),
        vendors=["findymail", "hunter"],
        WATERFALL__ORDER__EMAIL="findymail",
        VERIFICATION__ORDER="hunter",
        SERVER__RATE_LIMIT="100000",
    ) as made:
        yield made


async def enrich(stack: Stack, person: Person) -> Any:
    body = {
        "firstname": person.first_name,
        "lastname": person.last_name,
        "domain": person.company.domain,
        "enrichment_type": ["email"],
    }
    reply = await stack.send("POST", ENRICH, body=body)
    assert reply.status == 200, reply.text
    return reply.json


async def found(stack: Stack, people: World, start: int, most: int) -> list[str]:
    """Addresses that were found and confirmed, of people from this place on."""
    some = [person for person in people.people[start:] if person.company.mail_policy == "normal"][: 8 * most]
    answers = await asyncio.gather(*(enrich(stack, person) for person in some))
    return [answer["email"] for answer in answers if answer["email"]][:most]


async def report(stack: Stack, outcomes: list[tuple[str, str]]) -> Reply:
    key = (await stack.headrace.storage.admin_keys.create()).text
    body = {"outcomes": [{"email": email, "outcome": outcome} for email, outcome in outcomes]}
    return await stack.send("POST", "/admin/v1/outcomes", key=key, body=body)


async def test_a_verifier_that_is_often_wrong_loses_weight(stack: Stack, people: World) -> None:
    addresses = await found(stack, people, 1, ENOUGH)
    assert len(addresses) == ENOUGH
    trusted = (await stack.enrich("email", path=ENRICH)).json["email_confidence"]
    before = stack.headrace.own.reputation.rates.log_ratio("hunter", Word.VALID)

    told = await report(stack, [(address, "bounced") for address in addresses])
    assert (told.status, told.json) == (200, {"counted": ENOUGH, "unknown": 0, "repeated": 0})
    again = await report(stack, [(address.upper(), "delivered") for address in addresses])
    assert again.json == {"counted": 0, "unknown": 0, "repeated": ENOUGH}

    await stack.headrace.own.exchange()
    assert stack.headrace.own.reputation.rates.log_ratio("hunter", Word.VALID) < before - 1
    doubted = (await stack.enrich("email", path=ENRICH)).json["email_confidence"]
    assert doubted < trusted - 0.1


async def test_only_what_an_enrichment_returned_counts(stack: Stack) -> None:
    told = await report(stack, [("nobody@nowhere.example", "bounced"), ("no address", "delivered")])
    assert told.json == {"counted": 0, "unknown": 2, "repeated": 0}
    assert not stack.rows("SELECT 1 FROM audit_log WHERE action = 'outcomes.report' AND subject LIKE '0 %'")


async def caught_up(stack: Stack) -> None:
    """What earlier requests taught is written."""
    own = stack.headrace.own
    if own.knowing._writing:
        loop = own.knowing._writing.get_loop()
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(own.knowing.finish(), loop))


async def test_a_bounce_takes_back_what_the_address_taught(stack: Stack) -> None:
    answer = (await stack.enrich("email")).json
    domain = answer["email"].partition("@")[2]
    knowing = stack.headrace.storage.knowledge
    await caught_up(stack)
    before = await knowing.of(domain)
    assert before
    assert (await report(stack, [(answer["email"], "bounced")])).json["counted"] == 1
    after = await knowing.of(domain)
    assert after
    assert after.seen() < before.seen()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"outcomes": []},
        {"outcomes": [{"email": "a@b.example"}]},
        {"outcomes": [{"email": "a@b.example", "outcome": "lost"}]},
        {"outcomes": [{"email": "a@b.example", "outcome": "bounced"}] * 1001},
    ],
)
async def test_a_wrong_report_is_refused(stack: Stack, body: Any) -> None:
    key = (await stack.headrace.storage.admin_keys.create()).text
    reply = await stack.send("POST", "/admin/v1/outcomes", key=key, body=body)
    assert (reply.status, reply.json["code"]) == (400, "bad_request"), reply.text
    assert "outcome" in reply.json["message"]
    assert (await stack.send("POST", "/admin/v1/outcomes", body=body)).status == 401


async def test_a_thousand_fit_into_one_report(stack: Stack) -> None:
    told = await report(
        stack, [(f"somebody.{number:035}@nowhere.example", "bounced") for number in range(1000)]
    )
    assert told.json == {"counted": 0, "unknown": 1000, "repeated": 0}


async def test_the_command_reads_a_file(stack: Stack, people: World, tmp_path: Path) -> None:
    one, two = await found(stack, people, 800, 2)
    config = stack.headrace.settings.database_path.with_name("headrace.toml")
    config.write_text("")
    file = tmp_path / "outcomes.csv"
    file.write_text(
        f"# from the mailing of May\n{one},delivered\n\n{two}, bounced\nx@nowhere.example,bounced\n"
    )
    for expected in ({"counted": 2, "repeated": 0}, {"counted": 0, "repeated": 2}):
        done = await asyncio.to_thread(outcomes, config, file)
        assert done == {"unknown": 1, **expected}
    with piped(f"{one},delivered\n{two},bounced\n") as once:
        assert (await asyncio.to_thread(outcomes, config, once))["repeated"] == 2
    file.write_text(f"{one},delivered\n{two},lost\n")
    with pytest.raises(AssertionError, match="line 2 is no address with its outcome"):
        await asyncio.to_thread(outcomes, config, file)


def outcomes(config: Path, file: Path) -> Any:
    done = CliRunner().invoke(app, ["outcomes", str(file), "--json", "--config", str(config)])
    assert done.exit_code == 0, str(done.exception)
    return json.loads(done.stdout)


def test_what_was_heard_is_written_down_at_a_stop(tmp_path: Path) -> None:
    with running(
        tmp_path,
        vendors=["findymail", "hunter"],
        WATERFALL__ORDER__EMAIL="findymail",
        VERIFICATION__ORDER="hunter",
    ) as stack:
        assert asyncio.run(stack.enrich("email")).json["email"]
    heard = {row["source"] for row in stack.rows("SELECT source FROM reputation")}
    assert heard == {"findymail finds", "hunter"}
