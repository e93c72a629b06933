"""`headrace privacy`: what persons may ask for, and what the law asks of whoever runs this."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from headrace.cli.dossier import dossier, dossier_table, iso
from headrace.cli.options import (
    AsJson,
    CommandError,
    ConfigFile,
    Yes,
    ask,
    run,
    settings_from,
    show,
    storage_from,
    table,
)
from headrace.cli.progress import counting
from headrace.cli.ropa import ropa
from headrace.domain.errors import Problem
from headrace.operate.persons import Selectors, identify, recognize
from headrace.operate.ports import OPERATOR
from headrace.storage.opening import Storage
from headrace.storage.suppressions import Suppression
from headrace.wiring import erasure_patience, retention_periods

app = typer.Typer(help="Persons' rights: objection, access, erasure; retention.", no_args_is_help=True)
app.command("ropa")(ropa)

_PAGE = 1_000

Email = Annotated[str | None, typer.Option("--email", metavar="E", help="An e-mail address of the person.")]
Phone = Annotated[
    str | None, typer.Option("--phone", metavar="P", help="A number, as +33 6... or with --region.")
]
Region = Annotated[
    str | None, typer.Option("--region", metavar="FR", help="The country of a national number.")
]
LinkedIn = Annotated[str | None, typer.Option("--linkedin", metavar="U", help="The URL of the profile.")]
Name = Annotated[
    str | None, typer.Option("--name", metavar='"F L"', help="First and last name, with --domain.")
]
Domain = Annotated[
    str | None, typer.Option("--domain", metavar="D", help="The company's website, with --name.")
]


@app.command()
def suppress(
    email: Email = None,
    phone: Phone = None,
    linkedin: LinkedIn = None,
    name: Name = None,
    domain: Domain = None,
    region: Region = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Leave a person alone from now on: neither asked about nor told about."""
    who = _identified(Selectors(email, phone, linkedin, name, domain, region))
    with storage_from(config) as storage:
        new = run(lambda: storage.suppressions.add(who, "operator", OPERATOR))
        digests = [storage.vault.digest(each).hex() for each in who]
    kinds = [each.partition(":")[0] for each in who]
    value = {
        "suppressed": [{"kind": kind, "digest": digest} for kind, digest in zip(kinds, digests, strict=True)],
        "new": new,
    }
    show(value, as_json, f"left alone from now on, by {', '.join(kinds)}; {new} not known before")


