"""An operator at work."""

from dataclasses import dataclass
from typing import Any

from headrace.ports import Attempted
from tests.stack import Reply, Stack


@dataclass(frozen=True, slots=True)
class Desk:
    """Requests with the key of an operator."""

    stack: Stack
    key: str

    @property
    def actor(self) -> str:
        """How the audit log names them."""
        return f"admin:{self.key.split('_')[1]}"

    async def send(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> Reply:
        """One request below `/admin/v1`."""
        return await self.stack.send(method, f"/admin/v1{path}", key=self.key, body=body, raw=raw, **headers)

    async def account(self, name: str, **fields: Any) -> dict[str, Any]:
        """A new account: its id, name and key."""
        reply = await self.send("POST", "/accounts", {"name": name, **fields})
        assert reply.status == 201, reply.text
        made: dict[str, Any] = reply.json
        return made

    async def done(self, subject: str) -> list[tuple[str, str]]:
        """Actor and action of each line of the audit log about `subject`, oldest first."""
        found = (await self.send("GET", f"/audit?limit=1000&subject={subject}")).json["entries"]
        return [(line["actor"], line["action"]) for line in reversed(found)]

    async def delivery(self, key: str, state: str = "failed") -> str:
        """The id of a webhook of the account behind `key`, once an attempt to deliver it has ended."""
        webhooks = self.stack.headrace.storage.webhooks
        made = await self.stack.enrich("email", key=key, webhook_url="https://hooks.example.com/in")
        assert made.status == 200, made.text
        listed = (await self.stack.send("GET", "/v2/webhooks", key=key)).json["deliveries"]
        (found,) = [each["id"] for each in listed if each["enrichment_id"] == made.json["enrichment_id"]]
        await webhooks.claim(f"batch of {found}", 1_000)
        for due in await webhooks.batch(f"batch of {found}"):
            status = 200 if state == "delivered" else 500
            await webhooks.attempted(f"batch of {found}", Attempted(due.id, state, status=status))
        return str(found)
