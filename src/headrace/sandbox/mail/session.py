"""One SMTP session of the lab, and what is noted about it."""

import asyncio
import contextlib
import ssl
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

MOST_NOTED = 20_000


@dataclass(slots=True)
class Session:
    """What one client said to one server, in order: commands with their arguments."""

    server: str
    peer: str
    said: list[tuple[str, str]] = field(default_factory=list)
    encrypted: bool = False
    sender: str = ""

    @property
    def recipients(self) -> list[str]:
        """The addresses asked about."""
        return [argument for verb, argument in self.said if verb == "RCPT"]


@dataclass(slots=True)
class Book:
    """Everything that the lab's servers noted."""

    commands: Counter[str] = field(default_factory=Counter)
    sessions: int = 0
    open_now: int = 0
    most_open: Counter[str] = field(default_factory=Counter)
    open_at: Counter[str] = field(default_factory=Counter)
    noted: deque[Session] = field(default_factory=lambda: deque(maxlen=MOST_NOTED))

    def opened(self, session: Session) -> None:
        """A client came."""
        self.sessions += 1
        self.open_now += 1
        self.open_at[session.server] += 1
        self.most_open[session.server] = max(self.most_open[session.server], self.open_at[session.server])
        self.noted.append(session)

    def closed(self, session: Session) -> None:
        """A client went."""
        self.open_now -= 1
        self.open_at[session.server] -= 1

    def reset(self) -> None:
        """Forget all but who is here."""
        self.commands.clear()
        self.sessions = 0
        self.most_open.clear()
        self.noted.clear()


class Hangup(Exception):
    """The server ends the session; `last_words` are sent before."""

    def __init__(self, last_words: bytes = b"") -> None:
        super().__init__()
        self.last_words = last_words


class Silence(Exception):
    """The server says nothing more, and waits for the client to leave."""


class Manner(Protocol):
    """How a server behaves."""

    certificate: ssl.SSLContext | None

    async def greet(self, session: Session) -> bytes:
        """The first reply."""
        ...

    async def answer(self, session: Session, verb: str, argument: str) -> bytes:
        """The reply to one command. Raises `Hangup`."""
        ...


async def serve(
    manner: Manner,
    book: Book,
    name: str,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Talk to one client until one of the two has enough."""
    session = Session(name, str(writer.get_extra_info("peername")))
    book.opened(session)
    try:
        writer.write(await manner.greet(session))
        while True:
            await writer.drain()
            line = await reader.readline()
            if not line.endswith(b"\n"):
                break
            await _one(manner, book, session, line, writer)
    except Hangup as hangup:
        writer.write(hangup.last_words)
    except Silence:
        await _until_gone(reader)
    except (ConnectionError, ssl.SSLError, ValueError):
        pass
    finally:
        book.closed(session)
        with contextlib.suppress(RuntimeError):  # the lab is closing too
            writer.close()


async def _until_gone(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(ConnectionError):
        while await reader.read(1024):
            pass


async def _one(
    manner: Manner, book: Book, session: Session, line: bytes, writer: asyncio.StreamWriter
) -> None:
    verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
    verb, argument = verb.upper(), _address(rest)
    book.commands[verb] += 1
    session.said.append((verb, argument))
    writer.write(await manner.answer(session, verb, argument))
    if verb == "QUIT":
        raise Hangup
    if verb == "STARTTLS" and manner.certificate is not None:
        await writer.drain()
        await writer.start_tls(manner.certificate)
        session.encrypted = True


def _address(rest: str) -> str:
    """The address of `FROM:<a@b> ...` and `TO:<a@b>`, and any other argument as it is."""
    before, bracket, after = rest.partition("<")
    return after.partition(">")[0].lower() if bracket and before.endswith(":") else rest


def lines(code: int, texts: Iterable[str]) -> bytes:
    """A reply of one or more lines."""
    listed = list(texts)
    parts = [f"{code}-{text}" for text in listed[:-1]] + [f"{code} {listed[-1]}"]
    return "".join(f"{part}\r\n" for part in parts).encode()
