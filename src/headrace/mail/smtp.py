"""One question to one mail host: would you take mail for this address? Nothing is ever sent.

A session is greeting, `EHLO`, `STARTTLS` where it is offered, `EHLO`, `MAIL`, one `RCPT`, `RSET`, `QUIT`.
"""

import asyncio
import socket
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from python_socks import ProxyConnectionError, ProxyError
from python_socks.async_.asyncio import Proxy

from headrace.domain.public import Address, is_public
from headrace.mail.replies import Heard, Reply, Stage
from headrace.mail.wire import Broken, Verb, Wire


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks: a host name with a PTR record, and a mailbox at a domain with SPF."""

    helo: str
    mail_from: str


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait for a connection, for a reply, for the reply to a farewell, and for a whole session."""

    connect: float = 10.0
    reply: float = 30.0
    farewell: float = 2.0
    session: float = 60.0


class _Stop(Exception):
    """The session has come to its end."""

    def __init__(self, heard: Heard) -> None:
        super().__init__()
        self.heard = heard


class Dialogue:
    """Asks mail hosts, always as the same `identity`.

    `port`: where they listen. `dialable` says which addresses may be dialled; it is asked right before, about
    the very address. `proxy`: a SOCKS5 URL through which all connections go; never around it.
    """

    def __init__(
        self,
        identity: Identity,
        port: int = 25,
        dialable: Callable[[Address], bool] = is_public,
        patience: Patience = Patience(),
        proxy: str | None = None,
    ) -> None:
        self._identity = identity
        self._port = port
        self._dialable = dialable
        self._patience = patience
        self._proxy = proxy
        self._tls = _any_certificate()

    async def ask(self, name: str, address: Address, recipient: str) -> Heard:
        """What the mail host `name` at `address` ends the session with. Never raises for what it does.

        `recipient` has its domain in ASCII. A handshake that fails is made up for by a session in the clear,
        unless the host will not have that.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience.session
        heard = await self._session(name, address, recipient, until, encrypt=True)
        if heard.fault == "tls_failed" and loop.time() < until:
            clear = await self._session(name, address, recipient, until, encrypt=False)
            insists = clear.reply is not None and clear.stage < Stage.RCPT
            return heard if insists else clear
        return heard

    async def _session(
        self, name: str, address: Address, recipient: str, until: float, *, encrypt: bool
    ) -> Heard:
        try:
            async with self._connected(address, until) as wire:
                return await self._talk(wire, name, recipient, encrypt=encrypt)
        except _Stop as stop:
            return stop.heard

    async def _talk(self, wire: Wire, name: str, recipient: str, *, encrypt: bool) -> Heard:
        await self._expect(wire, Stage.GREETING, 220)
        offers = await self._hello(wire)
        if encrypt and "STARTTLS" in offers:
            offers = await self._encrypt(wire, name) or offers
        international = not recipient.isascii()
        if international and "SMTPUTF8" not in offers:
            await self._farewell(wire)
            return Heard(Stage.MAIL, fault="smtputf8_not_offered")
        sender = f"FROM:<{self._identity.mail_from}>" + (" SMTPUTF8" if international else "")
        await self._command(wire, Stage.MAIL, 250, Verb.MAIL, sender)
        wire.say(Verb.RCPT, f"TO:<{recipient}>")
        reply = await self._hear(wire, Stage.RCPT)
        await self._farewell(wire)
        return Heard(Stage.RCPT, reply)

    async def _hello(self, wire: Wire) -> frozenset[str]:
        """The words for what the host offers."""
        wire.say(Verb.EHLO, self._identity.helo)
        reply = await self._hear(wire, Stage.HELLO)
        if 500 <= reply.code <= 504:  # it knows no EHLO
            await self._command(wire, Stage.HELLO, 250, Verb.HELO, self._identity.helo)
            return frozenset()
        if reply.code != 250:
            await self._refused(wire, Stage.HELLO, reply)
        return frozenset(line.split()[0].upper() for line in reply.text.split("\n")[1:] if line.strip())

    async def _encrypt(self, wire: Wire, name: str) -> frozenset[str]:
        """What the host offers in TLS; nothing when it takes its own offer back."""
        wire.say(Verb.STARTTLS)
        if (await self._hear(wire, Stage.STARTTLS)).code != 220:
            return frozenset()
        try:
            await wire.upgrade(self._tls, name, min(self._patience.connect, _left(wire.until)))
        except Broken as broken:
            raise _Stop(Heard(Stage.STARTTLS, fault=str(broken))) from broken
        return await self._hello(wire)

    async def _command(self, wire: Wire, stage: Stage, code: int, verb: Verb, rest: str) -> None:
        wire.say(verb, rest)
        await self._expect(wire, stage, code)

    async def _expect(self, wire: Wire, stage: Stage, code: int) -> None:
        reply = await self._hear(wire, stage)
        if reply.code != code:
            await self._refused(wire, stage, reply)

    async def _refused(self, wire: Wire, stage: Stage, reply: Reply) -> None:
        await self._farewell(wire)
        raise _Stop(Heard(stage, reply))

    async def _hear(self, wire: Wire, stage: Stage) -> Reply:
        try:
            # Of a host that does not even greet there must be time to tell, and to ask the next one.
            patience = self._patience.session / 2 if stage is Stage.GREETING else self._patience.reply
            async with asyncio.timeout(min(patience, self._patience.reply, _left(wire.until))):
                return await wire.reply()
        except TimeoutError as error:
            fault = "reply_timeout" if _left(wire.until) > 0 else "out_of_time"
            raise _Stop(Heard(stage, fault=fault)) from error
        except Broken as broken:
            raise _Stop(Heard(stage, fault=str(broken))) from broken

    async def _farewell(self, wire: Wire) -> None:
        """Leave in order, without staying for a host that keeps us waiting: the answer is known."""
        try:
            async with asyncio.timeout(self._patience.farewell):
                for verb in (Verb.RSET, Verb.QUIT):
                    wire.say(verb)
                    await wire.reply()
        except (TimeoutError, Broken):
            return

    @asynccontextmanager
    async def _connected(self, address: Address, until: float) -> AsyncIterator[Wire]:
        if not self._dialable(address):
            raise _Stop(Heard(Stage.CONNECT, fault="address_not_public"))
        try:
            patience = min(self._patience.connect, self._patience.session / 2)
            async with asyncio.timeout(min(patience, _left(until))):
                wire = await self._dial(str(address))
        except TimeoutError as error:
            fault = "connect_timeout" if _left(until) > 0 else "out_of_time"
            raise _Stop(Heard(Stage.CONNECT, fault=fault)) from error
        except ProxyConnectionError as error:
            raise _Stop(Heard(Stage.CONNECT, fault="proxy_unreachable")) from error
        except ConnectionRefusedError as error:
            raise _Stop(Heard(Stage.CONNECT, fault="connection_refused")) from error
        except (OSError, ProxyError) as error:
            raise _Stop(Heard(Stage.CONNECT, fault="no_connection")) from error
        wire.until = until
        try:
            yield wire
        finally:
            wire.hang_up()

    async def _dial(self, address: str) -> Wire:
        """A connection to this very address: nothing is looked up between the check and here."""
        loop = asyncio.get_running_loop()
        if self._proxy is None:
            return (await loop.create_connection(Wire, address, self._port))[1]
        through: socket.socket = await Proxy.from_url(self._proxy).connect(address, self._port)
        return (await loop.create_connection(Wire, sock=through))[1]


def _left(until: float) -> float:
    return until - asyncio.get_running_loop().time()


def _any_certificate() -> ssl.SSLContext:
    """Mail hosts show whatever certificate they have, and old ciphers; a probe has nothing to hide."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    return context
