"""Where settings come from, and that every mistake in them is told by the name of its key."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from headrace.config import ConfigError, Settings, check, load
from headrace.domain.model import Contact, Field
from headrace.domain.plan import Plan
from headrace.engine.guard import Quota
from headrace.providers import registry
from headrace.providers.base import Request
from headrace.wiring import make_plan, make_prices, make_vendors
from headrace.wiring.vendors import make_limits

SECRET = "very-secret-5f2c"
Write = Callable[[str], Path]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, in which no file is found by accident."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a configuration file."""

    def write(text: str) -> Path:
        file = tmp_path / "given.toml"
        file.write_text(text)
        return file

    return write


def everything(settings: Settings) -> Plan:
    """All that is checked at start."""
    make_prices(settings)
    return make_plan(settings, make_vendors(settings))


def environment(**values: object) -> dict[str, str]:
    return {f"HEADRACE_{name}": str(value) for name, value in values.items()}


# Precedence


def test_without_a_file_and_environment_there_are_defaults() -> None:
    settings = load(None, {})
    assert settings.database.url == "sqlite:///headrace.db"
    assert settings.server.rate_limit == 50
    assert settings.waterfall.order.personal_email == ("pronto", "leadmagic", "airscale")
    assert (settings.waterfall.deadline.email, settings.waterfall.deadline.total) == (25, 55)
    assert (settings.prices.email, settings.prices.phone, settings.prices.personal_email) == (3, 30, 30)
    assert settings.providers == {}


def test_the_file_beats_the_defaults_and_the_environment_beats_the_file(write: Write) -> None:
    file = write("[server]\nport = 1111\nrate_limit = 7\n[prices]\nemail = 2.5\n")
    settings = load(file, environment(SERVER__PORT="2222"))
    assert (settings.server.port, settings.server.rate_limit, settings.server.host) == (2222, 7, "127.0.0.1")
    assert settings.prices.email == 2.5


def test_a_file_in_the_working_directory_is_found(elsewhere: Path) -> None:
    (elsewhere / "headrace.toml").write_text("[server]\nport = 1111\n")
    assert load(None, {}).server.port == 1111


def test_the_environment_may_name_the_file(elsewhere: Path, write: Write) -> None:
    (elsewhere / "headrace.toml").write_text("[server]\nport = 1111\n")
    file = write("[server]\nport = 2222\n")
    assert load(None, environment(CONFIG=str(file))).server.port == 2222


def test_the_file_that_is_given_beats_the_one_that_the_environment_names(
    elsewhere: Path, write: Write
) -> None:
    other = elsewhere / "other.toml"
    other.write_text("[server]\nport = 1111\n")
    assert load(write("[server]\nport = 2222\n"), environment(CONFIG=str(other))).server.port == 2222


def test_a_dotenv_file_counts_as_environment_and_the_real_one_beats_it(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / ".env").write_text("HEADRACE_SERVER__PORT=1111\nHEADRACE_SERVER__HOST=0.0.0.0\n")
    monkeypatch.setitem(os.environ, "HEADRACE_SERVER__PORT", "2222")
    settings = load()
    assert (settings.server.port, settings.server.host) == (2222, "0.0.0.0")


def test_relative_paths_start_at_the_file(write: Write, tmp_path: Path) -> None:
    file = write('[database]\nurl = "sqlite:///data/books.db"\n')
    assert load(file, {}).database_path == tmp_path / "data" / "books.db"


def test_other_variables_of_the_machine_are_left_alone() -> None:
    others = {
        "HEADRACE": "x",
        "HEADRACE_HOME": "/x",
        "HEADRACE_SERVER": "x",
        "HEADRACE_DATABASE_PASSWORD": "x",
        "PATH": "/bin",
        "OTHER__PORT": "1",
        "XHEADRACE_A__B": "1",
    }
    assert load(None, others) == load(None, {})


def test_settings_do_not_change() -> None:
    with pytest.raises(AttributeError):
        load(None, {}).server.port = 1  # type: ignore[misc]


