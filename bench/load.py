"""A load generator that costs little: kept-alive connections, one request at a time on each."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from itertools import count

import httptools

_numbers = count()
_LETTERS = str.maketrans("0123456789", "abcdefghij")
"""Nobody has a digit in their name."""


@dataclass
class Answer:
    """One answer: wall time in milliseconds, and what it said of itself."""

    name: str
    wall_ms: float
    status: int
    headers: dict[str, str] = field(default_factory=dict)


class Connection(asyncio.Protocol):
    """One client connection."""

    def __init__(self) -> None:
        self.waiting: asyncio.Future[tuple[int, dict[str, str]]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.parser = httptools.HttpResponseParser(self)
        self.headers: dict[str, str] = {}

    def connection_lost(self, exc: Exception | None) -> None:
        if self.waiting and not self.waiting.done():
            self.waiting.set_exception(exc or ConnectionError("closed"))

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode().lower()] = value.decode()

    def on_message_complete(self) -> None:
        headers, self.headers = self.headers, {}
        if self.waiting and not self.waiting.done():
            self.waiting.set_result((self.parser.get_status_code(), headers))
        self.parser = httptools.HttpResponseParser(self)

    async def ask(self, key: str) -> Answer:
        """One enrichment of a person of its own."""
        name = f"jane{str(next(_numbers)).translate(_LETTERS)}"
        body = json.dumps(
            {
                "firstname": name,
                "lastname": "Doe",
                "domain": "acme.example",
                "company_name": "Acme",
                "linkedin_url": "https://www.linkedin.com/in/jane-doe-example/",
                "enrichment_type": ["email"],
                "custom": {"hubspot_id": "4447901"},
            }
        ).encode()
        began = time.perf_counter()
        self.waiting = asyncio.get_running_loop().create_future()
        self.transport.write(
            b"POST /v2/contacts/single_enrich HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            b"x-api-key: %b\r\ncontent-length: %d\r\n\r\n%b" % (key.encode(), len(body), body)
        )
        status, headers = await self.waiting
        return Answer(name, (time.perf_counter() - began) * 1000, status, headers)


async def connect(port: int) -> Connection:
    """A connection to a server on loopback."""
    _, made = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return made


async def closed_loop(port: int, key: str, in_flight: int, requests: int) -> list[Answer]:
    """`requests` in all, `in_flight` of them at any time."""
    answers: list[Answer] = []
    left = iter(range(requests))

    async def worker() -> None:
        connection = await connect(port)
        for _ in left:
            answers.append(await connection.ask(key))
        connection.transport.close()

    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return answers


async def open_loop(port: int, key: str, per_second: float, requests: int) -> list[Answer]:
    """One request every `1 / per_second` seconds, whether or not earlier ones have been answered."""
    idle = [await connect(port) for _ in range(32)]
    loop = asyncio.get_running_loop()
    first = loop.time() + 0.1

    async def one(number: int) -> Answer:
        await asyncio.sleep(first + number / per_second - loop.time())
        connection = idle.pop() if idle else await connect(port)
        answer = await connection.ask(key)
        idle.append(connection)
        return answer

    answers = await asyncio.gather(*(one(number) for number in range(requests)))
    for connection in idle:
        connection.transport.close()
    return list(answers)
