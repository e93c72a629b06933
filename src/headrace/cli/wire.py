"""What the server makes of requests that its HTTP parser stops at."""

import re

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from headrace.api.problems import written
from headrace.cli.together import WholeAnswers
from headrace.domain.errors import Problem

_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}(?= )")
_STAND_IN = b"TRACE"
"""A method that the parser knows and nothing here serves."""

_OFFERS = {b"upgrade", b"http2-settings"}


class Wire(WholeAnswers):
    """The server's protocol. What the parser refuses is told in the documented envelope, and a method that it
    does not know is refused like any other.

    An offer to speak something else than HTTP/1.1 is passed over. By itself the parser takes what follows it
    for that other protocol: the request loses its body, and the body is read as the next request.
    """

    _unknown = ""  # the method that the stand-in stands for
    _ended = False  # whether a request ended within what was fed last

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        self._ended = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._pass_over(data[offer.args[0] :])
        except httptools.HttpParserInvalidMethodError:
            self._stand_in(data)
        except httptools.HttpParserError:
            self._refuse(Problem("bad_request", detail="The request is not valid HTTP"))

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self._unknown:
            self.scope["method"], self._unknown = self._unknown, ""

    def on_message_complete(self) -> None:
        self._ended = True
        super().on_message_complete()

    def _should_upgrade(self) -> bool:
        """A request with an offer is not begun: it comes again without."""
        return True

    def _pass_over(self, rest: bytes) -> None:
        """Read the request again, without the offer."""
        method = self.parser.get_method()
        if method == _STAND_IN:
            self._unknown = self.scope["method"]
        if method == b"CONNECT":  # which is nothing but an offer
            self._refuse(Problem("method_not_allowed", method="CONNECT"))
            return
        version = self.parser.get_http_version().encode()
        head = b"%b %b HTTP/%b\r\n" % (method, self.url, version)
        lines = [b"%b: %b\r\n" % line for line in _without_offers(self.headers)]
        self._start_over(b"".join([head, *lines, b"\r\n", rest]))

    def _stand_in(self, data: bytes) -> None:
        method = None if self._ended else _METHOD.match(data)
        if not method:  # it is in the middle of what came
            self._refuse(Problem("bad_request", detail="The request is not valid HTTP"))
            return
        self._unknown = method[0].decode()
        self._start_over(_STAND_IN + data[method.end() :])

    def _start_over(self, data: bytes) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as the one before
        self.data_received(data)

    def _refuse(self, problem: Problem) -> None:
        """Nothing that follows can be understood either."""
        body = written(problem)
        lines = [b"%b: %b\r\n" % line for line in self.server_state.default_headers]
        lines.append(b"content-type: application/json\r\nconnection: close\r\n")
        head = STATUS_LINE[problem.kind.status] + b"".join(lines) + b"content-length: %d\r\n\r\n" % len(body)
        self.transport.write(head + body)
        self.transport.close()


def _without_offers(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    kept = []
    for name, value in headers:
        if name == b"connection":
            others = [each for each in value.split(b",") if each.strip().lower() not in _OFFERS]
            kept += [(name, b",".join(others))] if others else []
        elif name not in _OFFERS:
            kept.append((name, value))
    return kept
