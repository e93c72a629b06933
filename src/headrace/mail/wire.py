"""One SMTP connection: commands out, replies in, within caps on what a host may send.

Own lines rather than a library: the commands that can be sent are the seven of `Verb`, so `DATA` and `VRFY`
cannot be; a host's last words (`421`, sent unasked before it hangs up) are heard, and a reply whose lines
disagree is no reply. aiosmtplib offers none of the three.
"""

import asyncio
import math
import re
import ssl
from collections import deque
from enum import StrEnum
from typing import cast

from headrace.mail.replies import Reply

MOST_LINE = 8 * 1024
MOST_REPLY = 32 * 1024
MOST_WAITING = 8
"""Octets in one line and in one reply; replies that nobody asked for. More than that is not a mail host."""

_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)
_HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")


class Verb(StrEnum):
    """All that is ever said to a mail host."""

    EHLO = "EHLO"
    HELO = "HELO"
    STARTTLS = "STARTTLS"
    MAIL = "MAIL"
    RCPT = "RCPT"
    RSET = "RSET"
    QUIT = "QUIT"


class Broken(Exception):
    """There will be no reply; the argument is the fault's code."""


class Wire(asyncio.Protocol):
    """The client's end of a connection. `reply` waits without limit: callers bring their own, and find in
    `until`, by the loop's clock, when all that they have together is over."""

    def __init__(self) -> None:
        self.until = math.inf
        self._transport: asyncio.Transport | None = None
        self._unread = bytearray()
        self._lines: list[tuple[int, bytes]] = []
        self._size = 0
        self._replies: deque[Reply] = deque()
        self._fault = ""
        self._waiter: asyncio.Future[None] | None = None

    async def reply(self) -> Reply:
        """The next reply. Raises `Broken`."""
        while not self._replies:
            if self._fault:
                raise Broken(self._fault)
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._replies.popleft()

    def say(self, verb: Verb, rest: str = "") -> None:
        """Send one command. `rest` must be one line; it may hold any letters."""
        if any(letter < " " or letter == "\x7f" for letter in rest):
            raise ValueError("a command is one line")
        if self._transport and not self._fault:
            self._transport.write(f"{verb} {rest}".rstrip().encode() + b"\r\n")

    async def upgrade(self, context: ssl.SSLContext, name: str, seconds: float) -> None:
        """Go on in TLS. Raises `Broken`. What came in the clear after the go-ahead is forgotten."""
        self._unread.clear()
        self._replies.clear()
        if self._transport is None or self._fault:
            raise Broken("tls_failed")
        loop = asyncio.get_running_loop()
        try:
            # The loop's own limit does not count for a connection that is lost before the handshake begins.
            async with asyncio.timeout(seconds):
                self._transport = await loop.start_tls(
                    self._transport,
                    self,
                    context,
                    server_hostname=name if _HOST_NAME.fullmatch(name) else None,
                )
        except (OSError, ValueError) as error:
            self._break("tls_failed")
            raise Broken("tls_failed") from error

    def hang_up(self) -> None:
        """Drop the connection at once."""
        self._break("connection_closed")
        if self._transport:
            self._transport.abort()  # once more: in TLS, a lost connection is not yet a closed one

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._break("connection_lost")

    def data_received(self, data: bytes) -> None:
        if self._fault:
            return
        self._unread += data
        end = self._unread.find(b"\n")
        while end >= 0 and not self._fault:
            line = bytes(self._unread[:end]).rstrip(b"\r")
            del self._unread[: end + 1]
            self._take(line)
            end = self._unread.find(b"\n")
        if len(self._unread) > MOST_LINE:
            self._break("reply_too_long")
        self._wake()

    def _take(self, line: bytes) -> None:
        found = _LINE.fullmatch(line)
        if found is None or (self._lines and self._lines[0][0] != int(found[1])):
            self._break("reply_malformed")
            return
        self._lines.append((int(found[1]), found[3] or b""))
        self._size += len(line) + 1
        if len(line) > MOST_LINE or self._size > MOST_REPLY:
            self._break("reply_too_long")
        elif found[2] != b"-":
            text = b"\n".join(text for _, text in self._lines).decode("utf-8", "replace")
            self._replies.append(Reply(self._lines[0][0], text))
            self._lines.clear()
            self._size = 0
            if len(self._replies) > MOST_WAITING:
                self._break("reply_unasked")

    def _break(self, fault: str) -> None:
        """The first fault stands."""
        self._fault = self._fault or fault
        self._unread.clear()
        if self._transport and not self._transport.is_closing():
            self._transport.abort()
        self._wake()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)
