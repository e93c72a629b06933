"""An HTTP server beside the command that runs it."""

import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

import uvicorn

from headrace.cli.options import CommandError
from headrace.cli.together import WholeAnswers

_BACKLOG = 4096


def listen(host: str, port: int) -> socket.socket:
    """A listening address; port 0 takes a free one. Raises `CommandError`."""
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


def server_config(app: Any, **extra: int) -> uvicorn.Config:
    """How every server here runs: quiet, and without telling what it is made of."""
    return uvicorn.Config(
        app,
        interface="asgi3",
        loop="uvloop",
        http=WholeAnswers,
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        proxy_headers=False,
        timeout_keep_alive=75,
        **extra,  # type: ignore[arg-type]
    )


class BackgroundServer:
    """Serves in a thread of its own for the length of a `with` block."""

    def __init__(self, app: Any, host: str = "127.0.0.1", port: int = 0) -> None:
        self._listener = listen(host, port)
        self.url = url_of(self._listener)
        self._started = threading.Event()
        config = server_config(app, timeout_graceful_shutdown=1)
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
    """Calls `on_started` once connections are accepted."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then say so."""
        await super().startup(sockets)
        self._on_started()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """A stop signal asks for an orderly end. It is not raised again afterwards: having ended in order,
        the process exits 0."""
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True
