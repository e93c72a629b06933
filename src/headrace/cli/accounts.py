"""`headrace accounts`: who may ask, and on which terms."""

from typing import Annotated, Any, Literal

import msgspec
import typer

from headrace.api.admin.render import account_details
from headrace.cli.amounts import countries, milli_credits, seconds
from headrace.cli.options import AsJson, CommandError, ConfigFile, run, show, storage_from, table
from headrace.domain.errors import Problem
from headrace.domain.model import Account
from headrace.operate import accounts
from headrace.operate.accounts import NewAccount
from headrace.operate.model import Settings
from headrace.operate.ports import OPERATOR
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
MaxAge = Annotated[
    str | None, typer.Option(metavar="30d", help="For how long an answer may be used again; 0: never.")
]
MissMaxAge = Annotated[str | None, typer.Option(metavar="12h", help='The same for a vendor\'s "nothing".')]
Deliverable = Annotated[
    float | None, typer.Option(metavar="0.9", help="Our verifier says so from this probability on.")
]
CatchAll = Annotated[
    float | None,
    typer.Option(metavar="0.8", help="The same for catch_all, where everything is accepted."),
]
Invalid = Annotated[float | None, typer.Option(metavar="0.2", help="Down from here it says invalid.")]


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
    max_age: MaxAge = None,
    miss_max_age: MissMaxAge = None,
    deliverable: Deliverable = None,
    catch_all: CatchAll = None,
    invalid: Invalid = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Create an account and its first API key. The key is shown once."""
    amount = milli_credits("--credits", initial)
    if amount < 0:
        raise CommandError("--credits must not be negative")
    given = _given(phone_countries, validation, email_status_vocabulary, accept_risky, max_age, miss_max_age)
    given |= {"deliverable": deliverable, "catch_all": catch_all, "invalid": invalid}
    new = NewAccount(name, _changed(Settings(), given), amount, consent_personal_email)
    with storage_from(config) as storage:
        account, key = run(lambda: _create(storage, new))
    value = {"account_id": account.id, "name": account.name, "api_key": key}
    show(
        value, as_json, f"account {account.name} ({account.id})\nAPI key  {key}\nThe key is not shown again."
    )


async def _create(storage: Storage, new: NewAccount) -> tuple[Account, str]:
    try:
        account, key = await accounts.create(storage, new, OPERATOR)
    except Problem as problem:
        if problem.code == "name_taken":
            raise CommandError(f"there is an account named {new.name!r} already") from None
        raise _mistake(problem) from None
    return account, key.text


async def new_account(
    storage: Storage, name: str, settings: Settings, amount: int, consents: bool
) -> tuple[Account, str]:
    """An account of any name, also the one for rehearsals, and the text of its first key."""
    account, key = await accounts.make(storage, NewAccount(name, settings, amount, consents), OPERATOR)
    return account, key.text


@app.command("list")
def list_(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List all accounts."""
    with storage_from(config) as storage:
        found = [describe(account) for account in run(storage.accounts.all)]
    columns = ("name", "account_id", "available", "held", "consents_personal_email")
    rows = [[account[column] for column in columns] for account in found]
    show(found, as_json, table((*columns[:-1], "consents"), rows))


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
    max_age: MaxAge = None,
    miss_max_age: MissMaxAge = None,
    deliverable: Deliverable = None,
    catch_all: CatchAll = None,
    invalid: Invalid = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Change settings; those that are not given stay. They hold from the next request on."""
    given = _given(phone_countries, validation, email_status_vocabulary, accept_risky, max_age, miss_max_age)
    given |= {"deliverable": deliverable, "catch_all": catch_all, "invalid": invalid}
    with storage_from(config) as storage:
        account = find(storage, name)
        settings = _changed(Settings.of(account), given)
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
        run(lambda: storage.accounts.consent(account, granted=grant))
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
    """An account for people and for JSON, as the admin API shows it."""
    shown: dict[str, Any] = msgspec.to_builtins(account_details(account))
    return shown


def _given(
    phone_countries: str | None,
    validation: str | None,
    email_status_vocabulary: str | None,
    accept_risky: bool | None,
    max_age: str | None,
    miss_max_age: str | None,
) -> dict[str, Any]:
    return {
        "phone_countries": countries(phone_countries),
        "validation": validation,
        "email_status_vocabulary": email_status_vocabulary,
        "accept_risky": accept_risky,
        "max_age": seconds("--max-age", max_age),
        "miss_max_age": seconds("--miss-max-age", miss_max_age),
    }


def _changed(settings: Settings, given: dict[str, Any]) -> Settings:
    try:
        return accounts.changed(settings, **given)
    except Problem as problem:
        raise _mistake(problem) from None


def _mistake(problem: Problem) -> Exception:
    """What is wrong with a command is said as such; that the database is away is not."""
    return CommandError(problem.message) if problem.kind.status < 500 else problem
