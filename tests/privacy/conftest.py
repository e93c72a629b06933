"""A stack of its own for each module, and databases of each kind."""

import pytest

from headrace.storage import rotation, secrets, vault
from tests.memory.waits import answers
from tests.storage.conftest import _patience, backend, migrated, storage

__all__ = ["_patience", "answers", "backend", "migrated", "storage"]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody has seen the new keys soon, and much sooner than they are used, also on a busy machine."""
    monkeypatch.setattr(vault, "_LOOK_AGAIN", -1.0)
    monkeypatch.setattr(secrets, "_REFRESH", 0.05)
    monkeypatch.setattr(rotation, "SEEN", 1.5)
    monkeypatch.setattr(rotation, "_WRITTEN", 0.0)
