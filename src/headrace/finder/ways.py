"""The ways in which the parts of a name are written: van den Berg is vandenberg, van.den.berg, berg.

How likely each way is, is a matter of beliefs (`prior`, `learning`); here is only what it looks like.
"""

from functools import cache
from typing import NamedTuple

from headrace.finder.names import Name, Surname
from headrace.finder.prior import labels
from headrace.finder.stock import table

SEPARATORS = ("", ".", "_", "-")


class Part(NamedTuple):
    """One part of a name and its ways. `texts`: one for each label of `habit`, in the order of `labels`, but
    four for "separated", one for each of `SEPARATORS`; for nicknames, "written" and then the others. A part
    without a habit has one way, or none when it is not known."""

    habit: str
    texts: tuple[str, ...]


UNKNOWN = Part("", ())


class Parts(NamedTuple):
    """What patterns are made of. `f` and `l` are the letters that stand for `first` and `last`."""

    first: Part
    f: Part
    last: Part
    l: Part  # noqa: E741


def parts(name: Name, country: str) -> Parts:
    """All parts of a name. Somebody of one name has only a `first`."""
    first, last = _given(name), _family(name, country)
    if name.shape == "single":
        return Parts(first if first.texts else last, UNKNOWN, UNKNOWN, UNKNOWN)
    surname = name.family[0].core
    return Parts(
        first, _initials(name, first), last, _letters(last) if last.texts else Part("", (surname[0],))
    )


def _given(name: Name) -> Part:
    if name.initials:
        if name.given:
            return _written("given.leading", (name.initials, "".join(name.given)))
        return _written("given.initials", tuple(name.initials)) if len(name.initials) > 1 else UNKNOWN
    if len(name.given) > 1:
        return _written("given.hyphen" if name.given_tie == "-" else "given.spaced", name.given)
    return _called(name) if name.given else UNKNOWN


def _called(name: Name) -> Part:
    """A plain first name, and what its bearer is called."""
    word = name.given[0]
    formal, familiar = _nicknames()
    if name.nickname and name.nickname != word:
        return Part("given.called", (word, name.nickname))
    if word in familiar:
        return Part("given.nickname", (word, *familiar[word]))
    if word in formal:
        return Part("given.formal", (word, *formal[word]))
    return Part("", (word,))


def _initials(name: Name, first: Part) -> Part:
    words = name.given or tuple(name.initials)
    if name.initials and name.given:
        lead, second = name.initials[0], name.given[0][0]
        return Part("initial.leading", (second, lead, lead + second))
    if len(words) > 1:
        return Part("initial.compound", (words[0][0], words[0][0] + words[1][0]))
    return _letters(first) if first.texts else Part("", (words[0][0],))


def _letters(full: Part) -> Part:
    """The same ways, cut to a letter: most of them begin with the same one."""
    return Part(full.habit, tuple(text[0] for text in full.texts))


def _family(name: Name, country: str) -> Part:
    surnames = name.family
    if not surnames or (len(surnames) == 1 and len(surnames[0].core) == 1):
        return UNKNOWN
    if len(surnames) > 1:
        words = tuple(_usual(surname, country) for surname in surnames)
        return _written(_double_habit(name, country), words)
    only = surnames[0]
    if not only.particles:
        return Part("", (only.core,))
    return _written(_particle_habit(only, country), (*only.particles, only.core), only)


def _written(habit: str, words: tuple[str, ...], surname: Surname | None = None) -> Part:
    texts: list[str] = []
    for label in labels(habit):
        if label == "separated":
            texts += [separator.join(words) for separator in SEPARATORS]
        else:
            texts.append(_text(label, words, surname))
    return Part(habit, tuple(texts))


def _text(label: str, words: tuple[str, ...], surname: Surname | None) -> str:
    if label == "joined":
        return "".join(words)
    if label == "first":
        return words[0]
    if label in ("last", "dropped"):
        return words[-1]
    if label == "initials":
        return "".join(word[0] for word in words)
    if label == "keep" and surname:
        return f"{''.join(words[:-1])}'{words[-1]}"
    return "-".join(words)


def _usual(surname: Surname, country: str) -> str:
    """One of several surnames: Portuguese particles are dropped, the others stay on."""
    if not surname.particles or _particle_habit(surname, country) == "family.lusitan":
        return surname.core
    return "".join((*surname.particles, surname.core))


def _double_habit(name: Name, country: str) -> str:
    if name.family_tie == "-":
        return "family.hyphen"
    nation = table("surnames")["countries"].get(country)
    if nation is None:
        cores = {surname.core for surname in name.family}
        nation = next((kind for kind in ("spanish", "portuguese") if cores <= _common(kind)), "double")
    return f"family.{nation}"


@cache
def _common(kind: str) -> frozenset[str]:
    return frozenset(table("surnames")[kind])


def _particle_habit(surname: Surname, country: str) -> str:
    first = surname.particles[0]
    if surname.elided:
        return "family.irish" if first == "o" else "family.elision"
    return _habit_of(first, country)


@cache
def _habit_of(particle: str, country: str) -> str:
    habits = table("particles")["habits"]
    local = table("particles")["countries"].get(country)
    if local and particle in habits[local]:
        return f"family.{local}"
    return f"family.{next((habit for habit, words in habits.items() if particle in words), 'elision')}"


@cache
def _nicknames() -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """What a nickname may stand for, and what a name's bearers are called."""
    familiar = {name: tuple(others) for name, others in table("given")["called"].items()}
    formal: dict[str, tuple[str, ...]] = {}
    for name, others in familiar.items():
        for other in others:
            formal[other] = (*formal.get(other, ()), name)
    return formal, familiar
