"""How often sources were right: counts by source and word, shared by all processes; nothing about any person.

Counts fade by half in `HALF_LIFE`. Instead of making old ones smaller, new ones are written larger: so adding
is all that ever happens, in any order and from any process.
"""

from headrace.engine.own.reputation import Tallies
from headrace.finder.calibration import Calibration, Outcomes, fit_counted
from headrace.finder.rates import Rates, Tally
from headrace.ports import Clock
from headrace.storage.database import Database, Each, Steps

HALF_LIFE = 90 * 86_400.0
"""Seconds after which a word counts half: a vendor that has changed is noticed in weeks."""

_BEGINNING = 1_767_225_600.0
"""The first of January 2026, when a word weighed 1."""

_ADD = """
    INSERT INTO reputation (source, word, accept_all, present, absent, doubt)
    VALUES (:source, :word, :accept_all, :present, :absent, :doubt)
    ON CONFLICT (source, word, accept_all) DO UPDATE SET present = reputation.present + excluded.present,
        absent = reputation.absent + excluded.absent, doubt = reputation.doubt + excluded.doubt
"""
_ADD_OUTCOMES = """
    INSERT INTO calibration (step, delivered, bounced) VALUES (:step, :delivered, :bounced)
    ON CONFLICT (step) DO UPDATE SET delivered = calibration.delivered + excluded.delivered,
        bounced = calibration.bounced + excluded.bounced
"""
_OUTCOMES = "SELECT step, delivered, bounced FROM calibration"
_STEPS = 100
"""Into so many steps stated probabilities are sorted."""

_ALL = "SELECT source, word, accept_all, present, absent, doubt FROM reputation"


class SqlReputation:
    """`engine.own.reputation.Kept`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, tallies: Tallies) -> None:
        await self._database.write(lambda: self.adding(tallies), key="reputation")

    def adding(self, tallies: Tallies) -> Steps[None]:
        """The same within a transaction of somebody else's."""
        size = self._size()
        yield Each(
            _ADD,
            [
                {
                    "source": source,
                    "word": str(word),
                    "accept_all": accept_all,
                    "present": tally.exists * size,
                    "absent": tally.missing * size,
                    "doubt": tally.doubt * size,
                }
                for (source, word, accept_all), tally in sorted(tallies.items())
            ],
        )

    def adding_outcomes(self, outcomes: Outcomes) -> Steps[None]:
        """What became of addresses, by the probability that was stated for them."""
        size = self._size()
        yield Each(
            _ADD_OUTCOMES,
            [
                {"step": int(stated * _STEPS), "delivered": arrived * size, "bounced": bounced * size}
                for stated, (arrived, bounced) in sorted(outcomes.items())
            ],
        )

    async def known(self) -> tuple[Rates, Calibration | None]:
        size = self._size()
        rates = Rates().plus(
            ((row[0], row[1], bool(row[2])), Tally(row[3] / size, row[4] / size, row[5] / size))
            for row in await self._database.read(_ALL, {})
        )
        outcomes = await self._database.read(_OUTCOMES, {})
        return rates, fit_counted({row[0] / _STEPS: (row[1] / size, row[2] / size) for row in outcomes})

    def _size(self) -> float:
        """What one word weighs today."""
        weight: float = 2.0 ** ((self._clock.wall() - _BEGINNING) / HALF_LIFE)
        return weight
