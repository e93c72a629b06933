"""The documentation names everything there is, and what it shows can be used as it stands."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
import trustme
import typer
from dotenv import dotenv_values

from headrace.cli.main import app
from headrace.config import ConfigError, Provider, Settings, load
from headrace.config.sections import Origin
from headrace.domain.errors import KINDS
from headrace.domain.failures import CONSEQUENCES, Failure
from headrace.domain.model import Contact, Field, Grade
from headrace.domain.trace import DOMAIN_FROM_COMPANY, GUESSED, SUPPRESSED
from headrace.ports import Response
from headrace.providers import registry
from headrace.providers.base import WHOLE_VENDOR
from headrace.sandbox.faults import FAULTS
from headrace.sandbox.vendors import discover
from headrace.storage.opening import keys_beside
from headrace.transport.bulkhead import NO_CONNECTION
from headrace.wiring import make_plan, make_prices, make_vendors
from headrace.wiring.work import _jobs_url

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
EXAMPLE = ROOT / "headrace.example.toml"
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(page for part in ("docs", "tests", "bench", "src") for page in (ROOT / part).rglob("*.md")),
    ]
)
EVERYWHERE = {"--config", "--json", "--help"}
"""Options that `cli.md` describes once for all commands."""

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def page(name: str) -> str:
    return (DOCS / name).read_text()


def section(text: str, heading: str) -> str:
    """What stands under a heading of the second level."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"there is no heading {heading!r}"
    return found[1]


def rows(text: str) -> dict[str, str]:
    """The table rows that begin with a word in code spelling, by that word."""
    return {found[1]: found[0] for found in re.finditer(r"^\| `([^`]+)`.*$", text, re.MULTILINE)}


