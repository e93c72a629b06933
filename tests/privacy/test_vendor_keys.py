"""A vendor's key that is entered is kept encrypted, and used where the configuration has none."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from headrace.cli.main import app
from headrace.cli.options import CommandError
from headrace.config import load
from headrace.storage.opening import Storage
from headrace.storage.rotation import Rotation
from headrace.wiring import build, open_storage
from tests.cli.running import Here, config_file
from tests.storage.backends import Backend

KEY = "a-very-secret-vendor-key"


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(config_file(tmp_path))


def enter(here: Here, vendor: str, typed: str = f"{KEY}\n") -> str:
    done = CliRunner().invoke(
        app, ["providers", "set-key", vendor, "--config", str(here.config)], input=typed
    )
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def source(here: Here, vendor: str) -> str | None:
    listed = here.json("providers", "list")
    found: str | None = next(each["key"] for each in listed if each["provider"] == vendor)
    return found


def test_an_entered_key_is_used_and_can_be_read_nowhere(here: Here) -> None:
    assert KEY not in enter(here, "hunter")
    assert (source(here, "hunter"), source(here, "prospeo")) == ("stored", None)

    headrace = build(load(here.config, {}))
    assert headrace.vendors["hunter"].adapter.api_key == KEY  # type: ignore[attr-defined]
    assert list(headrace.vendors) == ["hunter"]
    assert KEY not in repr(headrace)
    headrace.storage.close()
    files = [path for path in here.config.parent.rglob("*") if path.is_file()]
    assert len(files) > 2
    assert not [path.name for path in files if KEY.encode() in path.read_bytes()]


def test_the_configuration_comes_first(here: Here) -> None:
    here.config.write_text('[providers.hunter]\napi_key = "configured"\nrate = 7\n')
    assert "the configuration comes first" in enter(here, "hunter")
    assert source(here, "hunter") == "config"
    here.config.write_text("[providers.hunter]\nrate = 7\n")
    assert source(here, "hunter") == "stored"


def test_a_key_is_replaced_and_removed(here: Here) -> None:
    enter(here, "hunter", "first\n")
    enter(here, "hunter", "second\n")
    storage = open_storage(load(here.config, {}))
    assert storage.vendor_keys.at_start() == {"hunter": {"api_key": "second"}}
    storage.close()
    assert here.json("providers", "remove-key", "hunter") == {"provider": "hunter", "stored": False}
    assert source(here, "hunter") is None
    assert isinstance(_failure(here, "providers", "remove-key", "hunter"), CommandError)


@pytest.mark.parametrize("typed", ["", "\n", "   \n"])
def test_nothing_is_not_a_key(here: Here, typed: str) -> None:
    assert isinstance(_failure(here, "providers", "set-key", "hunter", typed=typed), CommandError)
    assert isinstance(_failure(here, "providers", "set-key", "nobody", typed=KEY), CommandError)


def _failure(here: Here, *words: str, typed: str = "") -> BaseException | None:
    done = CliRunner().invoke(app, [*words, "--config", str(here.config)], input=typed)
    assert KEY not in done.output
    return done.exception


@pytest.mark.usefixtures("quick")
async def test_a_rotation_takes_them_along(storage: Storage, backend: Backend) -> None:
    await storage.vendor_keys.set("hunter", {"api_key": KEY}, "operator")
    turner = Rotation(storage.database, storage.vault, storage.owner.fence, storage.audit_log)
    assert (await turner.rotate("operator")).resealed == 1

    again = backend.open()
    assert again.vendor_keys.at_start() == {"hunter": {"api_key": KEY}}
    again.close()
