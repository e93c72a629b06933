"""The least that such a service can cost in Python: a bare ASGI callable, plain asyncio sockets to the same
vendors over TLS, and the same group commit; no features.

Run as a process: `python -m bench.floor VENDOR_PORT CA_FILE DATABASE`; prints its port.
"""

import asyncio
import json
import socket
import sqlite3
import ssl
import sys
from collections import deque
from pathlib import Path
from time import perf_counter
from typing import Any

import httptools
import msgspec
import uvicorn

from headrace.engine.ids import new_id
from headrace.storage.database import Statement, Steps
from headrace.storage.sqlite import SqliteDatabase

_CALLS = (
    b"POST /leadmagic/v1/people/email-finder HTTP/1.1\r\nhost: localhost\r\n",
    b"POST /prospeo/enrich-person HTTP/1.1\r\nhost: localhost\r\n",
    b"POST /hunter/v2/email-finder HTTP/1.1\r\nhost: localhost\r\n",
)


class Outbound(asyncio.Protocol):
    """One kept-alive connection to the vendors."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.parser = httptools.HttpResponseParser(self)
        self.waiting: asyncio.Future[bytes] | None = None
        self.body = b""

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        body, self.body = self.body, b""
        if self.waiting:
            self.waiting.set_result(body)

    async def ask(self, head: bytes, body: bytes) -> Any:
        """One call."""
        self.waiting = asyncio.get_running_loop().create_future()
        self.transport.write(b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body))
        return msgspec.json.decode(await self.waiting)


class Floor:
    """The application."""

    def __init__(self, vendor_port: int, ca_file: str, database: Path) -> None:
        self.vendor_port = vendor_port
        self.tls = ssl.create_default_context(cafile=ca_file)
        self.idle: deque[Outbound] = deque()
        self.database = SqliteDatabase(database)
        with sqlite3.connect(database) as connection:
            connection.execute("CREATE TABLE accounts (id TEXT PRIMARY KEY, balance INTEGER)")
            connection.execute("CREATE TABLE entries (id TEXT PRIMARY KEY, amount INTEGER) WITHOUT ROWID")
            connection.execute("CREATE TABLE enrichments (id TEXT PRIMARY KEY, result BLOB)")
            connection.execute("INSERT INTO accounts VALUES ('a', 1000000000)")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        message = await receive()
        began = perf_counter()
        asked = msgspec.json.decode(message["body"])
        body = msgspec.json.encode({"first_name": asked["firstname"], "data": {}})
        connection = self.idle.pop() if self.idle else await self.connect()
        waits = perf_counter()
        for head in _CALLS:
            told = await connection.ask(head, body)
        waited = perf_counter() - waits
        self.idle.append(connection)
        answer = msgspec.json.encode({"status": "success", "email": told["data"]["email"]})
        await self.database.write(lambda: self.settle(answer), crowd=True)
        overhead = (perf_counter() - began - waited) * 1000
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(answer)),
            (b"x-headrace-overhead-ms", b"%.1f" % overhead),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def connect(self) -> Outbound:
        """One more connection to the vendors."""
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(Outbound, "127.0.0.1", self.vendor_port, ssl=self.tls)
        return made

    @staticmethod
    def settle(answer: bytes) -> Steps[None]:
        """The three statements that no design can do without."""
        new = new_id()
        yield Statement("UPDATE accounts SET balance = balance - 3 WHERE id = 'a' AND balance >= 3", {})
        yield Statement("INSERT INTO entries VALUES (:id, 3)", {"id": new})
        yield Statement("INSERT INTO enrichments VALUES (:id, :answer)", {"id": new, "answer": answer})


def main(vendor_port: int, ca_file: str, database: str) -> None:
    """Serve until killed."""
    app = Floor(vendor_port, ca_file, Path(database))
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", lifespan="off", log_config=None, access_log=False
    )
    uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
