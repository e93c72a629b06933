"""The lab's name server: one port of the loopback, over UDP and TCP."""

import asyncio
from collections import Counter
from functools import cache
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from headrace.sandbox.mail.zones import TTL, Zones

PLAIN_UDP = 512
SLOW_SECONDS = 30.0


class NameServer(asyncio.DatagramProtocol):
    """Answers for every name, as the resolver of a machine would; `asked` counts questions."""

    def __init__(self, zones: Zones) -> None:
        self._zones = zones
        self.asked: Counter[tuple[str, str]] = Counter()
        self.over_tcp = 0
        self._later: set[asyncio.TimerHandle] = set()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one question."""
        query = _parsed(data)
        if query is None or self._transport is None:
            return
        fault = self._fault(query)
        if fault == "silent":
            return
        reply = self._answer(query, fault).to_wire(
            max_size=max(query.payload, PLAIN_UDP), prefer_truncation=True
        )
        if fault == "slow":
            self._later.add(asyncio.get_running_loop().call_later(SLOW_SECONDS, self._send, reply, addr))
        else:
            self._send(reply, addr)

    async def stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the questions of one TCP connection."""
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(2), "big")
                query = _parsed(await reader.readexactly(size))
                if query is None:
                    break
                self.over_tcp += 1
                reply = self._answer(query, self._fault(query)).to_wire()
                writer.write(len(reply).to_bytes(2, "big") + reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def close(self) -> None:
        """Answer no more."""
        for handle in self._later:
            handle.cancel()
        if self._transport:
            self._transport.close()

    def _send(self, reply: bytes, addr: tuple[str, int]) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.sendto(reply, addr)

    def _fault(self, query: dns.message.Message) -> str:
        return self._zones.faults.get(_name(query), "")

    def _answer(self, query: dns.message.Message, fault: str) -> dns.message.Message:
        name, kind = _name(query), dns.rdatatype.to_text(query.question[0].rdtype)
        self.asked[name, kind] += 1
        reply = dns.message.make_response(query, recursion_available=True)
        if fault in ("servfail", "refused"):
            reply.set_rcode(dns.rcode.SERVFAIL if fault == "servfail" else dns.rcode.REFUSED)
            return reply
        reply.answer = self._zones.chain(name, kind)
        if not any(found.rdtype == query.question[0].rdtype for found in reply.answer):
            last = self._zones.end_of(name)
            if not self._zones.exists(last):
                reply.set_rcode(dns.rcode.NXDOMAIN)
            reply.authority = [_authority(last.rpartition(".")[2])]
        return reply


def _parsed(data: bytes) -> dns.message.Message | None:
    try:
        query = dns.message.from_wire(data)
    except (dns.exception.DNSException, ValueError):
        return None
    return query if len(query.question) == 1 and not query.flags & dns.flags.QR else None


def _name(query: dns.message.Message) -> str:
    return query.question[0].name.to_text(True).lower()


@cache
def _authority(top: str) -> dns.rrset.RRset:
    """Who says that a name below `top` does not exist, and for how long that may be kept."""
    text = f"ns.lab.example. hostmaster.lab.example. 1 3600 600 86400 {TTL}"
    return dns.rrset.from_text(f"{top}.", TTL, "IN", "SOA", text)
