"""`headrace enrich`: one contact from the terminal."""

from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from headrace import logs
from headrace.api.read import enrichment_request
from headrace.api.render import credits, enrich_answer
from headrace.cli.accounts import look_up, new_account
from headrace.cli.options import AsJson, CommandError, ConfigFile, run, settings_from, table
from headrace.cli.trace import waterfall
from headrace.domain.model import Account, EnrichmentRequest
from headrace.engine.own import FINDER
from headrace.storage.accounts import Settings as AccountSettings
from headrace.storage.opening import Storage
from headrace.wiring import Headrace, build

LOCAL_ACCOUNT = "local"
_LOCAL_CREDITS = 1_000_000


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
        "enrichment_type": [kind.strip() for kind in kinds.split(",") if kind.strip()],
        "firstname": firstname,
        "lastname": lastname,
        "domain": domain,
        "company_name": company_name,
        "linkedin_url": linkedin_url,
        "phone_country_codes": phone_countries.split(",") if phone_countries else None,
    }
    request = enrichment_request(msgspec.json.encode(body))
    settings = settings_from(config)
    logs.configure(settings.log.level, settings.log.format)
    answer = run(lambda: _enrich(build(settings), request, account))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())
    else:
        _tell(answer)


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
    console = Console(width=None if Console().is_terminal else 140)
    attempts = answer.pop("attempts")
    console.print(table(("", ""), [[key, _plain(value)] for key, value in answer.items()]))
    console.print(waterfall(attempts))


def _plain(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
