"""Three vendors behind TLS, as cheap as Python can make them: two know nothing, the third has the answer.

Run as a process: `python -m bench.vendor CERT_FILE DELAY_MS`; prints its port. `GET /times` returns, for each
person asked about, how many milliseconds the vendors themselves have taken.
"""

import asyncio
import json
import socket
import ssl
import sys
from collections import defaultdict
from typing import ClassVar

import httptools
import uvloop

REPLIES = {
    b"/leadmagic/v1/people/email-finder": (
        b"200 OK",
        b'{"email":null,"status":null,"credits_consumed":0,"message":"Nothing found."}',
    ),
    b"/prospeo/enrich-person": (b"400 Bad Request", b'{"error":true,"error_code":"NO_MATCH"}'),
    b"/hunter/v2/email-finder": (
        b"200 OK",
        b'{"data":{"first_name":"Jane","last_name":"Doe","email":"jane.doe@acme.example","score":97,'
        b'"domain":"acme.example","accept_all":false,"position":null,"company":"Acme","sources":[],'
        b'"verification":{"date":"2026-11-01","status":"valid"}},"meta":{"params":{}}}',
    ),
}


class Vendor(asyncio.Protocol):
    """One connection."""

    times: ClassVar[defaultdict[str, float]] = defaultdict(float)
    delay: ClassVar[float] = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.parser = httptools.HttpRequestParser(self)
        self.loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_begin(self) -> None:
        self.url = b""
        self.body = b""

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        if self.delay and self.url != b"/times":
            began = self.loop.time()
            self.loop.call_later(self.delay, self.reply, self.url, self.body, began)
        else:
            self.reply(self.url, self.body, None)

    def reply(self, url: bytes, body: bytes, began: float | None) -> None:
        if began is not None:
            self.times[_person(url, body)] += (self.loop.time() - began) * 1000
        status, text = REPLIES.get(url.partition(b"?")[0], (b"200 OK", b""))
        if url == b"/times":
            text = json.dumps(self.times).encode()
        self.transport.write(
            b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
            % (status, len(text), text)
        )


def _person(url: bytes, body: bytes) -> str:
    """Every benchmark request has a first name of its own."""
    if b"first_name=" in url:
        return url.partition(b"first_name=")[2].partition(b"&")[0].decode()
    told = json.loads(body)
    name: str = told.get("first_name") or told["data"]["first_name"]
    return name


async def main(certificate: str, delay_ms: float) -> None:
    """Serve until killed."""
    Vendor.delay = delay_ms / 1000
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    server = await asyncio.get_running_loop().create_server(Vendor, sock=listener, ssl=context)
    print(listener.getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], float(sys.argv[2])))
