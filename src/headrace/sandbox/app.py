"""The sandbox's ASGI application: `/<vendor>/...` speaks that vendor's wire, the rest is control."""

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from headrace.sandbox import streams, world
from headrace.sandbox.accounts import OutOfCredits
from headrace.sandbox.control import Control
from headrace.sandbox.coverage import Coverage
from headrace.sandbox.desk import Desk, Pretence
from headrace.sandbox.faults import REDIRECTED, SHAPES, STREAMS, bend, true_answer
from headrace.sandbox.latency import Latency
from headrace.sandbox.state import State
from headrace.sandbox.vendor import Route, Vendor
from headrace.sandbox.vendors import discover
from headrace.sandbox.wire import (
    BodyTooLarge,
    Hangup,
    Receive,
    Request,
    Response,
    Scope,
    Send,
    read_body,
    reply,
    send_response,
)
from headrace.sandbox.world import World

if TYPE_CHECKING:
    from headrace.sandbox.mail import MailLab
    from headrace.sandbox.mail.control import MailControl

logger = logging.getLogger("headrace.sandbox")


def create_app(seed: int = world.SEED, latency_scale: float = 1.0) -> "Sandbox":
    """A sandbox over the world of this seed; `latency_scale` stretches the vendors' natural latencies."""
    return Sandbox(world.build(seed), latency_scale)


class Sandbox:
    """Receives every call, finds its vendor and has it answered, or failed as scripted.

    `lab`: of the same people; it is started and stopped with the server. `trouble` says why it could not be.
    """

    def __init__(self, people: World, latency_scale: float = 1.0, lab: "MailLab | None" = None) -> None:
        self.trouble: str | None = None
        self._lab = lab
        self._mail: MailControl | None = None
        vendors = discover()
        coverage = Coverage(people)
        self._holdings = {name: coverage.holdings(name, vendor.knowledge) for name, vendor in vendors.items()}
        self._state = State(people, vendors, Latency(people.seed, latency_scale))
        self._control = Control(self._state)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            try:
                await self._http(scope, receive, send)
            except Hangup:
                return
            except BodyTooLarge:
                refusal = {"error": "The request body is too large."}
                await send_response(send, reply(refusal, 413, headers=(("connection", "close"),)))
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    async def _live(self, receive: Receive, send: Send) -> None:
        message = await receive()
        while message["type"] != "lifespan.shutdown":
            await self._open_lab()
            await send({"type": f"{message['type']}.complete"})
            message = await receive()
        if self._mail and self._lab:
            await self._lab.stop()
        await send({"type": f"{message['type']}.complete"})

    async def _open_lab(self) -> None:
        """In the server's own loop, so that nobody looks at what the lab noted while it is being noted."""
        if self._lab is None:
            return
        from headrace.sandbox.mail.control import MailControl  # noqa: PLC0415 - few need it

        try:
            await self._lab.start()
        except OSError as error:
            self.trouble = error.strerror or type(error).__name__
            return
        self._mail = MailControl(self._lab)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        root = scope.get("root_path", "")
        path = scope["path"].removeprefix(root) if root else scope["path"]
        first, slash, rest = path.lstrip("/").partition("/")
        vendor = self._state.vendors.get(first)
        request = Request(
            method=scope["method"],
            path=slash + rest if vendor else path,
            query_string=scope.get("query_string", b""),
            headers={
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
            },
            body=await read_body(receive),
        )
        if vendor is None:
            control = self._mail if self._mail and first == "_mail" else self._control
            await send_response(send, control.answer(request))
            return
        account = self._state.accounts[vendor.name]
        account.in_flight += 1
        try:
            await self._serve(vendor, request, root, receive, send)
        finally:
            account.in_flight -= 1

    async def _serve(self, vendor: Vendor, request: Request, root: str, receive: Receive, send: Send) -> None:
        route = vendor.routes.get((request.method, request.path))
        if route is None or not route.served(self._state.accounts[vendor.name].variants):
            await send_response(send, self._unrouted(vendor, request))
            return
        kinds = route.asked(request)
        if kinds:
            self._state.count(vendor.name, kinds[0])
        fault = self._state.script.take(vendor.name, kinds)
        if fault in STREAMS:
            answer = self._answer(vendor, route, request, self._desk(vendor, Pretence.DOCUMENTED))
            await streams.play(fault, receive, send, answer)
            return
        response = self._respond(fault, vendor, route, request, root)
        wait = self._state.latency.draw(vendor, kinds)
        if wait > 0:
            await asyncio.sleep(wait if response.within is None else min(wait, response.within))
        await send_response(send, response)

    def _respond(
        self, fault: str | None, vendor: Vendor, route: Route, request: Request, root: str
    ) -> Response:
        if fault in SHAPES:
            desk = self._desk(vendor, Pretence.DOCUMENTED)
            return _dressed(bend(fault, vendor, route, request, desk, root), vendor, desk)
        pretence = Pretence.NOBODY if fault == "miss" else Pretence.NONE
        return self._answer(vendor, route, request, self._desk(vendor, pretence))

    def _answer(self, vendor: Vendor, route: Route, request: Request, desk: Desk) -> Response:
        """The vendor's answer to this request, whatever may be wrong with it."""
        try:
            response = self._admitted(vendor, route, request, desk)
        except OutOfCredits:
            response = vendor.refusals.out_of_credits(request, desk)
        except Exception:
            logger.exception("sandbox vendor %s failed at %s", vendor.name, request.path)
            response = vendor.refusals.server_error(request, 500)
        return _dressed(response, vendor, desk)

    def _admitted(self, vendor: Vendor, route: Route, request: Request, desk: Desk) -> Response:
        key = vendor.key_of(request).strip()
        if not route.public and (not key or key.startswith("bad")):
            return vendor.refusals.bad_key(request, desk)
        if vendor.body_limit and len(request.body) > vendor.body_limit(request):
            return reply({"error": "payload_too_large", "message": "The request body is too large."}, 413)
        return true_answer(vendor, route, request, desk)

    def _desk(self, vendor: Vendor, pretence: Pretence) -> Desk:
        state = self._state
        holdings, account = self._holdings[vendor.name], state.accounts[vendor.name]
        return Desk(vendor.name, state.world, vendor.knowledge, holdings, account, pretence)

    def _unrouted(self, vendor: Vendor, request: Request) -> Response:
        """Paths outside the vendor's table: the redirect's trap, wrong methods, nothing at all."""
        if request.path == REDIRECTED:
            self._state.count(vendor.name, "redirected")
            return reply({"redirected": True})
        variants = self._state.accounts[vendor.name].variants
        if any(path == request.path and route.served(variants) for (_, path), route in vendor.routes.items()):
            return reply({"error": "Method not allowed", "message": "Method not allowed"}, 405)
        return reply({"error": "Not found", "message": "Not found"}, 404)


def _dressed(response: Response, vendor: Vendor, desk: Desk) -> Response:
    """The answer with the headers that this vendor puts on every one."""
    return replace(response, headers=response.headers + vendor.headers(desk))
