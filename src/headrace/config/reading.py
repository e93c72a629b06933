"""Reads settings from a TOML file and the environment."""

import os
import tomllib
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from msgspec.structs import replace

from headrace.config.checks import check
from headrace.config.convert import ConfigError, convert, fields_of
from headrace.config.sections import Origin, Settings

PREFIX = "HEADRACE_"
DEFAULT_FILE = "headrace.toml"


def load(file: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings from `file` (else `headrace.toml` here, else defaults), overlaid with `.env` and the
    environment: `HEADRACE_DATABASE__URL` sets `database.url`. Raises `ConfigError`."""
    if environment is None:
        from_dotenv = {key: value for key, value in dotenv_values(".env").items() if value is not None}
        environment = {**from_dotenv, **os.environ}
    if file is None and environment.get(f"{PREFIX}CONFIG"):
        file = Path(environment[f"{PREFIX}CONFIG"])
    if file is None and Path(DEFAULT_FILE).exists():
        file = Path(DEFAULT_FILE)
    tree = _read(file) if file else {}
    for key, value in environment.items():
        path = key.removeprefix(PREFIX).lower().split("__")
        # An empty credential is one that was left open in a template, not one that takes another away.
        if key.startswith(PREFIX) and "__" in key and (value or path[0] != "providers"):
            _overlay(tree, path, value)
        elif key.startswith(PREFIX) and (meant := _meant(Settings, path[0])):
            raise ConfigError(f"{key}: is spelt with two underscores, {PREFIX}{'__'.join(meant).upper()}")
    variables = tuple(name for name in environment if name.startswith(PREFIX) and "__" in name)
    origin = Origin(str(file) if file else None, variables)
    try:
        _check_tree(tree)
        settings: Settings = convert(tree, Settings)
        directory = file.parent if file else Path()
        return check(replace(settings, directory=directory, origin=origin))
    except ConfigError as error:
        raise origin.locate(error) from None


def _check_tree(tree: Mapping[str, Any]) -> None:
    """What the conversion could not tell."""
    for name in {"directory", "origin"} & tree.keys():  # they are of the settings, but not for setting
        raise ConfigError(f"{name}: there is no such setting")
    providers = tree.get("providers")
    for name, section in providers.items() if isinstance(providers, dict) else ():
        if not isinstance(section, dict):
            raise ConfigError(f"providers.{name}: must be a section")


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))  # as TOML is, whatever the locale
    except FileNotFoundError:
        raise ConfigError(f"{file}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read ({error.__class__.__name__})") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from None


def _overlay(tree: dict[str, Any], path: list[str], text: str) -> None:
    *parents, last = path
    here = tree
    for parent in parents:
        step = here.setdefault(parent, {})
        if not isinstance(step, dict):
            raise ConfigError(f"{'.'.join(path)}: {parent} is not a section")
        here = step
    here[last] = _split(text) if _is_list(path) else text


def _is_list(path: list[str]) -> bool:
    """Whether the setting at `path` is a list, which the environment writes with commas."""
    kind: Any = Settings
    for name in path:
        kind = fields_of(kind).get(name)
    return typing.get_origin(kind) is tuple


def _meant(kind: Any, words: str) -> list[str] | None:
    """The setting that is spelt with single underscores, which would be passed over in silence."""
    if kind is Settings and words.startswith("providers_"):
        return ["providers", "<vendor>", "api_key"]
    for name, inner in fields_of(kind).items():
        below = _meant(inner, words.removeprefix(f"{name}_")) if words.startswith(f"{name}_") else None
        if below or (kind is not Settings and words == name):
            return [name, *(below or ())]
    return None


def _split(text: str) -> list[str]:
    return [item.strip() for item in text.strip("[] ").replace('"', "").split(",") if item.strip()]
