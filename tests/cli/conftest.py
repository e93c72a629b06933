"""A folder with a settings file."""

from pathlib import Path

import pytest

from tests.cli.running import Here, config_file


@pytest.fixture
def here(tmp_path: Path) -> Here:
    """Commands on a new database."""
    return Here(config_file(tmp_path))
