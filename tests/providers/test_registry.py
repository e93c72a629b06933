"""A vendor is added by adding a file."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace import providers
from headrace.providers import registry

VENDOR = """
from dataclasses import dataclass, field

@dataclass(frozen=True, slots=True)
class Newcomer:
    name = "newcomer"
    api_key: str = field(repr=False)

ADAPTER = Newcomer
"""


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "newcomer.py").write_text(VENDOR)
    monkeypatch.setattr(providers, "__path__", [*providers.__path__, str(tmp_path)])
    yield
    sys.modules.pop("headrace.providers.newcomer", None)
    registry.adapter.cache_clear()


def test_names_are_the_files() -> None:
    files = {file.stem for file in Path(providers.__path__[0]).glob("*.py")}
    assert registry.names() == sorted(files - {"__init__", "base", "registry"})


def test_a_name_gives_its_class() -> None:
    for name in registry.names():
        assert registry.adapter(name).name == name


def test_a_new_file_is_found_without_further_edits(newcomer: None) -> None:
    assert "newcomer" in registry.names()
    assert registry.adapter("newcomer").name == "newcomer"


@pytest.mark.parametrize("name", ["nobody", "", "base", "registry", "__init__", "os", "..config"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(KeyError):
        registry.adapter(name)
