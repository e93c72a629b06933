"""From text and tables to typed settings."""

import re
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

_UNKNOWN = re.compile("Object contains unknown field `(.*)`", re.DOTALL)


class ConfigError(Exception):
    """A setting is wrong. The text names its key, and once it is `located` where that was given."""

    located = False


def convert(tree: Mapping[str, Any], kind: type[Any], under: str = "") -> Any:
    """`tree` as a `kind`; `under`: what its keys are under. Raises `ConfigError`."""
    try:
        return msgspec.convert(tree, kind, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        where = where.rstrip("`")
        if unknown := _UNKNOWN.fullmatch(what):
            what = f"there is no such setting{_resembling(unknown[1], kind, where)}"
            where = f"{where}.{unknown[1]}"
        raise ConfigError(f"{f'{under}.{where}'.strip('.')}: {what}".removeprefix(": ")) from None


def fields_of(kind: Any) -> dict[str, Any]:
    """What a section holds; nothing, of what is no section."""
    return typing.get_type_hints(kind) if isinstance(kind, type) and issubclass(kind, Struct) else {}


def _resembling(name: str, kind: Any, section: str) -> str:
    """Names the setting that looks like one that the section does not have, if any does."""
    from difflib import get_close_matches  # noqa: PLC0415 - for mistakes only

    for step in filter(None, section.split(".")):
        kind = fields_of(kind).get(step)
    close = get_close_matches(
        name, [known for known in fields_of(kind) if known not in ("directory", "origin")], n=1
    )
    return f"; {close[0]} is one" if close else ""


def _decode(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError  # how the converter is told that it must decide itself
