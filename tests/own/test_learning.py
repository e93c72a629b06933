"""What an enrichment confirmed is known to the next `find`, and nothing of it is an address."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from headrace.cli.main import app
from tests.faults.waiting import until
from tests.stack import Stack, running

LEARNED = "learned from"


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack"), vendors=["leadmagic"]) as made:
        yield made


def find(directory: Path, first: str, last: str, domain: str) -> list[Any]:
    """The candidates, by a command in the folder of a database."""
    config = directory / "headrace.toml"
    config.write_text("")
    words = ["find", "--firstname", first, "--lastname", last, "--domain", domain]
    done = CliRunner().invoke(app, [*words, "--json", "--config", str(config)])
    assert done.exit_code == 0, (done.output, done.exception)
    found: list[Any] = json.loads(done.stdout)["candidates"]
    return found


async def lessons(stack: Stack) -> list[Any]:
    """What is written of them, which happens behind the answer that they came with."""

    async def written() -> list[Any]:
        return stack.rows("SELECT domain, knowledge FROM patterns")

    return await until(written)


def test_both_german_spellings_are_listed_and_no_database_is_made(tmp_path: Path) -> None:
    emails = [each["email"] for each in find(tmp_path, "Jürgen", "Müller", "https://www.acme.de/")]
    assert emails.index("juergen.mueller@acme.de") < emails.index("jurgen.muller@acme.de")
    assert not (tmp_path / "headrace.db").exists()


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [("Иван", "Петров", "ivan.petrov@acme.com"), ("Νίκος", "Παπαδόπουλος", "nikos.papadopoulos@acme.com")],
)
def test_names_in_other_letters_are_romanised(tmp_path: Path, first: str, last: str, expected: str) -> None:
    found = find(tmp_path, first, last, "acme.com")
    assert expected in [each["email"] for each in found]
    chances = [each["probability"] for each in found]
    assert chances == sorted(chances, reverse=True)
    assert set(found[0]) == {"email", "probability", "pattern", "reason"}


def test_a_domain_that_is_none(tmp_path: Path) -> None:
    words = ["find", "--firstname", "A", "--lastname", "B", "--domain", "no domain"]
    config = tmp_path / "headrace.toml"
    config.write_text("")
    done = CliRunner().invoke(app, [*words, "--config", str(config)])
    assert done.exit_code
    assert "--domain" in str(done.exception)


async def test_what_was_confirmed_is_known_to_the_next_find(stack: Stack) -> None:
    directory = stack.headrace.settings.database_path.parent
    before = await asyncio.to_thread(find, directory, "Ada", "Lovelace", "prontohq.com")
    assert LEARNED not in before[0]["reason"]

    answer = (await stack.enrich("email")).json
    await lessons(stack)
    after = await asyncio.to_thread(find, directory, "Ada", "Lovelace", "prontohq.com")

    assert answer["email"] == "mathieu@prontohq.com"
    assert LEARNED in after[0]["reason"]
    chance = {each["pattern"]: each["probability"] for each in after}["first"]
    assert chance > {each["pattern"]: each["probability"] for each in before}["first"]


async def test_only_counts_are_kept(stack: Stack) -> None:
    await stack.enrich("email")
    for domain, knowledge in await lessons(stack):
        assert isinstance(domain, bytes)
        assert "mathieu" not in knowledge
        assert "prontohq" not in knowledge


async def test_the_confidence_comes_with_the_attempts_and_with_the_record(stack: Stack) -> None:
    plain = (await stack.enrich("email")).json
    traced = (await stack.enrich("email", path="/v2/contacts/single_enrich?expand=attempts")).json
    stored = (await stack.send("GET", f"/v2/enrichments/{plain['enrichment_id']}")).json

    assert "email_confidence" not in plain
    assert 0.9 < traced["email_confidence"] < 1
    assert stored["email_confidence"] == traced["email_confidence"]