# The environment's text


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("hunter", ("hunter",)),
        ("hunter,pronto", ("hunter", "pronto")),
        (" hunter , pronto ,", ("hunter", "pronto")),
        ('["hunter", "pronto"]', ("hunter", "pronto")),
        ("", ()),
        ("[]", ()),
    ],
)
def test_a_list_is_written_with_commas(text: str, order: tuple[str, ...]) -> None:
    settings = load(None, environment(WATERFALL__ORDER__EMAIL=text, VERIFICATION__ORDER=text))
    assert settings.waterfall.order.email == order
    assert settings.verification.order == order


def test_numbers_and_truths_are_read_from_text() -> None:
    settings = load(
        None,
        environment(
            PRICES__EMAIL="2.5",
            PROVIDERS__HUNTER__API_KEY=SECRET,
            PROVIDERS__HUNTER__TIMEOUT="7",
            PROVIDERS__HUNTER__CONCURRENCY="3",
            PROVIDERS__HUNTER__TRUSTED="true",
        ),
    )
    hunter = settings.provider("hunter")
    assert settings.prices.email == 2.5
    assert hunter
    assert (hunter.timeout, hunter.concurrency, hunter.trusted) == (7, 3, True)
    assert hunter.credentials == {"api_key": SECRET}


def test_a_key_of_digits_stays_text(write: Write) -> None:
    hunter = load(write('[providers.hunter]\napi_key = "0012"\n'), {}).provider("hunter")
    assert hunter
    assert hunter.credentials == {"api_key": "0012"}


def test_a_vendor_without_a_section_is_none() -> None:
    assert load(None, {}).provider("hunter") is None


# Mistakes

