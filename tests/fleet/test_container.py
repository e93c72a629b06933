"""`Dockerfile` and `compose.yaml` say what this version of Headrace understands."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from typer.main import get_command
from typer.testing import CliRunner

from headrace.cli.main import app
from headrace.config import load
from headrace.wiring import make_plan, make_vendors

ROOT = Path(__file__).parents[2]
COMPOSE: Any = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")

GIVEN = {
    "POSTGRES_PASSWORD": "a" * 48,
    "HEADRACE_SECURITY__PEPPER": "b" * 64,
    "HEADRACE_SECURITY__ENCRYPTION_KEYS": "Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2M=",
    "HEADRACE_PROVIDERS__HUNTER__API_KEY": "d",
}
"""What a person has to set, and one vendor."""

_VARIABLE = re.compile(r"\$\{(\w+)(:\?[^}]*|:-[^}]*)\}")


def environment(service: str) -> dict[str, str]:
    """The service's environment as Compose makes it from what is `GIVEN`."""

    def value(found: re.Match[str]) -> str:
        name, otherwise = found[1], found[2]
        assert name in GIVEN or otherwise.startswith(":-"), f"{name} has no value"
        return GIVEN.get(name) or otherwise[2:]

    return {key: _VARIABLE.sub(value, str(text)) for key, text in SERVICES[service]["environment"].items()}


def instructions(word: str) -> list[str]:
    return re.findall(rf"^{word} (.*)$", DOCKERFILE, re.MULTILINE)


def test_there_are_two_of_each() -> None:
    assert OURS == ["api-1", "api-2", "worker-1", "worker-2"]
    assert set(SERVICES) == {*OURS, "postgres", "valkey"}


@pytest.mark.parametrize("service", OURS)
def test_a_services_settings_are_understood(service: str) -> None:
    settings = load(None, environment(service))
    assert str(settings.database_at).startswith("postgresql://headrace:")
    assert settings.shared.url == "redis://valkey:6379/0"
    assert list(make_vendors(settings)) == ["hunter"]
    make_plan(settings, make_vendors(settings))
    assert settings.security.encryption_keys == (GIVEN["HEADRACE_SECURITY__ENCRYPTION_KEYS"],)


@pytest.mark.parametrize("service", OURS)
def test_a_services_command_exists(service: str) -> None:
    name, *options = SERVICES[service]["command"]
    known: Any = get_command(app)
    command = known.get_command(None, name)
    spelt = {each for option in command.params for each in (*option.opts, *option.secondary_opts)}
    assert set(options) <= spelt
    assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0


def test_workers_have_names_that_stay_and_differ() -> None:
    names = [load(None, environment(service)).jobs.name for service in OURS if service.startswith("worker")]
    assert names == ["worker-1", "worker-2"]


@pytest.mark.parametrize("service", OURS)
def test_it_starts_after_what_it_needs_is_well(service: str) -> None:
    for needed, terms in SERVICES[service]["depends_on"].items():
        assert terms == {"condition": "service_healthy"}
        assert SERVICES[needed]["healthcheck"]["test"]


def test_no_secret_stands_in_the_file() -> None:
    for service in SERVICES.values():
        for key, value in service["environment"].items() if "environment" in service else ():
            if re.search("PASSWORD|PEPPER|KEY", key):
                assert _VARIABLE.fullmatch(value), key


def test_the_image_runs_as_nobody_in_particular_and_installs_what_is_locked() -> None:
    assert instructions("USER") == ["headrace"]
    assert instructions("ENTRYPOINT") == ['["headrace"]']
    assert instructions("CMD") == ['["serve"]']
    assert instructions("EXPOSE") == [str(load(None, {}).server.port)]
    assert "--require-hashes -r requirements/runtime.txt" in DOCKERFILE
    assert len(instructions("FROM")) == 2


def test_everything_that_the_image_copies_exists_and_is_let_through() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"]
    for line in instructions("COPY"):
        words = [word for word in shlex.split(line)[:-1] if not word.startswith(("--", "/"))]
        for word in words:
            assert (ROOT / word).exists(), word
            assert word in allowed, word


def test_its_health_check_is_python_that_runs() -> None:
    check = re.search(r"HEALTHCHECK.*CMD \[(.*)\]$", DOCKERFILE, re.MULTILINE)
    assert check
    program, flag, code = yaml.safe_load(f"[{check[1]}]")
    assert (program, flag) == ("python", "-c")
    compile(code, "HEALTHCHECK", "exec")
    assert ":8080/healthz" in code
