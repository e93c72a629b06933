"""How often each source is right, by what all processes of a fleet have heard so far."""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from headrace.domain.errors import Problem
from headrace.finder.calibration import Calibration
from headrace.finder.combine import Evidence
from headrace.finder.hearsay import heard
from headrace.finder.rates import NEVER, Heard, Rates, Tally

_REMEMBERED = 20_000
"""Words that are not counted a second time, however often the same address is asked for."""

Tallies = Mapping[Heard, Tally]


class Kept(Protocol):
    """What everybody has heard: counts by source and word, and nothing about any person."""

    async def add(self, tallies: Tallies) -> None:
        """Count these too. Raises `Problem(storage_unavailable)`."""
        ...

    async def known(self) -> tuple[Rates, Calibration | None]:
        """By all that was counted; old counts fade. Raises `Problem(storage_unavailable)`."""
        ...


class Nowhere:
    """`Kept` where nothing is."""

    async def add(self, tallies: Tallies) -> None:
        """It is lost."""

    async def known(self) -> tuple[Rates, None]:
        return Rates(), None


class Reputation:
    """The rates in force, and what was heard since they were read. Nothing here waits for the database but
    `exchange`; a process that dies takes with it what it has heard since the last one.

    `upstreams`: whose answers a source resells, by name.
    """

    def __init__(self, kept: Kept | None = None, upstreams: Mapping[str, str] | None = None) -> None:
        self.rates = Rates()
        self.calibration: Calibration | None = None
        self._kept = kept or Nowhere()
        self._upstreams = upstreams or {}
        self._waiting: dict[Heard, Tally] = {}
        self._counted: OrderedDict[int, None] = OrderedDict()

    def family(self, vendor: str) -> str:
        return self._upstreams.get(vendor, vendor)

    def hear(self, address: str, evidence: Sequence[Evidence], fresh: Collection[str]) -> None:
        """Learn from what several said about one address. `fresh`: the sources that said it just now; the
        others' words were counted when they were."""
        for word, tally in heard(evidence, self.rates):
            if word[0] in fresh and self._is_news(address, word[0]):
                self._waiting[word] = self._waiting.get(word, NEVER).plus(tally)

    async def exchange(self) -> None:
        """Tell what was heard, and hear what others have told. Raises `Problem(storage_unavailable)`; then
        nothing is forgotten."""
        waiting, self._waiting = self._waiting, {}
        if waiting:
            try:
                await self._kept.add(waiting)
            except Problem:
                for word, tally in waiting.items():
                    self._waiting[word] = self._waiting.get(word, NEVER).plus(tally)
                raise
        self.rates, self.calibration = await self._kept.known()

    def _is_news(self, address: str, source: str) -> bool:
        key = hash((address, source))
        if key in self._counted:
            return False
        self._counted[key] = None
        if len(self._counted) > _REMEMBERED:
            self._counted.popitem(last=False)
        return True
