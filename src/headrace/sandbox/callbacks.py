"""Webhooks that a sandbox vendor sends: unsigned, once, and only to this machine."""

import asyncio
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

from headrace.sandbox.wire import MARK

_running: set[asyncio.Task[None]] = set()


def post_later(url: str, content: object) -> None:
    """Post JSON to a plain-HTTP address on the loopback interface; any other address is ignored."""
    if _is_loopback(url):
        task = asyncio.get_running_loop().create_task(_post(url, msgspec.json.encode(content)))
        _running.add(task)
        task.add_done_callback(_running.discard)


def _is_loopback(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return (
            parts.scheme == "http"
            and parts.port != 0
            and (host == "localhost" or ip_address(host).is_loopback)
        )
    except ValueError:
        return False


async def _post(url: str, body: bytes) -> None:
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"{MARK[0].decode()}: true\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    try:
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
            try:
                writer.write(head.encode("latin-1", "replace") + body)
                await writer.drain()
                await reader.read(1024)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return
