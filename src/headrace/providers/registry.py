"""Finds the vendor files: every module in this package that names its class `ADAPTER`."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from headrace import providers
from headrace.providers.base import Adapter

_NOT_VENDORS = {"base", "registry"}


def names() -> list[str]:
    """Every vendor that there is a file for, without importing any."""
    return sorted(
        module.name for module in iter_modules(providers.__path__) if module.name not in _NOT_VENDORS
    )


@cache
def adapter(name: str) -> type[Adapter]:
    """The adapter class of one vendor. Raises `KeyError` for a vendor without a file."""
    if name not in names():
        raise KeyError(name)
    found: type[Adapter] = import_module(f"{providers.__name__}.{name}").ADAPTER
    return found
