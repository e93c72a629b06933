"""What each verifier says about each address: the sandbox's vendors through their adapters, and our own probe
through DNS and SMTP against the mail lab."""

import asyncio
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

import msgspec

from headrace.domain.failures import Refused
from headrace.domain.model import Grade, Judged, Verdict
from headrace.engine.clock import SystemClock
from headrace.engine.own import PROBE
from headrace.engine.own.verify import Checked, Verifier, listed
from headrace.finder.lists import Lists
from headrace.mail.catchall import CatchAll, InMemory
from headrace.mail.dialing import dialable
from headrace.mail.dns import MailRoutes
from headrace.mail.pace import Limits, Pace
from headrace.mail.probe import Prober, Probing
from headrace.mail.smtp import Dialogue, Identity, Patience
from headrace.mail.visits import Visits
from headrace.ports import Response
from headrace.providers import registry
from headrace.providers.base import Conversation, Request, Verifies, Wait
from headrace.sandbox import vendors, wire
from headrace.sandbox.accounts import Account
from headrace.sandbox.coverage import Coverage
from headrace.sandbox.desk import Desk
from headrace.sandbox.mail import MailLab
from headrace.sandbox.vendor import Vendor
from headrace.sandbox.world import World

Votes = Mapping[str, Mapping[str, Verdict]]
"""Verdicts by verifier and address."""

AT_ONCE = 64
PATIENT = 600.0
"""Seconds for one address, its turn at a busy mail host included: what is measured is truth, not speed."""


def verdicts(world: World, addresses: Iterable[str]) -> Votes:
    """Of every vendor that verifies, and of the probe."""
    asked = sorted(set(addresses))
    probed = asyncio.run(_probed(world, asked))
    return {**_of_vendors(world, asked), PROBE: probed}


def _of_vendors(world: World, addresses: list[str]) -> dict[str, dict[str, Verdict]]:
    coverage = Coverage(world)
    said: dict[str, dict[str, Verdict]] = {}
    for name, vendor in vendors.discover().items():
        adapter = registry.adapter(name)(api_key="sandbox")  # type: ignore[call-arg]
        if isinstance(adapter, Verifies):
            holdings = coverage.holdings(name, vendor.knowledge)
            desk = Desk(name, world, vendor.knowledge, holdings, Account(vendor.pools))
            said[name] = {address: _played(adapter.verify(address), vendor, desk) for address in addresses}
    return said


def _played(talk: Conversation[Judged], vendor: Vendor, desk: Desk) -> Verdict:
    """The adapter's own reading of the vendor's own words, without the network between them."""
    try:
        step = next(talk)
        while True:
            step = next(talk) if isinstance(step, Wait) else talk.send(_answered(step, vendor, desk))
    except StopIteration as end:
        judged: Judged = end.value
        return judged.verdict
    except Refused as refused:
        return Verdict(Grade.UNKNOWN, str(refused.failure))


def _answered(asked: Request, vendor: Vendor, desk: Desk) -> Response:
    query = urlencode(asked.query or {}).encode()
    body = msgspec.json.encode(asked.body) if asked.body is not None else b""
    request = wire.Request(asked.method, asked.path, query, {}, body)
    reply = vendor.routes[asked.method, asked.path].handle(request, desk)
    return Response(reply.status, {"content-type": reply.content_type, **dict(reply.headers)}, reply.body)


async def _probed(world: World, addresses: list[str]) -> dict[str, Verdict]:
    async with MailLab(world) as lab:
        verifier, free = Verifier(_prober(lab)), asyncio.Semaphore(AT_ONCE)

        async def verdict(address: str) -> Verdict:
            async with free:
                return (await verifier.verify(address)).verdict

        found = await asyncio.gather(*map(verdict, addresses))
    return dict(zip(addresses, found, strict=True))


def _prober(lab: MailLab) -> "_Check":
    clock, lists = SystemClock(), Lists()
    in_lab = dialable(["127.0.25.0/24"])
    identity = Identity(helo="probe.headrace.example", mail_from="check@probe.headrace.example")
    dialogue = Dialogue(identity, lab.smtp_port, in_lab, Patience(connect=30.0, reply=30.0, farewell=5.0))
    pace = Pace(Limits(per_second=0.0, daily_per_domain=100_000), clock)
    visits = Visits(dialogue, pace)
    catch_all = CatchAll(visits, InMemory(clock), clock, "truth")
    routes = MailRoutes([f"127.0.0.1:{lab.dns_port}"], 30.0, clock, in_lab)
    return _Check(Prober(routes, clock, Probing(visits, catch_all), lambda it: listed(lists, it)))


class _Check:
    """The prober as the verifier wants it, with all the time it needs."""

    def __init__(self, prober: Prober) -> None:
        self._prober = prober

    async def __call__(self, address: str) -> Checked:
        return await self._prober.verify(address, PATIENT)
