"""From text and tables to typed settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec


class ConfigError(Exception):
    """A setting is wrong. The text names its key."""


def convert(tree: Mapping[str, Any], kind: type[Any], under: str = "") -> Any:
    """`tree` as a `kind`; `under`: what its keys are under. Raises `ConfigError`."""
    try:
        return msgspec.convert(tree, kind, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        key = ".".join(part for part in (under, where.rstrip("`")) if part)
        raise ConfigError(f"{key}: {what}" if key else what) from None


def _decode(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError  # how the converter is told that it must decide itself