def leaves(kind: type[msgspec.Struct], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every key that can be set, with its default."""
    for field in msgspec.structs.fields(kind):
        path = (*above, field.name)
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from leaves(field.type, path)
        elif path not in {("providers",), ("directory",), ("origin",)}:
            default = field.default
            yield path, field.default_factory() if default is msgspec.NODEFAULT else default


KEYS = dict(leaves(Settings))
PROVIDER_KEYS = {field.name for field in msgspec.structs.fields(Provider)} - {"credentials"} | {"api_key"}


@cache
def commands() -> dict[str, Any]:
    """Every command by its words, groups themselves left out."""
    return dict(_walk(typer.main.get_command(app), "headrace"))


def _walk(command: Any, words: str) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "list_commands"):
        yield words, command
        return
    for name in command.list_commands(None):
        subcommand = command.get_command(None, name)
        yield from _walk(subcommand, f"{words} {name}")


def options(command: Any) -> set[str]:
    spelt = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return {name for name in spelt if name.startswith("--")}


def snippets(language: str) -> list[Any]:
    return [
        pytest.param(
            found[2], id=f"{path.relative_to(ROOT)}:{path.read_text()[: found.start()].count(chr(10)) + 1}"
        )
        for path in PAGES
        for found in _FENCE.finditer(path.read_text())
        if found[1] == language
    ]


@pytest.mark.parametrize("path", KEYS, ids=".".join)
def test_every_setting_is_documented(path: tuple[str, ...]) -> None:
    key, variable = ".".join(path), "HEADRACE_" + "__".join(path).upper()
    row = rows(page("reference/configuration.md")).get(key)
    assert row, f"{key} has no row"
    assert variable in row
    default = KEYS[path]
    if isinstance(default, tuple) and default:
        assert ", ".join(map(str, default)) in row
    elif isinstance(default, bool):
        assert f"`{str(default).lower()}`" in row
    elif isinstance(default, float | int):
        assert f"`{default}`" in row or f"`{default:g}`" in row
    elif isinstance(default, str):
        assert (f"`{default}`" if default else "empty") in row


@pytest.mark.parametrize("key", sorted(PROVIDER_KEYS))
def test_every_setting_of_a_vendor_is_documented(key: str) -> None:
    row = rows(page("reference/configuration.md"))[f"providers.<vendor>.{key}"]
    assert f"HEADRACE_PROVIDERS__<VENDOR>__{key.upper()}" in row
    assert re.search(rf"^# {key} = ", EXAMPLE.read_text(), re.MULTILINE)


def test_no_setting_is_documented_that_does_not_exist() -> None:
    documented = rows(page("reference/configuration.md"))
    known = {".".join(path) for path in KEYS} | {f"providers.<vendor>.{key}" for key in PROVIDER_KEYS}
    assert set(documented) == known


def test_the_example_is_the_defaults() -> None:
    assert _defaults(load(EXAMPLE, {})) == Settings()


def test_the_example_states_every_default(tmp_path: Path) -> None:
    text = re.sub(r"^#(?=[a-z_]+ = )", "", EXAMPLE.read_text(), flags=re.MULTILINE)
    stated = tomllib.loads(text)
    for path, default in KEYS.items():
        if default is None or default == {}:
            assert re.search(rf"^# (?:\[[a-z.]*)?{path[-1]}\b", EXAMPLE.read_text(), re.MULTILINE), path
        else:
            here = stated
            for name in path:
                here = here[name]
    file = tmp_path / "headrace.toml"
    file.write_text(text)
    assert _defaults(load(file, {})) == Settings()


def test_the_examples_examples_load(tmp_path: Path) -> None:
    """With every line in effect, those without a default included."""
    text = re.sub(r"^# ?(?=\[[a-z.]+\]$|[a-z_]+ = )", "", EXAMPLE.read_text(), flags=re.MULTILINE)
    text = text.replace('api_key = ""', 'api_key = "a-key"')
    file = tmp_path / "headrace.toml"
    file.write_text(text)
    trustme.CA().cert_pem.write_to_path(tmp_path / "corporate-ca.pem")
    settings = load(file, {})
    vendors = make_vendors(settings)
    assert sorted(vendors) == registry.names()
    make_plan(settings, vendors)
    make_prices(settings)
    assert settings.transport.ca_file
    assert settings.security.pepper


def test_the_price_that_rests_on_one_estimate_says_so() -> None:
    prices = EXAMPLE.read_text().partition("[prices]")[2]
    line = next(line for line in prices.splitlines() if line.startswith("#personal_email = 30"))
    assert "single estimate" in line


def test_the_environment_example_sets_every_key(tmp_path: Path) -> None:
    text = (ROOT / ".env.example").read_text()
    file = tmp_path / "filled"
    file.write_text(re.sub(r"^#(HEADRACE_PROVIDERS__\w+)=$", r"\1=a-key", text, flags=re.MULTILINE))
    filled = {key: value or "" for key, value in dotenv_values(file).items()}
    assert sorted(make_vendors(load(EXAMPLE, filled))) == registry.names()
    assert all(not value for value in dotenv_values(ROOT / ".env.example").values())


@pytest.mark.parametrize("mistake", ['port = "many"', "prot = 1"])
def test_mistakes_are_told_as_documented(
    mistake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("headrace.toml").write_text(f"[server]\n{mistake}\n")
    with pytest.raises(ConfigError) as told:
        load(environment={})
    assert f"headrace: {told.value}\n" in page("reference/configuration.md")


def test_a_misspelt_variable_is_told_as_documented() -> None:
    with pytest.raises(ConfigError) as told:
        load(EXAMPLE, {"HEADRACE_DATABASE_URL": "x"})
    assert f"headrace: {told.value}\n" in page("reference/configuration.md")


def test_an_open_line_of_the_environment_example_undoes_no_key(tmp_path: Path) -> None:
    file = tmp_path / "headrace.toml"
    file.write_text('[providers.hunter]\napi_key = "a-key"\n')
    assert list(make_vendors(load(file, {"HEADRACE_PROVIDERS__HUNTER__API_KEY": ""}))) == ["hunter"]


def _defaults(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, directory=Path(), origin=Origin())


@pytest.mark.parametrize("words", commands())
def test_every_command_is_documented(words: str) -> None:
    text = section(page("reference/cli.md"), words)
    mine = options(commands()[words]) - EVERYWHERE
    missing = [name for name in sorted(mine) if f"`{name}`" not in text]
    assert not missing
    assert re.search(rf"^```sh\n{re.escape(words)}\b", text, re.MULTILINE), "shows no example"


def test_no_command_is_documented_that_does_not_exist() -> None:
    headings = re.findall(r"^## (headrace .*)$", page("reference/cli.md"), re.MULTILINE)
    assert sorted(headings) == sorted(commands())


@pytest.mark.parametrize("name", sorted(EVERYWHERE))
def test_common_options_are_documented(name: str) -> None:
    assert any(row.startswith(name) for row in rows(page("reference/cli.md")))


def test_every_command_takes_the_common_options() -> None:
    assert [
        words for words, command in commands().items() if not EVERYWHERE - {"--help"} <= options(command)
    ] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_examples_exist(path: Path) -> None:
    for found in _FENCE.finditer(path.read_text()):
        if found[1] != "sh":
            continue
        for line in _commands(found[2]):
            words = shlex.split(line, comments=True)
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words.pop(0)
            if not words or words[0].rsplit("/", 1)[-1] != "headrace":
                continue
            plain = ["headrace", *words[1:]]
            name = next((" ".join(plain[:n]) for n in (3, 2) if " ".join(plain[:n]) in commands()), None)
            if name is None:
                assert plain[1:] == ["--version"], line
                continue
            given = {word.partition("=")[0] for word in plain if word.startswith("--")}
            assert given <= options(commands()[name]) | {"--help"}, line


@pytest.mark.parametrize("code", KINDS)
def test_every_error_is_documented(code: str) -> None:
    kind = KINDS[code]
    row = rows(section(page("reference/api.md"), "Errors"))[code]
    _, _, status, message, fault, _, _ = (cell.strip() for cell in row.split("|"))
    assert status == str(kind.status)
    assert fault == kind.fault
    if "{" not in kind.message:
        assert kind.message in message


@pytest.mark.parametrize("failure", list(Failure))
def test_every_failure_is_documented(failure: Failure) -> None:
    row = rows(page("reference/failures.md"))[failure]
    effect = CONSEQUENCES.get(failure)
    does = row.split("|")[3].strip()
    if effect is None:
        assert does == "counts"
    elif not effect.counts:
        assert does == "nothing"
    else:
        assert does.startswith("pauses the whole vendor" if effect.whole_vendor else "pauses this capability")
        assert ("loudly" in does) == effect.loud


@pytest.mark.parametrize("reason", [SUPPRESSED, GUESSED, DOMAIN_FROM_COMPANY, NO_CONNECTION])
def test_every_reason_of_our_own_is_documented(reason: str) -> None:
    assert reason in rows(page("reference/api.md"))


def test_every_file_beside_the_database_is_documented() -> None:
    known = rows(page("how-to/operate.md"))
    database = Path("headrace.db")
    jobs = _jobs_url(database).removeprefix("sqlite:///")
    assert {str(database), jobs, str(keys_beside(database))} <= set(known)


@pytest.mark.parametrize("grade", list(Grade))
def test_every_verdict_is_documented(grade: Grade) -> None:
    assert grade in rows(page("reference/verdicts.md"))


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_every_sandbox_fault_is_documented(fault: str) -> None:
    assert fault in rows(page("how-to/rehearse.md"))


@pytest.mark.parametrize("vendor", registry.names())
def test_every_variant_is_documented(vendor: str) -> None:
    text = section(page("how-to/rehearse.md"), "Variants")
    for variant in discover()[vendor].variants:
        assert f"`{variant}`" in rows(text)[vendor], variant


@pytest.mark.parametrize("vendor", registry.names())
def test_every_vendor_is_documented(vendor: str) -> None:
    assert (DOCS / "vendors" / f"{vendor}.md").is_file()
    assert f"({vendor}.md)" in page("vendors/README.md")


@pytest.mark.parametrize("vendor", registry.names())
def test_the_time_that_is_allowed_for_a_call_is_documented(vendor: str) -> None:
    table = [line.split("|") for line in page("vendors/README.md").splitlines() if line.startswith("|")]
    column = next(place for place, cell in enumerate(table[0]) if f"({vendor}.md)" in cell)
    allowed = next(row for row in table if row[1].strip() == "Time allowed for a call")
    assert allowed[column].strip() == f"{registry.adapter(vendor).timeout:g} s"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    for target in _LINK.findall(_FENCE.sub("", path.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        destination = (path.parent / file).resolve() if file else path
        assert destination.exists(), target
        assert destination.is_relative_to(ROOT), target
        if anchor and destination.suffix == ".md":
            assert anchor in _anchors(destination), target


@cache
def _anchors(path: Path) -> frozenset[str]:
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", path.read_text()), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


@pytest.mark.parametrize("text", snippets("toml"))
def test_toml_snippets_parse(text: str, tmp_path: Path) -> None:
    file = tmp_path / "headrace.toml"
    file.write_text(text)
    load(file, {})


@pytest.mark.parametrize("text", snippets("json"))
def test_json_snippets_parse(text: str) -> None:
    json.loads(text)


def test_the_example_adapter_does_what_its_example_says() -> None:
    """The page on adding a vendor holds an adapter and a conversation; the one plays the other."""
    blocks = {found[1]: found[2] for found in _FENCE.finditer(page("how-to/add-a-vendor.md"))}
    module = ModuleType("acme")
    exec(blocks["python"], module.__dict__)
    example = json.loads(blocks["json"])
    adapter = module.ADAPTER(api_key="a-key")
    assert "a-key" not in repr(adapter)
    assert adapter.base_url.startswith("https://")
    assert set(adapter.rates) <= {WHOLE_VENDOR, *adapter.finds}
    talk = adapter.find((Field(example["capability"]),), Contact(**example["contact"]))
    step = example["exchange"][0]
    asked = next(talk)
    assert (asked.method, asked.path, asked.body) == tuple(step["request"].values())
    with pytest.raises(StopIteration) as end:
        talk.send(Response(step["response"]["status"], {}, msgspec.json.encode(step["response"]["json"])))
    found = end.value.value
    assert list(found.values) == example["expect"]["values"]
    assert found.cost == example["expect"]["cost"]
    assert found.verdict.grade == example["expect"]["verdict"]
    assert found.verdict.accept_all is example["expect"]["accept_all"]


@pytest.mark.parametrize("text", snippets("sh"))
def test_shell_snippets_parse(text: str) -> None:
    for line in _commands(text):
        words = shlex.split(line, comments=True)
        if not words or words[0] != "curl":
            continue
        assert any(word.startswith(("http", "$")) for word in words), line
        for flag, value in pairwise(words):
            if flag in {"-d", "--data"} and value.startswith("{"):
                json.loads(value)
            if flag == "-H":
                assert ": " in value


def _commands(text: str) -> Iterator[str]:
    """Whole commands: joined where a line ends in a backslash or in the middle of a quotation."""
    waiting = ""
    for line in text.replace("\\\n", " ").splitlines():
        waiting = f"{waiting}\n{line}" if waiting else line
        try:
            shlex.split(waiting, comments=True)
        except ValueError:
            continue
        yield waiting
        waiting = ""
    assert not waiting, waiting


@pytest.mark.parametrize("path", sorted((DOCS / "why").glob("0*.md")), ids=lambda path: path.name)
def test_decisions_have_their_parts(path: Path) -> None:
    text = path.read_text()
    assert re.match(rf"# {path.name[:4]} ", text)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
        "Context",
        "Decision",
        "Consequences",
        "Alternatives",
    ]
