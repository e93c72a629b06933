"""One address asked about at its domain's mail hosts, the next host only where the one before was no help."""

from dataclasses import dataclass

from headrace.mail.dns import Routes
from headrace.mail.doors import Door, doors
from headrace.mail.evidence import Result
from headrace.mail.pace import Pace, Withheld
from headrace.mail.pauses import BUSY
from headrace.mail.progress import Progress
from headrace.mail.replies import Heard, Reading, ReplyClass, Stage, read
from headrace.mail.smtp import Dialogue

_SILENCE = ("connect_timeout", "reply_timeout", "out_of_time")


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

    async def ask(self, routes: Routes, recipient: str, progress: Progress) -> Told:
        """What the mail hosts of `routes` (there are some) say about `recipient`: of several, the one that
        says most."""
        told: list[Told] = []
        for door in doors(routes):
            told.append(await self.ask_at(door, recipient, progress))
            if not told[-1].leads_on:
                break
        return max(told, key=lambda each: each.worth)

    async def ask_at(self, door: Door, recipient: str, progress: Progress, ahead: bool = False) -> Told:
        """What is said about `recipient` at this very door. `ahead`: it is about what is begun already."""
        try:
            async with self._pace.turn(door, recipient.rpartition("@")[2], progress, ahead):
                heard = await self._dialogue.ask(door.name, door.address, recipient)
                reading = read(heard, door.host)
                until = await self._heed(door, heard, reading)
        except Withheld as withheld:
            return _untold(door, withheld)
        leads_on = _worth_another(heard) and not reading.blocks_us
        return Told(door, reading, heard.stage, leads_on, until)

    async def _heed(self, door: Door, heard: Heard, reading: Reading) -> float:
        """Leave alone who wants to be, or is not there; before the next in the queue gets the turn."""
        if _silent(heard):
            self._pace.pass_over(door, heard.fault)
        if reading.blocks_us:
            return await self._pace.stay_away(door)
        if reading.tires_of_us:
            return await self._pace.hold_back(door)
        return 0.0


def _untold(door: Door, withheld: Withheld) -> Told:
    means = ReplyClass.RATE if withheld.reason == BUSY else ReplyClass.NETWORK
    return Told(door, Reading(means, withheld.reason), Stage.CONNECT, withheld.elsewhere, withheld.until)


def _silent(heard: Heard) -> bool:
    """Whether it says nothing to anybody; later in a session, it may be slow about this mailbox only."""
    return heard.stage <= Stage.GREETING and heard.fault in _SILENCE


def _worth_another(heard: Heard) -> bool:
    """Another host may answer where this one could not be reached, was silent, too busy or put us off."""
    if heard.reply is None:
        unreached = heard.stage is Stage.CONNECT and heard.fault != "proxy_unreachable"
        return unreached or _silent(heard)
    return 400 <= heard.reply.code <= 499