WRONG = [
    ("[databse]\nurl = 'x'", "databse"),
    ("[server]\nprot = 1", "server.*prot"),
    ("[server]\nport = 'many'", r"server\.port"),
    ("[server]\nport = [1]", r"server\.port"),
    ("server = 5", "server"),
    ("[server]\nhost = ''", r"server\.host: must not be empty"),
    ("[server]\nhost = ' '", r"server\.host: must not be empty"),
    ("[server]\nrate_limit = 0", r"server\.rate_limit"),
    ("[waterfall.order]\nemial = []", r"waterfall\.order.*emial"),
    ("[waterfall.order]\nemail = 'hunter'", r"waterfall\.order\.email"),
    ("[waterfall.order]\nemail = ['nobody']", r"waterfall\.order\.email.*nobody"),
    ("[waterfall.order]\nemail = ['hunter', 'pronto', 'hunter']", r"waterfall\.order\.email.*twice"),
    ("[waterfall.order]\nphone = ['hunter']", r"waterfall\.order\.phone.*hunter"),
    ("[verification]\norder = ['prospeo']", r"verification\.order.*prospeo"),
    ("[verification]\norder = ['nobody']", r"verification\.order.*nobody"),
    ("[verification]\norder = ['hunter', 'hunter']", r"verification\.order.*twice"),
    ("[waterfall.deadline]\nemail = 0", r"waterfall\.deadline\.email"),
    ("[waterfall.deadline]\ntotal = -1", r"waterfall\.deadline\.total"),
    ("[waterfall.deadline]\nphone = nan", r"waterfall\.deadline\.phone"),
    ("[waterfall.deadline]\nphone = inf", r"waterfall\.deadline\.phone"),
    ("[waterfall.deadline]\nphone = 'soon'", r"waterfall\.deadline\.phone"),
    ("[prices]\nemail = -1", r"prices\.email"),
    ("[prices]\nphone = nan", r"prices\.phone"),
    ("[prices]\nphone = inf", r"prices\.phone"),
    ("[prices]\nemail = 1e17", r"prices\.email: .*1e12"),
    ("[prices]\nemail = 1000000000000.001", r"prices\.email: .*1e12"),
    ("[prices]\nemail = 0.0001", r"prices\.email: .*three decimals"),
    ("[prices]\nphone = 2.0005", r"prices\.phone: .*three decimals"),
    ("[prices]\nfax = 1", "prices.*fax"),
    ("[prices.overrides.hunter]\nemail = 1e17", r"prices\.overrides\.hunter\.email: .*1e12"),
    ("[prices.overrides.hunter]\nemail = 0.0001", r"prices\.overrides\.hunter\.email: .*three decimals"),
    ("[prices.overrides.hunter]\nemail = -1", r"prices\.overrides\.hunter\.email"),
    ("[prices.overrides.hunter]\nemail = 'free'", r"prices\.overrides"),
    ("[prices.overrides.nobody]\nemail = 1", r"prices\.overrides\.nobody"),
    ("[prices.overrides.hunter]\nfax = 1", r"prices\.overrides\.hunter\.fax"),
    ("[providers.nobody]\napi_key = 'x'", r"providers\.nobody"),
    ("[providers.hunter]\napi_kye = 'x'", r"providers\.hunter\.api_kye"),
    ("[providers.hunter]\napi_key = 'x'\ntimeout = 'long'", r"providers\.hunter\.timeout"),
    ("[providers.hunter]\napi_key = 'x'\ntimeout = -1", r"providers\.hunter\.timeout"),
    ("[providers.hunter]\napi_key = 'x'\nconcurrency = -1", r"providers\.hunter\.concurrency"),
    ("[providers.hunter]\napi_key = 'x'\nrate = -1", r"providers\.hunter\.rate"),
    ("[providers.hunter]\napi_key = 'x'\ntrusted = 'perhaps'", r"providers\.hunter\.trusted"),
    ("[providers.findymail]\napi_key = 'x'\nprofile_path = 'search'", r"providers\.findymail\.profile_path"),
    ("[providers.findymail]\napi_key = 'x'\nprofile_path = '//evil'", r"providers\.findymail\.profile_path"),
    ("[providers.findymail]\napi_key = 'x'\nprofile_path = '@evil'", r"providers\.findymail\.profile_path"),
    ("[providers]\nhunter = 5", r"^providers\.hunter: must be a section \(in "),
    ("[providers]\nhunter = 'x'", r"^providers\.hunter: must be a section \(in "),
    ("[providers.hunter]\napi_key = ['x']", r"^providers\.hunter\.api_key: must be text"),
    ("[providers.hunter]\napi_key = true", r"^providers\.hunter\.api_key: must be text"),
    ("[providers.hunter]\napi_key = '  '", r"^providers\.hunter\.api_key: must not be blank"),
    ('[providers.hunter]\napi_key = "x\\ny"', r"^providers\.hunter\.api_key: must be printable ASCII"),
    ('[providers.hunter]\napi_key = "x\\u0000"', r"^providers\.hunter\.api_key: must be printable ASCII"),
    ('[providers.hunter]\napi_key = "clé"', r"^providers\.hunter\.api_key: must be printable ASCII"),
    ("[providers.hunter]\napi_key = 'x'\ntimeout = 0", r"^providers\.hunter\.timeout: must be more than 0"),
    ("[transport]\nca_file = 'given.toml'", r"^transport\.ca_file: .*given\.toml holds no PEM certificate"),
    ("[transport]\nca_file = 'missing.pem'", r"^transport\.ca_file: there is no file"),
    ("[providers.hunter]\napi_key = 'x'\nbase_url = 'http://api.hunter.io'", r"providers\.hunter\.base_url"),
    ("[providers.hunter]\napi_key = 'x'\nbase_url = 'ftp://api.hunter.io'", r"providers\.hunter\.base_url"),
    ("[providers.hunter]\napi_key = 'x'\nbase_url = 'api.hunter.io'", r"providers\.hunter\.base_url"),
    ("[providers.hunter]\napi_key = 'x'\nbase_url = 'https://'", r"providers\.hunter\.base_url"),
    *(
        (f"[providers.hunter]\napi_key = 'x'\nbase_url = '{url}'", r"hunter\.base_url: must have no query")
        for url in (
            "https://api.hunter.io/v2?a=b",
            "https://api.hunter.io/v2?",
            "https://api.hunter.io/v2#top",
            "https://ann:secret@api.hunter.io/v2",
            "http://ann@127.0.0.1:9000",
        )
    ),
    (
        "[providers.hunter]\napi_key = 'x'\nbase_url = 'http://127.0.0.1.evil.example'",
        r"providers\.hunter\.base_url",
    ),
    ("[transport]\nclient = 'curl'", r"transport\.client"),
    ("[log]\nlevel = 'loud'", r"log\.level"),
    ("directory = 5", "^directory: there is no such setting"),
    ("[a.b]", "^a: "),
]


