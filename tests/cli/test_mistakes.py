"""Each mistake is answered with one line that names the thing, and an exit code."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from headrace.cli.background import listen
from headrace.cli.main import app
from headrace.cli.options import CommandError
from headrace.config import ConfigError
from headrace.storage.errors import Unusable
from tests.cli.running import Here, config_file, process, taken_port


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a settings file, a database and the account `acme`, which has 10 credits."""
    made = tmp_path_factory.mktemp("mistakes")
    here = Here(config_file(made))
    here.json("accounts", "create", "acme", "--credits", "10")
    (made / "finder.toml").write_text('[waterfall.order]\nemail = ["headrace_finder"]\n')
    (made / "not.toml").write_text("this is [not TOML")
    (made / "unknown.toml").write_text("[server]\nprot = 1\n")
    (made / "section.toml").write_text("[servers]\nport = 1\n")
    (made / "type.toml").write_text('[server]\nport = "many"\n')
    (made / "vendor.toml").write_text('[providers.nobody]\napi_key = "x"\n')
    (made / "mysql.toml").write_text('[database]\nurl = "mysql://localhost/x"\n')
    (made / "garbage.toml").write_text('[database]\nurl = "sqlite:///not.toml"\n')
    (made / "nowhere.toml").write_text('[database]\nurl = "sqlite:////proc/nothing/x.db"\n')
    (made / "plain.toml").write_text('[providers.hunter]\napi_key = "x"\nbase_url = "http://example.com"\n')
    return made


# Those that go through a process of their own: every way out of `main`.
IN_PROCESSES = {
    "an unknown account": (("accounts", "show", "nobody"), "nobody"),
    "a missing settings file": (("accounts", "list", "--config", "missing.toml"), "missing.toml"),
    "a kind that is none": (("enrich", "--type", "fax"), "--type: 'fax' is none of"),
    "a request for nobody": (("enrich", "--config", "finder.toml"), "--firstname is required"),
    "a file that is no database": (("accounts", "list", "--config", "garbage.toml"), "not.toml"),
    "a port out of range": (("serve", "--port", "99999"), "99999"),
    "an empty host": (("serve", "--host", "", "--port", "0"), "--host: must not be empty"),
}
HERE = {
    "an empty name of a settings file": (("accounts", "list", "--config", ""), "--config: must not be empty"),
    "an empty host of the sandbox": (("sandbox", "--host", " "), "--host: must not be empty"),
    "unknown account: set": (("accounts", "set", "nobody"), "nobody"),
    "unknown account: consent": (("accounts", "consent", "nobody", "--grant"), "nobody"),
    "unknown account: keys create": (("keys", "create", "nobody"), "nobody"),
    "unknown account: keys list": (("keys", "list", "nobody"), "nobody"),
    "unknown account: credits": (("credits", "add", "nobody", "1"), "nobody"),
    "unknown account: payer": (("enrich", "--account", "nobody", "--domain", "a.com"), "nobody"),
    "a name that is taken": (("accounts", "create", "acme"), "acme"),
    "an empty name": (("accounts", "create", " "), "name"),
    "a word for a number": (("credits", "add", "acme", "many"), "many"),
    "too many decimals": (("credits", "add", "acme", "0.0001"), "0.0001"),
    "not a number": (("credits", "add", "acme", "nan"), "nan"),
    "no end": (("credits", "add", "acme", "inf"), "inf"),
    "too large a number": (("credits", "add", "acme", "1e13"), "N: '1e13' is more than"),
    "far too large a number": (("credits", "add", "acme", "1e999999"), "N: '1e999999' is more than"),
    "more than there is": (("credits", "add", "acme", "-11"), "10"),
    "a word for credits": (("accounts", "create", "new", "--credits", "lots"), "--credits: 'lots' is not"),
    "too many credits": (
        ("accounts", "create", "new", "--credits", "1000000000001"),
        "--credits: '1000000000001' is more than 1000000000000 credits",
    ),
    "too much to take back": (
        ("credits", "add", "acme", "-1000000000001"),
        "N: '-1000000000001' is more than",
    ),
    "negative credits": (("accounts", "create", "new", "--credits", "-1"), "--credits"),
    "a country that is none": (
        ("accounts", "create", "new", "--phone-countries", "FR,France"),
        "--phone-countries: 'France'",
    ),
    "a country that does not exist": (("accounts", "set", "acme", "--phone-countries", "XX"), "XX"),
    "no kind": (("enrich", "--type", ","), "--type: name at least one of"),
    "a country that nobody has": (("enrich", "--phone-countries", "FR,ZZ"), "--phone-countries: 'ZZ' is not"),
    "a domain that is none": (("enrich", "--domain", "@"), "--domain must be a domain such as"),
    "a profile that is none": (("enrich", "--linkedin", "x"), "--linkedin-url must be a LinkedIn profile"),
    "a phone without a profile": (
        ("enrich", "--firstname", "A", "--lastname", "B", "--type", "phone", "--config", "finder.toml"),
        "--linkedin-url is required when --type includes phone",
    ),
    "an unknown key": (("keys", "revoke", "abc123"), "abc123"),
    "neither grant nor withdraw": (("accounts", "consent", "acme"), "--grant"),
    "invalid TOML": (("accounts", "list", "--config", "not.toml"), "not.toml"),
    "a folder as settings": (("accounts", "list", "--config", "."), "."),
    "an unknown setting": (("accounts", "list", "--config", "unknown.toml"), "prot"),
    "an unknown section": (("accounts", "list", "--config", "section.toml"), "servers"),
    "a setting of the wrong type": (("accounts", "list", "--config", "type.toml"), "server.port"),
    "an unknown vendor": (("providers", "list", "--config", "vendor.toml"), "providers.nobody"),
    "a database of another kind": (("accounts", "list", "--config", "mysql.toml"), "database.url"),
    "a database that cannot be made": (
        ("db", "upgrade", "--config", "nowhere.toml"),
        "/proc/nothing/x.db",
    ),
    "a vendor without TLS": (("providers", "check", "--config", "plain.toml"), "providers.hunter.base_url"),
}


