"""The tables that travel with the finder: each is read once, when it is first needed."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


def _text(file: str) -> str:
    return (files("headrace.finder") / "data" / file).read_text("utf-8")


@cache
def table(name: str) -> dict[str, Any]:
    """`data/<name>.toml`. It is shared: do not change it."""
    return tomllib.loads(_text(f"{name}.toml"))


@cache
def words(name: str) -> frozenset[str]:
    """The lines of `data/<name>.txt`, without comments."""
    lines = (line.strip() for line in _text(f"{name}.txt").splitlines())
    return frozenset(line for line in lines if line and not line.startswith("#"))