@app.command()
def suppressions(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List who is left alone: digests, never what they stand for."""
    with storage_from(config) as storage:
        found = run(lambda: _all(storage))
    listed = [
        {
            "digest": each.digest.hex(),
            "kind": each.kind,
            "source": each.source,
            "created_at": iso(each.created_at),
        }
        for each in found
    ]
    columns = ("digest", "kind", "source", "created_at")
    show(listed, as_json, table(columns, [list(each.values()) for each in listed]))


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="One address, number or profile a line.")],
    region: Region = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Leave everybody in a list alone. Nothing is taken over when one line cannot be understood."""
    # All of it before anything is written, and once: what comes through a pipe cannot be read again.
    identifiers = list(_recognized(file, region))
    with storage_from(config) as storage:
        new = run(lambda: _import(storage, identifiers))
    lines = len(identifiers)
    show({"lines": lines, "new": new}, as_json, f"{lines} left alone from now on, {new} not known before")


@app.command()
def export(
    email: Email = None,
    phone: Phone = None,
    linkedin: LinkedIn = None,
    name: Name = None,
    domain: Domain = None,
    region: Region = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show everything that is kept about a person, where it came from and who received it. Ends with status 1
    when a part cannot be read."""
    who = _identified(Selectors(email, phone, linkedin, name, domain, region))
    privacy = settings_from(config).privacy
    with storage_from(config) as storage:
        found = run(lambda: storage.persons.export(who, OPERATOR))
    value = dossier(who, found, privacy)
    show(value, as_json, dossier_table(value))
    if found.unreadable:
        raise CommandError(
            "not all of it: no key that is here opens these records about the person, or a later version"
            f" wrote them: {', '.join(found.unreadable)}; put the missing key back and export again"
        )


@app.command()
def erase(
    email: Email = None,
    phone: Phone = None,
    linkedin: LinkedIn = None,
    name: Name = None,
    domain: Domain = None,
    region: Region = None,
    yes: Yes = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Erase everything that is kept about a person, and leave them alone from now on. The books stay."""
    who = _identified(Selectors(email, phone, linkedin, name, domain, region))
    ask("Erase everything about this person? It cannot be undone.", yes)
    with storage_from(config) as storage:
        patience = erasure_patience(settings_from(config), storage)
        erased = run(lambda: storage.persons.erase(who, OPERATOR, patience, _tell_waiting))
    value = {
        "enrichments": erased.enrichments,
        "webhooks": erased.webhooks,
        "replies": erased.replies,
        "answers": erased.answers,
        "recipients": sorted(erased.recipients),
        "unfinished": erased.unfinished,
    }
    told = f"tell these accounts, they had received it: {', '.join(sorted(erased.recipients))}"
    counts = ", ".join(f"{value[kind]} {kind}" for kind in ("enrichments", "webhooks", "replies", "answers"))
    lines = [f"erased: {counts}", told if erased.recipients else "no account had received it"]
    if erased.unfinished:
        lines.append(f"ERASE AGAIN: {erased.unfinished} searches have not ended, and may be about them")
    show(value, as_json, "\n".join(lines))
    if erased.unfinished:
        raise typer.Exit(1)


@app.command()
def purge(yes: Yes = False, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Forget now what has been kept for long enough; the worker does so every hour."""
    settings = settings_from(config)
    periods = retention_periods(settings)
    ask(f"Forget results older than {periods.results:g} days and everything else that is overdue?", yes)
    with storage_from(config) as storage, counting() as count:
        run(lambda: storage.audit_log.record(OPERATOR, "retention.purge", "all"))
        purged = run(lambda: storage.retention.purge(periods, count))
    value = asdict(purged)
    show(value, as_json, ", ".join(f"{number} {kind}" for kind, number in value.items()) + " forgotten")


@app.command()
def verify(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Recompute the audit log's chain. Exits 1 when a line is not what was written."""
    with storage_from(config) as storage:
        found = run(storage.audit_log.verify)
    value = {"entries": found.entries, "intact": found.broken_at is None, "broken_at": found.broken_at}
    said = "the chain is whole" if found.broken_at is None else f"THE CHAIN BREAKS AT LINE {found.broken_at}"
    show(value, as_json, f"{found.entries} lines; {said}")
    if found.broken_at is not None:
        raise typer.Exit(1)


def _tell_waiting(what: str, seconds: float) -> None:
    """On standard error: what is printed at the end is for programs too."""
    typer.echo(f"erased what there was; waiting for {what}, {seconds:g} seconds at most", err=True)


def _identified(given: Selectors) -> tuple[str, ...]:
    try:
        return identify(given)
    except Problem as problem:
        raise CommandError(problem.message) from None


async def _all(storage: Storage) -> list[Suppression]:
    found: list[Suppression] = []
    while page := await storage.suppressions.page(found[-1].digest if found else b"", _PAGE):
        found += page
    return found


def _recognized(file: Path, region: str | None) -> Iterator[str]:
    """The identifiers in a file. Raises `CommandError`; what stands in the line is not repeated."""
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip() or line.startswith("#"):
                    continue
                known = recognize(line.strip(), region)
                if known is None:
                    raise CommandError(
                        f"{file}: line {number} is no address, international number or profile"
                    )
                yield known
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file}: cannot be read ({type(error).__name__})") from None


async def _import(storage: Storage, identifiers: Sequence[str]) -> int:
    """In pieces, so that a server beside it is not kept from writing."""
    lines, new = len(identifiers), 0
    with counting() as count:
        for begin in range(0, lines, _PAGE):
            new += await storage.suppressions.load(identifiers[begin : begin + _PAGE], "import")
            count("lines", min(begin + _PAGE, lines))
    await storage.audit_log.record(OPERATOR, "suppression.import", f"{lines} lines, {new} new")
    return new
