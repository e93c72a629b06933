"""A sandbox behind a real socket."""

import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
import pytest_asyncio
import uvicorn

from headrace.sandbox import create_app

from .client import Client, Json


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    """The address of a running sandbox without latency."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(latency_scale=0), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(5)


@pytest_asyncio.fixture
async def client(sandbox_url: str) -> AsyncIterator[Client]:
    """A client of a sandbox on its first day."""
    async with aiohttp.ClientSession() as session:
        client = Client(session, sandbox_url)
        await session.post(f"{sandbox_url}/_control/reset")
        yield client


@pytest_asyncio.fixture
async def people(client: Client) -> list[Json]:
    """Everyone in the world."""
    answer = await client.send("GET", "/_world/people")
    found: list[Json] = answer.json
    return found
