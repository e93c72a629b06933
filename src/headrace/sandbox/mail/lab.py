"""The mail lab: one name server and some thirty mail servers, all on the loopback.

The mail servers share one port and differ by address (127.0.25.1 and on), as real ones do, so that a client's
port is one setting. Only a system whose whole 127.0.0.0/8 is the loopback (Linux) can run them.
"""

import asyncio
import contextlib
import errno
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from headrace.sandbox.mail import cases, residents
from headrace.sandbox.mail.cases import Bench
from headrace.sandbox.mail.mailboxes import Mailboxes
from headrace.sandbox.mail.nameserver import NameServer
from headrace.sandbox.mail.session import Book, serve
from headrace.sandbox.mail.zones import Zones
from headrace.sandbox.world import World

LOOPBACK = "127.0.0.1"
NETWORK = "127.0.25"
NOBODY = f"{NETWORK}.250"
GREY_SECONDS = 180.0
PORTS_TRIED = 20
WAITING = 2048

Client = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class MailLab:
    """Started and stopped by its owner; ports of 0 take free ones.

    `book` holds what the mail servers noted, `names.asked` what the name server was asked, `mailboxes` the
    truth. `zones` and `manners` are the records and the servers' behaviour; both may be changed at any time.
    `forward` moves the clock that greylisting goes by.
    """

    def __init__(self, world: World, dns_port: int = 0, smtp_port: int = 0) -> None:
        self.world = world
        self.dns_port = dns_port
        self.smtp_port = smtp_port
        self.book = Book()
        self.mailboxes = Mailboxes(world)
        self._ports = dns_port, smtp_port
        self._ahead = 0.0
        self.manners = cases.servers(Bench(self.mailboxes.accepted, self._now, GREY_SECONDS))
        self.addresses: Mapping[str, str] = {
            case: f"{NETWORK}.{number}" for number, case in enumerate(self.manners, 1)
        }
        self.zones = Zones()
        cases.publish(self.zones, self.addresses, NOBODY)
        residents.publish(self.zones, world, self.addresses)
        self.names = NameServer(self.zones)
        self._listening: list[asyncio.Server] = []
        self._sessions: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "MailLab":
        await self.start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen. Raises `OSError` when a port is taken."""
        for left in reversed(range(PORTS_TRIED)):
            try:
                await self._listen()
                return
            except OSError as error:
                await self.stop()
                # One number must be free at every address; the system looks at the first only.
                if error.errno != errno.EADDRINUSE or all(self._ports) or not left:
                    raise

    async def stop(self) -> None:
        """Listen no more, and drop who is here."""
        self.names.close()
        for server in self._listening:
            server.close()
        self._listening.clear()
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    def forward(self, seconds: float) -> None:
        """Let time pass for greylisting."""
        self._ahead += seconds

    def reset(self) -> None:
        """Forget what was noted."""
        self.book.reset()
        self.names.asked.clear()

    def _now(self) -> float:
        return time.monotonic() + self._ahead

    async def _listen(self) -> None:
        self.dns_port, self.smtp_port = self._ports
        self.dns_port = await self._open(self.names.stream, LOOPBACK, self.dns_port)
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self.names, local_addr=(LOOPBACK, self.dns_port))
        for case in self.manners:
            client = partial(self._session, case)
            self.smtp_port = await self._open(client, self.addresses[case], self.smtp_port)

    async def _open(self, client: Client, address: str, port: int) -> int:
        server = await asyncio.start_server(client, address, port, backlog=WAITING)
        self._listening.append(server)
        chosen: int = server.sockets[0].getsockname()[1]
        return chosen

    async def _session(self, case: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = asyncio.current_task()
        if session is None:
            return
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)
        # Cancelled by `stop` alone; the stream would report it as a failure.
        with contextlib.suppress(asyncio.CancelledError):
            await serve(self.manners[case], self.book, case, reader, writer)
