"""One address asked about at its domain's mail hosts, the next host only where the one before was no help."""

from headrace.domain.public import Address
from headrace.mail.dns import Routes
from headrace.mail.evidence import Result
from headrace.mail.mailhosts import MailHost
from headrace.mail.pace import Pace, Withheld
from headrace.mail.replies import Heard, Reading, ReplyClass, Stage, read
from headrace.mail.smtp import Dialogue

MOST_VISITS = 3
ADDRESSES_PER_HOST = 2


class Visits:
    """Asks in the right order, at the right pace."""

    def __init__(self, dialogue: Dialogue, pace: Pace) -> None:
        self._dialogue = dialogue
        self._pace = pace

    async def ask(self, routes: Routes, recipient: str, host: MailHost) -> Reading:
        """What the mail hosts of `routes` say about `recipient`: of several, the one that says most."""
        best: tuple[tuple[bool, Stage], Reading] | None = None
        for name, address in _doors(routes):
            try:
                async with self._pace.turn(name, routes.domain, host.at_once.value if host.at_once else 1):
                    heard = await self._dialogue.ask(name, address, recipient)
            except Withheld as withheld:
                return best[1] if best else Reading(ReplyClass.NETWORK, str(withheld))
            reading = read(heard, host)
            if reading.blocks_us:
                self._pace.stay_away(name)
            worth = reading.result is not Result.UNKNOWN, heard.stage
            if best is None or worth > best[0]:
                best = worth, reading
            if not _worth_another(heard):
                break
        return best[1] if best else Reading(ReplyClass.NETWORK, "no_connection")


def _doors(routes: Routes) -> list[tuple[str, Address]]:
    doors = [
        (server.name, address)
        for server in routes.servers
        for address in server.addresses[:ADDRESSES_PER_HOST]
    ]
    return doors[:MOST_VISITS]


def _worth_another(heard: Heard) -> bool:
    """Another host may answer where this one could not be reached, was too busy or put us off."""
    if heard.reply is None:
        return heard.stage is Stage.CONNECT and heard.fault != "proxy_unreachable"
    return 400 <= heard.reply.code <= 499
