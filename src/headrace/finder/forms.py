"""All the forms that a name can take in an address, with what each would say about the employer's habits."""

from typing import NamedTuple

from headrace.finder.names import Name, Shape, parse
from headrace.finder.plans import Kind, Likelihoods, Line, Plan
from headrace.finder.spelling import Spelling, spellings
from headrace.finder.ways import SEPARATORS, parts

LONGEST = 64
"""Letters in a local part (RFC 5321)."""


class Filling(NamedTuple):
    """A name in one spelling, with the plan that it fills in. `share`: how likely the spelling is."""

    plan: Plan
    share: float
    texts: tuple[str, ...]
    glues: tuple[str, ...]
    shape: Shape
    spelling: Spelling

    def local(self, line: Line) -> str:
        return f"{self.texts[line.left]}{self.glues[line.glue]}{self.texts[line.right]}"


class Form(NamedTuple):
    """One way to form the local part. `share`: how likely, 0 to 1."""

    local: str
    share: float
    line: Line
    shape: Shape
    spelling: Spelling


def fillings(first: str, last: str, beliefs: Likelihoods, whole: bool = False) -> list[Filling]:
    """A name in each of its spellings, likeliest first; empty when nothing of it is left. `whole`: with all
    lines of the plan, however unlikely."""
    found = []
    for spelling in spellings(first, last, beliefs.country):
        name = parse(spelling.first, spelling.last)
        if name is not None:
            found.append(_filling(name, spelling, beliefs, whole))
    return found


def _filling(name: Name, spelling: Spelling, beliefs: Likelihoods, whole: bool) -> Filling:
    first, f, last, l = parts(name, beliefs.country)  # noqa: E741
    shape, middle = name.shape, name.middle
    kind = Kind(
        shape, middle != "", first.habit, len(first.texts), f.habit, len(f.texts), last.habit, len(last.texts)
    )
    texts = (*first.texts, *f.texts, *last.texts, *l.texts, "")
    glues = SEPARATORS + tuple(f"{sign}{middle}{sign}" for sign in SEPARATORS) if middle else SEPARATORS
    share = beliefs.spelling(spelling.habit, spelling.label, spelling.share) if spelling.habit else 1.0
    plan = beliefs.whole_plan(kind) if whole else beliefs.plan(kind)
    return Filling(plan, share, texts, glues, shape, spelling)


def explain(first: str, last: str, local: str, beliefs: Likelihoods) -> list[Form]:
    """The forms of a name that give this local part; without the number that tells namesakes apart, when
    there is no other way."""
    wanted = local.strip().lower().partition("+")[0]
    known = fillings(first, last, beliefs, whole=True)
    return _forms(known, wanted) or _forms(known, wanted.rstrip("0123456789"))


def _forms(known: list[Filling], wanted: str) -> list[Form]:
    return [
        Form(wanted, line.share * filling.share, line, filling.shape, filling.spelling)
        for filling in known
        for line in _leading_to(wanted, filling)
    ]


def _leading_to(wanted: str, filling: Filling) -> list[Line]:
    """The lines that give this local part: `Filling.local`, written out as it is tried a hundred times."""
    texts, glues = filling.texts, filling.glues
    return [
        line for line in filling.plan if texts[line.left] + glues[line.glue] + texts[line.right] == wanted
    ]
