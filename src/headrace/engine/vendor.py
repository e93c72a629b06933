"""A vendor as this process uses it: its adapter, where it is, and how long to wait for it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import quote_plus

import msgspec

from headrace.domain.model import VERIFY
from headrace.ports import OutboundRequest
from headrace.providers.base import Adapter, Request, Verifies

_encode = msgspec.json.Encoder().encode
_is_plain = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch


@dataclass(frozen=True, slots=True)
class Vendor:
    """`timeout` (seconds) bounds one whole conversation. `trusted`: a value that it returns without a
    verdict counts as confirmed."""

    remembered: ClassVar[bool] = True
    adapter: Adapter
    base_url: str
    headers: Mapping[str, str] = field(repr=False)  # the key among them
    timeout: float
    trusted: bool = False

    @property
    def name(self) -> str:
        return self.adapter.name

    @property
    def capabilities(self) -> tuple[str, ...]:
        return (*self.adapter.finds, *((VERIFY,) if isinstance(self.adapter, Verifies) else ()))

    def outbound(self, request: Request) -> OutboundRequest:
        """The adapter's request as it goes on the wire."""
        url = f"{self.base_url}{request.path}"
        if request.query:
            url = f"{url}?{'&'.join(f'{name}={_quoted(value)}' for name, value in request.query.items())}"
        body = None if request.body is None else _encode(request.body)
        return OutboundRequest(request.method, url, self.headers, body, self.name)


def _quoted(value: str) -> str:
    """As in a form; what needs no quoting, which is most, is not put through it."""
    return value if _is_plain(value) else quote_plus(value)
