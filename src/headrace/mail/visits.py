"""One address asked about at its domain's mail hosts, the next host only where the one before was no help."""

from dataclasses import dataclass

from headrace.mail.dns import Routes
from headrace.mail.doors import Door, doors
from headrace.mail.evidence import Result
from headrace.mail.pace import Pace, Withheld
from headrace.mail.replies import Heard, Reading, ReplyClass, Stage, read
from headrace.mail.smtp import Dialogue


@dataclass(frozen=True, slots=True)
class Told:
    """What was said at one door. `leads_on`: another host may answer where this one did not."""

    door: Door
    reading: Reading
    stage: Stage
    leads_on: bool

    @property
    def worth(self) -> tuple[bool, Stage]:
        return self.reading.result is not Result.UNKNOWN, self.stage


class Visits:
    """Asks in the right order, at the right pace."""

    def __init__(self, dialogue: Dialogue, pace: Pace) -> None:
        self._dialogue = dialogue
        self._pace = pace

    async def ask(self, routes: Routes, recipient: str) -> Told:
        """What the mail hosts of `routes` (there are some) say about `recipient`: of several, the one that
        says most."""
        told: list[Told] = []
        for door in doors(routes):
            told.append(await self.ask_at(door, recipient))
            if not told[-1].leads_on:
                break
        return max(told, key=lambda each: each.worth)

    async def ask_at(self, door: Door, recipient: str) -> Told:
        """What is said about `recipient` at this very door."""
        domain, host = recipient.rpartition("@")[2], door.host
        try:
            async with self._pace.turn(door.name, domain, host.at_once.value if host.at_once else 1):
                heard = await self._dialogue.ask(door.name, door.address, recipient)
        except Withheld as withheld:
            return Told(door, Reading(ReplyClass.NETWORK, str(withheld)), Stage.CONNECT, leads_on=False)
        reading = read(heard, host)
        if reading.blocks_us:
            self._pace.stay_away(door.name)
        return Told(door, reading, heard.stage, _worth_another(heard))


def _worth_another(heard: Heard) -> bool:
    """Another host may answer where this one could not be reached, was too busy or put us off."""
    if heard.reply is None:
        return heard.stage is Stage.CONNECT and heard.fault != "proxy_unreachable"
    return 400 <= heard.reply.code <= 499
