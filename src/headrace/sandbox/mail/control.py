"""The mail lab's own endpoints, in the manner of the sandbox's.

Under `/_mail/`: `GET settings` (what a client needs to use the lab), `GET counts`, `GET cases` (the domains
of the odd cases), `GET sessions` (the last ones, each with the commands it heard), `POST forward`
`{"seconds"}`, `POST reset`.
"""

import math
from collections.abc import Callable
from itertools import islice

from headrace.sandbox.mail.lab import LOOPBACK, MailLab
from headrace.sandbox.mail.mailboxes import ODD
from headrace.sandbox.wire import BadInput, Request, Response, reply

PREFIX = "/_mail/"
MOST_SHOWN = 200


class MailControl:
    """Answers calls below `/_mail/`."""

    def __init__(self, lab: MailLab) -> None:
        self._lab = lab
        self._routes: dict[tuple[str, str], Callable[[Request], object]] = {
            ("GET", "settings"): self._settings,
            ("GET", "counts"): self._counts,
            ("GET", "cases"): self._cases,
            ("GET", "sessions"): self._sessions,
            ("POST", "forward"): self._forward,
            ("POST", "reset"): self._reset,
        }

    def answer(self, request: Request) -> Response:
        """The reply to a control call."""
        handle = self._routes.get((request.method, request.path.removeprefix(PREFIX)))
        if handle is None:
            return reply({"error": f"Nothing is served by {request.method} at {request.path}."}, 404)
        try:
            return reply(handle(request))
        except BadInput as problem:
            return reply({"error": str(problem)}, 400)

    def _settings(self, _request: Request) -> object:
        return {
            "dns": {"servers": [f"{LOOPBACK}:{self._lab.dns_port}"]},
            "probe": {"port": self._lab.smtp_port, "allow_private": ["127.0.0.0/8"]},
        }

    def _counts(self, _request: Request) -> object:
        book = self._lab.book
        return {
            "sessions": book.sessions,
            "open": book.open_now,
            "commands": book.commands,
            "questions": sum(self._lab.names.asked.values()),
        }

    def _cases(self, _request: Request) -> object:
        return {case: f"{case}.{ODD}" for case in self._lab.addresses}

    def _sessions(self, _request: Request) -> object:
        last = islice(reversed(self._lab.book.noted), MOST_SHOWN)
        return [{"server": session.server, "said": session.said} for session in last]

    def _forward(self, request: Request) -> object:
        seconds = request.json.get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
            raise BadInput("seconds must be a number.")
        self._lab.forward(seconds)
        return {"forward": seconds}

    def _reset(self, _request: Request) -> object:
        self._lab.reset()
        return {"reset": True}