@pytest.mark.parametrize(("text", "named"), WRONG, ids=[text.replace("\n", " ") for text, _ in WRONG])
def test_a_mistake_is_told_by_the_name_of_its_key(write: Write, text: str, named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        everything(load(write(text), {}))
    assert re.search(named, str(caught.value)), str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("SERVER__PORT", "many", r"server\.port"),
        ("SERVER__PROT", "1", "server.*prot"),
        ("SERVER__HOST", "", r"server\.host: must not be empty \(from HEADRACE_SERVER__HOST\)"),
        ("DATABSE__URL", "x", "databse"),
        ("PRICES__EMAIL", "-1", r"prices\.email"),
        ("WATERFALL__DEADLINE__EMAIL", "0", r"waterfall\.deadline\.email"),
        ("WATERFALL__ORDER__EMAIL", "hunter,nobody", r"waterfall\.order\.email"),
        ("PROVIDERS__HUNTER__APIKEY", SECRET, r"providers\.hunter\.apikey"),
        ("SERVER__PORT__NUMBER", "1", r"server\.port"),
        ("SERVER_PORT", "1", "HEADRACE_SERVER__PORT"),
        ("WATERFALL_DEADLINE_PERSONAL_EMAIL", "1", "HEADRACE_WATERFALL__DEADLINE__PERSONAL_EMAIL"),
        ("PROVIDERS_HUNTER_API_KEY", SECRET, "HEADRACE_PROVIDERS__<VENDOR>__API_KEY"),
    ],
)
def test_a_mistake_in_the_environment_is_told_in_the_same_way(name: str, value: str, named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        everything(load(None, environment(**{name: value})))
    assert re.search(named, str(caught.value)), str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_mistake_is_told_with_where_it_was_made_and_what_may_be_meant(write: Write) -> None:
    file = write("[server]\nprot = 1\n")
    with pytest.raises(ConfigError) as in_file:
        load(file, {})
    assert str(in_file.value) == f"server.prot: there is no such setting; port is one (in {file})"
    with pytest.raises(ConfigError) as in_variable:
        load(write("[server]\nport = 1\n"), environment(SERVER__PORT="many"))
    assert str(in_variable.value).endswith(" (from HEADRACE_SERVER__PORT)")
    with pytest.raises(ConfigError) as unlike_any:
        load(None, environment(XYZ__A="1"))
    assert str(unlike_any.value) == "xyz: there is no such setting (from HEADRACE_XYZ__A)"


@pytest.mark.parametrize(
    "text",
    [
        "[waterfall.order]\nemail = ['nobody']",
        "[providers.nosuch]\napi_key = 'x'",
        "[providers.hunter]\nfoo = 'x'",
        "[providers.hunter]\napi_key = 'x'\ntimeout = 0",
        "[prices.overrides.nosuch]\nemail = 1",
    ],
)
def test_a_mistake_that_is_found_later_is_told_with_where_it_was_made_once(write: Write, text: str) -> None:
    file = write(text)
    with pytest.raises(ConfigError) as caught:
        everything(load(file, {}))
    assert str(caught.value).endswith(f" (in {file})")
    assert str(caught.value).count("(in ") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROVIDERS__NOSUCH__API_KEY", "x"),
        ("PROVIDERS__HUNTER__FOO", "x"),
        ("WATERFALL__ORDER__EMAIL", "nobody"),
        ("DATABASE__URL", "mysql:///x"),
    ],
)
def test_a_mistake_in_a_variable_that_is_found_later_names_it(write: Write, name: str, value: str) -> None:
    settings = load(write("[server]\nport = 1\n"), environment(**{name: value}))
    with pytest.raises(ConfigError) as caught:
        _ = settings.database_at, everything(settings)
    assert str(caught.value).endswith(f" (from HEADRACE_{name})")