@pytest.fixture
def _inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


@pytest.mark.parametrize(("arguments", "named"), IN_PROCESSES.values(), ids=IN_PROCESSES)
def test_a_process_says_one_line_and_exits_with_a_code(
    folder: Path, arguments: tuple[str, ...], named: str
) -> None:
    done = process(*arguments, cwd=folder)

    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert done.stderr.startswith("headrace: ")
    assert done.stderr.count("\n") == 1
    assert named in done.stderr
    assert ".." not in done.stderr


def test_an_argument_that_is_no_text_is_shown(folder: Path) -> None:
    for command in (("accounts", "create"), ("accounts", "show"), ("enrich", "--firstname"), ("verify",)):
        done = process(*command, os.fsdecode(b"a\xff"), cwd=folder)

        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "headrace: 'a\\udcff': holds bytes that are not UTF-8\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
@pytest.mark.parametrize("command", [("accounts", "list"), ("accounts", "list", "--json"), ("--version",)])
def test_an_output_that_takes_nothing_is_told(folder: Path, command: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = process(*command, cwd=folder, output=full)

    assert done.returncode == 1
    assert done.stderr == "headrace: cannot write: No space left on device\n"


def test_a_folder_of_owners_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "headrace.db.owners").touch()
    done = process("accounts", "list", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "headrace: headrace.db.owners: File exists\n"


def test_a_port_that_is_in_use_is_named(folder: Path) -> None:
    with taken_port() as port:
        for command in ("serve", "sandbox"):
            done = process(command, "--port", str(port), cwd=folder)
            assert done.returncode == 2
            assert done.stderr == f"headrace: cannot listen on 127.0.0.1:{port}: Address already in use\n"


def test_a_port_is_taken_from_the_moment_on_that_somebody_has_it() -> None:
    with listen("127.0.0.1", 0) as first, pytest.raises(CommandError, match="Address already in use"):
        listen("127.0.0.1", first.getsockname()[1])


@pytest.mark.usefixtures("_inside")
@pytest.mark.parametrize(("arguments", "named"), HERE.values(), ids=HERE)
def test_a_mistake_is_named_in_one_line(arguments: tuple[str, ...], named: str) -> None:
    done = CliRunner().invoke(app, list(arguments))

    assert isinstance(done.exception, CommandError | ConfigError | Unusable)
    assert named in str(done.exception)
    assert "\n" not in str(done.exception)
    assert done.stdout == ""


def test_a_refused_command_changes_nothing(folder: Path) -> None:
    here = Here(folder / "headrace.toml")

    assert [one["name"] for one in here.json("accounts", "list")] == ["acme"]
    assert here.json("accounts", "show", "acme")["available"] == 10
    assert here.json("ledger", "verify")["entries"] == 1


def test_a_wrong_setting_in_the_environment_is_named(folder: Path) -> None:
    done = process("accounts", "list", cwd=folder, environment={"HEADRACE_SERVER__PROT": "1"})

    assert done.returncode == 2
    assert "prot" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("before", [(), ("accounts",)])
@pytest.mark.parametrize("option", [("--json",), ("--config", "x.toml"), ("--config=x.toml",)])
def test_an_option_in_front_of_the_command_is_told_its_place(
    before: tuple[str, ...], option: tuple[str, ...]
) -> None:
    done = CliRunner().invoke(app, [*before, *option, "list"])

    assert (done.exit_code, done.stdout) == (2, "")
    said = " ".join(done.stderr.replace("│", " ").split())
    assert f"{option[0].partition('=')[0]} goes after the command's name, as in: headrace accounts" in said


def test_wrong_usage_exits_2_without_a_traceback(folder: Path) -> None:
    for arguments in ((), ("accounts",), ("accounts", "create"), ("nonsense",), ("serve", "--nonsense")):
        done = CliRunner().invoke(app, list(arguments))
        assert done.exit_code == 2, arguments
        assert "Traceback" not in done.output
