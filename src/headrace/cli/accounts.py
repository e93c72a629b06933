"""`headrace accounts`: who may ask, and on which terms."""

from typing import Annotated, Any, Literal

import typer

from headrace.api.auth import REHEARSAL_ACCOUNT
from headrace.api.render import credits
from headrace.cli.amounts import milli_credits
from headrace.cli.options import AsJson, CommandError, ConfigFile, run, show, storage_from, table
from headrace.domain.model import Account
from headrace.storage.accounts import NameTaken, Settings
from headrace.storage.opening import Storage

app = typer.Typer(help="Accounts, their settings and consents.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The account's name or id.")]
Countries = Annotated[
    str | None, typer.Option("--phone-countries", metavar="FR,US", help="Default countries.")
]
Validation = Annotated[
    Literal["strict", "lenient"] | None, typer.Option(help="How strictly fields are required.")
]
Vocabulary = Annotated[
    Literal["schema", "deliverability"] | None, typer.Option(help="The words of email_status.")
]
AcceptRisky = Annotated[
    bool | None,
    typer.Option("--accept-risky/--no-accept-risky", help="Return unconfirmed catch-all addresses."),
]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="A name for the account.")],
    initial: Annotated[str, typer.Option("--credits", help="Credits to begin with.")] = "0",
    consent_personal_email: Annotated[
        bool, typer.Option("--consent-personal-email", help="The account consents to personal addresses.")
    ] = False,
    phone_countries: Countries = None,
    validation: Validation = None,
    email_status_vocabulary: Vocabulary = None,
    accept_risky: AcceptRisky = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Create an account and its first API key. The key is shown once."""
    amount = milli_credits(initial)
    if not name.strip():
        raise CommandError("an account needs a name")
    if amount < 0:
        raise CommandError("--credits must not be negative")
    if name == REHEARSAL_ACCOUNT:
        raise CommandError(f"{name!r} is the name of the account for rehearsals; choose another")
    settings = _changed(Settings(), phone_countries, validation, email_status_vocabulary, accept_risky)
    with storage_from(config) as storage:
        account, key = run(lambda: new_account(storage, name, settings, amount, consent_personal_email))
    value = {"account_id": account.id, "name": account.name, "api_key": key}
    show(
        value, as_json, f"account {account.name} ({account.id})\nAPI key  {key}\nThe key is not shown again."
    )


async def new_account(
    storage: Storage, name: str, settings: Settings, amount: int, consents: bool
) -> tuple[Account, str]:
    """The account and the text of its first key."""
    try:
        account = await storage.accounts.create(name, settings)
    except NameTaken:
        raise CommandError(f"there is an account named {name!r} already") from None
    if consents:
        await storage.accounts.consent(account, granted=True, actor="operator")
    if amount:
        await storage.ledger.grant(account.id, amount)
    return account, (await storage.accounts.add_key(account)).text


@app.command("list")
def list_(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List all accounts."""
    with storage_from(config) as storage:
        found = [describe(account) for account in run(storage.accounts.all)]
    columns = ("name", "account_id", "available", "held", "consents_personal_email")
    show(found, as_json, table(columns, [[account[column] for column in columns] for account in found]))


@app.command("show")
def show_(name: Name, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show one account: balance, settings, consent."""
    with storage_from(config) as storage:
        found = describe(find(storage, name))
    show(found, as_json, table(("setting", "value"), list(found.items())))


@app.command("set")
def set_(
    name: Name,
    phone_countries: Countries = None,
    validation: Validation = None,
    email_status_vocabulary: Vocabulary = None,
    accept_risky: AcceptRisky = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Change settings; those that are not given stay. They hold from the next request on."""
    with storage_from(config) as storage:
        account = find(storage, name)
        settings = _changed(
            Settings.of(account), phone_countries, validation, email_status_vocabulary, accept_risky
        )
        run(lambda: storage.accounts.set(account, settings))
        found = describe(find(storage, name))
    show(found, as_json, table(("setting", "value"), list(found.items())))


@app.command()
def consent(
    name: Name,
    grant: Annotated[
        bool | None, typer.Option("--grant/--withdraw", help="Record or end the consent.")
    ] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Record the account's consent to personal-address enrichment, or its withdrawal."""
    if grant is None:
        raise CommandError("say --grant or --withdraw")
    with storage_from(config) as storage:
        account = find(storage, name)
        run(lambda: storage.accounts.consent(account, granted=grant, actor="operator"))
        found = describe(find(storage, name))
    said = "consents" if grant else "does not consent"
    show(found, as_json, f"{account.name} {said} to personal-address enrichment from now on")


def find(storage: Storage, who: str) -> Account:
    """An account by name or id. Raises `CommandError`."""
    return run(lambda: look_up(storage, who))


async def look_up(storage: Storage, who: str) -> Account:
    """`find` for a command that is a coroutine."""
    try:
        return await storage.accounts.get(who)
    except LookupError:
        raise CommandError(f"there is no account {who!r}; see `headrace accounts list`") from None


def describe(account: Account) -> dict[str, Any]:
    """An account for people and for JSON. Credits are whole ones where they can be."""
    settings = Settings.of(account)
    return {
        "account_id": account.id,
        "name": account.name,
        "available": credits(account.available),
        "held": credits(account.held),
        "consents_personal_email": account.consents_personal_email,
        "phone_countries": list(account.phone_countries),
        "validation": settings.validation,
        "email_status_vocabulary": settings.email_status_vocabulary,
        "accept_risky": settings.accept_risky,
    }


def _changed(
    settings: Settings,
    phone_countries: str | None,
    validation: str | None,
    vocabulary: str | None,
    accept_risky: bool | None,
) -> Settings:
    return Settings(
        phone_countries=settings.phone_countries if phone_countries is None else _countries(phone_countries),
        validation=validation or settings.validation,
        email_status_vocabulary=vocabulary or settings.email_status_vocabulary,
        accept_risky=settings.accept_risky if accept_risky is None else accept_risky,
    )


def _countries(text: str) -> tuple[str, ...]:
    from headrace.domain import phones  # noqa: PLC0415

    codes = []
    for given in filter(None, (part.strip() for part in text.split(","))):
        code = phones.country(given)
        if code is None:
            raise CommandError(f"--phone-countries: {given!r} is not a two-letter country code")
        codes.append(code)
    return tuple(dict.fromkeys(codes))