@pytest.mark.parametrize("url", ["postgresql://localhost/x", "headrace.db", "sqlite:///", "", "mysql:///x"])
def test_a_database_that_is_not_supported_is_told(url: str) -> None:
    settings = load(None, environment(DATABASE__URL=url))
    with pytest.raises(ConfigError, match=r"^database\.url: "):
        _ = settings.database_path


@pytest.mark.parametrize("content", [b"[server\nport = 1", b"\xff\xfe", b"a = 1\na = 2", b"[server]\nport ="])
def test_a_file_that_is_no_toml_is_told_by_name(elsewhere: Path, content: bytes) -> None:
    file = elsewhere / "broken.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"broken\.toml"):
        load(file, {})


def test_a_file_that_is_not_there_is_told_by_name(elsewhere: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.toml: no such file"):
        load(elsewhere / "missing.toml", {})
    with pytest.raises(ConfigError, match=r"missing\.toml: no such file"):
        load(None, environment(CONFIG=str(elsewhere / "missing.toml")))
    with pytest.raises(ConfigError, match="cannot be read"):
        load(elsewhere, {})


def test_a_file_is_utf8_whatever_the_locale(elsewhere: Path) -> None:
    """Where the locale were asked, this interpreter would warn."""
    (elsewhere / "given.toml").write_bytes('[privacy]\npurpose = "é"\n'.encode())
    reads = "from headrace.config import load; from pathlib import Path; load(Path('given.toml'), {})"
    strict = ("-X", "warn_default_encoding", "-W", "error::EncodingWarning:headrace.config.reading")
    subprocess.run([sys.executable, *strict, "-c", reads], check=True, cwd=elsewhere)


# Secrets

LEAKS = [
    f"[providers.hunter]\napi_key = '{SECRET}'\ntimeout = 'long'",
    f"[providers.hunter]\napi_key = '{SECRET}'\nbase_url = 'http://api.hunter.io/{SECRET}'",
    f"[providers.hunter]\napi_kye = '{SECRET}'",
    f"[providers.hunter]\napi_key = '{SECRET}'\ntrusted = '{SECRET}'",
    f"[providers]\nhunter = '{SECRET}'",
    f"[providers.hunter]\napi_key = ['{SECRET}']",
    f'[providers.hunter]\napi_key = "{SECRET}\\n"',
    f"providers = '{SECRET}'",
    f"[security]\npepper = ['{SECRET}']",
    f"[security]\npeper = '{SECRET}'",
    f"[providers.hunter]\napi_key = '{SECRET}",
]


@pytest.mark.parametrize("text", LEAKS)
def test_no_mistake_shows_a_secret(write: Write, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        everything(load(write(text), {}))
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value)


def test_settings_and_what_is_made_of_them_show_no_secret_when_printed(write: Write) -> None:
    settings = load(write(f"[providers.hunter]\napi_key = '{SECRET}'\n[security]\npepper = '{SECRET}'\n"), {})
    vendor = make_vendors(settings)["hunter"]
    assert SECRET not in repr(vendor)
    assert SECRET not in repr(settings.provider("hunter"))
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)


# Vendors


def test_only_vendors_with_credentials_take_part(write: Write) -> None:
    settings = load(
        write(f"[providers.hunter]\napi_key = '{SECRET}'\n[providers.pronto]\napi_key = ''\n"), {}
    )
    assert list(make_vendors(settings)) == ["hunter"]
    plan = everything(settings)
    assert [source.name for source in plan.finders[Field.EMAIL]] == ["hunter"]
    assert plan.finders[Field.PHONE] == ()
    assert plan.verifiers == ("hunter",)


def test_nobody_may_be_named_to_verify(write: Write) -> None:
    text = f"[verification]\norder = []\n[providers.hunter]\napi_key = '{SECRET}'\n"
    assert everything(load(write(text), {})).verifiers == ()


