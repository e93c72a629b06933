"""An HTTP server beside the command that runs it."""

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

import uvicorn

from headrace.cli.options import CommandError
from headrace.cli.wire import Wire

_BACKLOG = 4096
_SPARE = 1
"""Seconds beyond the time for an orderly end after which the framework ends what is left in its own way."""


def listen(host: str, port: int) -> socket.socket:
    """A listening address; port 0 takes a free one. Raises `CommandError`."""
    if not host.strip():  # it would stand for every address
        raise CommandError("--host: must not be empty; 0.0.0.0 is every address")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)  # at once: bound alone, the port could be taken by a second server too
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else "ports are 0 to 65535"
        raise CommandError(f"cannot listen on {host}:{port}: {reason}") from None
    return listener


def url_of(listener: socket.socket) -> str:
    """`http://host:port` of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def server_config(app: Any, grace: int) -> uvicorn.Config:
    """How every server here runs: quiet, and without telling what it is made of. What still runs `grace`
    seconds after a stop signal is cut off."""
    return uvicorn.Config(
        app,
        interface="asgi3",
        loop="uvloop",
        http=Wire,
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=grace + _SPARE,
    )


def _tells_of_a_fault(record: logging.LogRecord) -> bool:
    """That something was cut off on purpose is no fault. The application may tell it as text."""
    cut_off = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not cut_off and not record.getMessage().rstrip().endswith("CancelledError")


class BackgroundServer:
    """Serves in a thread of its own for the length of a `with` block."""

    def __init__(self, app: Any, host: str = "127.0.0.1", port: int = 0) -> None:
        self._listener = listen(host, port)
        self.url = url_of(self._listener)
        self._started = threading.Event()
        config = server_config(app, grace=1)
        self._server = AnnouncingServer(config, self._started.set)
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), daemon=True)

    def __enter__(self) -> "BackgroundServer":
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()


class AnnouncingServer(uvicorn.Server):
    """Calls `on_started` once connections are accepted.

    Whoever still waits when requests are cut off finds the connection closed. Any answer could be wrong: the
    enrichment may be settled at that very moment.
    """

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then say so."""
        await super().startup(sockets)
        self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what is in flight: by itself, when its time is over, or at once after a second Ctrl-C."""
        logging.getLogger("uvicorn.error").addFilter(_tells_of_a_fault)
        cutting = asyncio.create_task(self._cut_off())
        try:
            await super().shutdown(sockets)
        finally:
            cutting.cancel()
            self._hang_up()  # before the loop ends, which cancels what is left

    async def _cut_off(self) -> None:
        await asyncio.sleep((self.config.timeout_graceful_shutdown or _SPARE) - _SPARE)
        self._hang_up()
        await asyncio.sleep(0)  # from here on it is known that nobody waits for an answer
        for task in list(self.server_state.tasks):
            task.cancel()

    def _hang_up(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.close()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """A stop signal asks for an orderly end. It is not raised again afterwards: having ended in order,
        the process exits 0."""
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True
