"""A stack of its own for each module, and databases of each kind."""

from tests.storage.conftest import backend, migrated, storage

__all__ = ["backend", "migrated", "storage"]