def test_the_order_of_the_file_is_the_order_of_the_plan() -> None:
    names = ("pronto", "hunter", "leadmagic")
    keys = {f"PROVIDERS__{name.upper()}__API_KEY": SECRET for name in names}
    settings = load(None, environment(WATERFALL__ORDER__EMAIL=",".join(names), **keys))
    assert tuple(source.name for source in everything(settings).finders[Field.EMAIL]) == names


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://gateway.example/hunter", "https://gateway.example/hunter"),
        ("https://gateway.example/hunter/", "https://gateway.example/hunter"),
        ("https://gateway.example:8443", "https://gateway.example:8443"),
        ("http://127.0.0.1:9000/hunter", "http://127.0.0.1:9000/hunter"),
        ("http://localhost:9000", "http://localhost:9000"),
        ("http://[::1]:9000/a/b", "http://[::1]:9000/a/b"),
    ],
)
def test_a_base_url_may_have_a_path_and_on_loopback_be_plain(given: str, used: str) -> None:
    settings = load(None, environment(PROVIDERS__HUNTER__API_KEY=SECRET, PROVIDERS__HUNTER__BASE_URL=given))
    assert make_vendors(settings)["hunter"].base_url == used


@pytest.mark.parametrize(
    ("vendor", "rate", "limits"),
    [
        ("hunter", 300, {"email": ("email", 5, 1.0), "verify": ("verify", 5, 1.0)}),
        ("hunter", 500, {"email": ("email", 8, 0.96), "verify": ("verify", 8, 0.96)}),
        ("hunter", 0.5, {"email": ("email", 1, 120.0), "verify": ("verify", 1, 120.0)}),
        ("hunter", 0, {"email": ("email", 0, 1), "verify": ("verify", 0, 1)}),
        ("prospeo", 300, {"email": ("*", 5, 1.0), "phone": ("*", 5, 1.0)}),
        ("findymail", 90, {wanted: (wanted, 90, 60.0) for wanted in ("email", "phone", "verify")}),
    ],
)
def test_a_rate_is_counted_as_its_vendor_counts(
    vendor: str, rate: float, limits: dict[str, tuple[str, int, float]]
) -> None:
    given = {
        f"PROVIDERS__{vendor.upper()}__{key}": value for key, value in (("API_KEY", SECRET), ("RATE", rate))
    }
    settings = load(None, environment(**given))
    made = make_limits(settings, make_vendors(settings))
    quotas = {capability: each.quota for (_, capability), each in made.items()}
    assert quotas == {
        capability: Quota(f"vendor:{vendor}:{expected[0]}", *expected[1:])
        for capability, expected in limits.items()
    }


def test_findymails_path_can_be_set(write: Write) -> None:
    text = "[providers.findymail]\napi_key = 'x'\nprofile_path = '/api/search/linkedin'\n"
    adapter = make_vendors(load(write(text), {}))["findymail"].adapter
    asked = next(adapter.find((Field.EMAIL,), Contact(linkedin_url="https://www.linkedin.com/in/jane/")))
    assert isinstance(asked, Request)
    assert asked.path == "/api/search/linkedin"


def test_prices_are_kept_in_thousandths(write: Write) -> None:
    text = "[prices]\nemail = 0.1\nphone = 0\n[prices.overrides.hunter]\nemail = 1.005\n"
    prices = make_prices(load(write(text), {}))
    assert prices.per_field == {Field.EMAIL: 100, Field.PHONE: 0, Field.PERSONAL_EMAIL: 30000}
    assert prices.overrides == {("hunter", Field.EMAIL): 1005}


def test_the_dearest_prices_fit_the_books_together(write: Write) -> None:
    text = "[prices]\nemail = 0\nphone = 1e12\npersonal_email = 999999999999.999\n"
    prices = make_prices(load(write(text), {}))
    assert prices.per_field[Field.PHONE] == 10**15
    assert prices.per_field[Field.PERSONAL_EMAIL] == 10**15 - 1
    assert 3 * prices.per_field[Field.PHONE] < 2**63


def test_the_default_orders_name_vendors_that_exist_and_can_do_it() -> None:
    assert isinstance(everything(load(None, {})), Plan)
    order = load(None, {}).waterfall.order
    assert set(order.email) <= set(registry.names())


def test_settings_changed_in_code_are_checked_again() -> None:
    settings = load(None, {})
    prices = msgspec.structs.replace(settings.prices, email=-1)
    with pytest.raises(ConfigError, match=r"^prices\.email: "):
        check(msgspec.structs.replace(settings, prices=prices))
