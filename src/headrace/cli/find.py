"""`headrace find`: the addresses that a person may have, without asking anybody."""

from typing import Annotated, Any

import typer

from headrace.cli.options import (
    AsJson,
    CommandError,
    ConfigFile,
    run,
    settings_from,
    show,
    storage_if_any,
    table,
)
from headrace.domain import normalize
from headrace.domain.model import Contact, Field
from headrace.engine.clock import SystemClock
from headrace.engine.subjects import Subject
from headrace.wiring import make_own

_MOST = 10


def find(
    firstname: Annotated[str, typer.Option()],
    lastname: Annotated[str, typer.Option()],
    domain: Annotated[str, typer.Option(help="The company's website or mail domain.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List the likeliest addresses of a person, most probable first. None of them is verified."""
    host = normalize.domain(domain)
    if host is None:
        raise CommandError("--domain must be a domain such as acme.com")
    person = Subject(Contact(firstname, lastname, domain=host))
    with storage_if_any(config) as storage:
        guesser = make_own(settings_from(config), storage, SystemClock()).guesser
        found = run(lambda: guesser.candidates(firstname, lastname, host, _MOST))
        addresses = [known for each in found for known in person.of_found(Field.EMAIL, each.email)]
        if storage and run(lambda: storage.suppressions.hit([*person.of_request, *addresses])):
            raise CommandError("this person must be left alone: `headrace privacy suppress` was told so")
    lines: list[dict[str, Any]] = [
        {
            "email": each.email,
            "probability": round(each.probability, 4),
            "pattern": each.pattern,
            "reason": each.reason,
        }
        for each in found
    ]
    shown = table(("email", "probability", "pattern", "reason"), [list(line.values()) for line in lines])
    show({"candidates": lines}, as_json, shown if lines else "the name cannot be spelt in an address")
