"""`headrace enrich`: one contact from the terminal."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import msgspec
import typer

from headrace import logs
from headrace.api.read import enrichment_request
from headrace.api.render import credits, enrich_answer
from headrace.cli.accounts import look_up, new_account
from headrace.cli.amounts import countries
from headrace.cli.options import AsJson, CommandError, ConfigFile, draw, run, settings_from, table
from headrace.cli.trace import show_waterfall
from headrace.domain.errors import Problem
from headrace.domain.model import Account, EnrichmentRequest, Field
from headrace.engine.own import FINDER
from headrace.storage.accounts import Settings as AccountSettings
from headrace.storage.opening import Storage
from headrace.wiring import Headrace, build

LOCAL_ACCOUNT = "local"
_LOCAL_CREDITS = 1_000_000

_OPTIONS = {
    "enrichment_type": "--type",
    "firstname": "--firstname",
    "lastname": "--lastname",
    "domain": "--domain",
    "company_name": "--company-name",
    "linkedin_url": "--linkedin-url",
    "phone_country_codes": "--phone-countries",
}
"""Keys of a request, and where they come from here."""

_KEY = re.compile(rf"(?<!a )\b(?:{'|'.join(_OPTIONS)})\b")  # but not "must be a domain"


def enrich(
    kinds: Annotated[str, typer.Option("--type", metavar="email,phone", help="What to look for.")] = "email",
    firstname: Annotated[str | None, typer.Option()] = None,
    lastname: Annotated[str | None, typer.Option()] = None,
    domain: Annotated[str | None, typer.Option(help="The company's website.")] = None,
    company_name: Annotated[str | None, typer.Option("--company-name", "--company")] = None,
    linkedin_url: Annotated[str | None, typer.Option("--linkedin-url", "--linkedin")] = None,
    phone_countries: Annotated[str | None, typer.Option(metavar="FR,US")] = None,
    account: Annotated[str | None, typer.Option(help="Who pays. Default: the only account there is.")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Enrich one contact here and now, with the configured vendors and on an account's credits."""
    body = {
        "enrichment_type": _fields(kinds),
        "firstname": firstname,
        "lastname": lastname,
        "domain": domain,
        "company_name": company_name,
        "linkedin_url": linkedin_url,
        "phone_country_codes": countries(phone_countries),
    }
    with _words_of_options():
        request = enrichment_request(msgspec.json.encode(body))
    settings = settings_from(config)
    logs.configure(settings.log.level, settings.log.format)
    with _words_of_options():
        answer = run(lambda: _enrich(build(settings), request, account))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())
    else:
        _tell(answer)


def _fields(kinds: str) -> list[str]:
    given = dict.fromkeys(kind.strip() for kind in kinds.split(",") if kind.strip())
    known = ", ".join(Field)
    for kind in given:
        if kind not in list(Field):
            raise CommandError(f"--type: {kind[:30]!r} is none of {known}")
    if not given:
        raise CommandError(f"--type: name at least one of {known}")
    return list(given)


@contextmanager
def _words_of_options() -> Iterator[None]:
    """What is wrong with the request is told as what is wrong with the command."""
    try:
        yield
    except Problem as problem:
        if problem.code != "bad_request":
            raise
        raise CommandError(_KEY.sub(lambda found: _OPTIONS[found[0]], problem.message)) from None


async def _enrich(headrace: Headrace, request: EnrichmentRequest, account_name: str | None) -> dict[str, Any]:
    try:
        named = await look_up(headrace.storage, account_name) if account_name else None
        if not headrace.vendors and FINDER not in headrace.settings.waterfall.order.email:
            raise CommandError("no provider is configured: set a key such as providers.leadmagic.api_key")
        await headrace.start()
        account = named or await _payer(headrace.storage)
        enrichment = await headrace.enricher.enrich(request, account)
        answer = msgspec.to_builtins(enrich_answer(enrichment, account, attempts=True))
        return {**answer, "credits_charged": credits(enrichment.charged)}
    finally:
        await headrace.stop()


async def _payer(storage: Storage) -> Account:
    """The only account there is; on a new database, one made for this terminal."""
    accounts = await storage.accounts.all()
    if not accounts:
        typer.echo(f"made the account {LOCAL_ACCOUNT!r} with 1000 credits", err=True)
        made, _ = await new_account(storage, LOCAL_ACCOUNT, AccountSettings(), _LOCAL_CREDITS, consents=False)
        return await storage.accounts.get(made.id)
    if len(accounts) > 1:
        names = ", ".join(account.name for account in accounts)
        raise CommandError(f"say who pays with --account NAME; there are {names}")
    return accounts[0]


def _tell(answer: dict[str, Any]) -> None:
    attempts = answer.pop("attempts")
    draw(table(("", ""), [[key, _plain(value)] for key, value in answer.items()]))
    show_waterfall(attempts)


def _plain(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
