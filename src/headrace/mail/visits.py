"""One address asked about at its domain's mail hosts, the next host only where the one before was no help."""

from dataclasses import dataclass

from headrace.mail.dns import Routes
from headrace.mail.doors import Door, doors
from headrace.mail.evidence import Result
from headrace.mail.pace import Pace, Withheld
from headrace.mail.pauses import BUSY
from headrace.mail.replies import Heard, Reading, ReplyClass, Stage, read
from headrace.mail.smtp import Dialogue


@dataclass(frozen=True, slots=True)
class Told:
    """What was said at one door. `leads_on`: another host may answer where this one did not.

    `until`: before then (seconds since 1970) this host is not asked again.
    """

    door: Door
    reading: Reading
    stage: Stage
    leads_on: bool
    until: float = 0.0

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
        try:
            async with self._pace.turn(door, recipient.rpartition("@")[2]):
                heard = await self._dialogue.ask(door.name, door.address, recipient)
                reading = read(heard, door.host)
                until = await self._heed(door, reading)
        except Withheld as withheld:
            return _untold(door, withheld)
        leads_on = _worth_another(heard) and not reading.blocks_us
        return Told(door, reading, heard.stage, leads_on, until)

    async def _heed(self, door: Door, reading: Reading) -> float:
        """Leave alone who wants to be; before the next in the queue gets the turn."""
        if reading.blocks_us:
            return await self._pace.stay_away(door)
        if reading.tires_of_us:
            return await self._pace.hold_back(door)
        return 0.0


def _untold(door: Door, withheld: Withheld) -> Told:
    """Who is busy has sent us on, as it would again. Who does not want us is not got round by its backup."""
    busy = withheld.reason == BUSY
    means = ReplyClass.RATE if busy else ReplyClass.NETWORK
    return Told(door, Reading(means, withheld.reason), Stage.CONNECT, busy, withheld.until)


def _worth_another(heard: Heard) -> bool:
    """Another host may answer where this one could not be reached, was too busy or put us off."""
    if heard.reply is None:
        return heard.stage is Stage.CONNECT and heard.fault != "proxy_unreachable"
    return 400 <= heard.reply.code <= 499
