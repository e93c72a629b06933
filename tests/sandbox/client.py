"""A small client that speaks to one sandbox."""

from dataclasses import dataclass
from typing import Any

import aiohttp

Json = dict[str, Any]

HEADERS = {
    "leadmagic": {"X-API-Key": "key-1"},
    "airscale": {"Authorization": "Bearer key-1"},
    "hunter": {"X-API-KEY": "key-1"},
    "prospeo": {"X-KEY": "key-1"},
    "findymail": {"Authorization": "Bearer key-1", "Accept": "application/json"},
    "pronto": {"X-API-KEY": "key-1"},
}


@dataclass(frozen=True)
class Answer:
    """A reply, read to its end."""

    status: int
    headers: Any
    raw: bytes
    json: Any


@dataclass
class Client:
    """Speaks to one sandbox, with each vendor's own kind of key."""

    session: aiohttp.ClientSession
    base: str

    async def send(self, method: str, path: str, json: object = None, **more: Any) -> Answer:
        """Any request."""
        if json is not None:
            more["json"] = json
        async with self.session.request(method, self.base + path, allow_redirects=False, **more) as reply:
            raw = await reply.read()
            content = await reply.json(content_type=None) if "json" in reply.content_type else None
            return Answer(reply.status, reply.headers, raw, content)

    async def vendor(self, path: str, json: object = None, **more: Any) -> Answer:
        """A vendor's call with a good key: POST with a body, GET without."""
        headers = HEADERS[path.split("/")[1]]
        return await self.send("GET" if json is None else "POST", path, json, headers=headers, **more)

    async def control(self, name: str, **fields: object) -> Any:
        """A control call that must succeed: POST with fields, GET without."""
        answer = await self.send("POST" if fields else "GET", f"/_control/{name}", fields or None)
        assert answer.status == 200, answer.raw
        return answer.json

    async def fault(self, vendor: str, capability: str, fault: str, count: int = 1) -> None:
        """Script a fault."""
        await self.control("faults", vendor=vendor, capability=capability, fault=fault, count=count)
