"""A stack with an operator, and without limits that are other tests' matter."""

from collections.abc import Iterator

import pytest
import pytest_asyncio

from tests.admin.desk import Desk
from tests.stack import Stack, running


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for a whole module."""
    with running(tmp_path_factory.mktemp("stack"), SERVER__RATE_LIMIT="100000") as made:
        yield made


@pytest_asyncio.fixture
async def desk(stack: Stack) -> Desk:
    """An operator with a key of their own."""
    return Desk(stack, (await stack.headrace.storage.admin_keys.create()).text)
