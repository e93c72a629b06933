"""Cyrillic, Greek, Korean, Chinese and Japanese names in Latin letters."""

import re
import unicodedata
from functools import cache

from headrace.finder.prior import shares
from headrace.finder.stock import table

Way = tuple[str, float, str, str]
"""A text, its share of all spellings, and the habit and label that tell it from the others."""

_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_GREEK = re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]")
_HANGUL = re.compile(r"[\uac00-\ud7af]")
_KANA = re.compile(r"[\u3041-\u30ff]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_UNREADABLE = re.compile(r"[\u0590-\u08ff\u0900-\u109f\u1780-\u17ff]")
_OTHER = re.compile(r"[\u0370-\u052f\u0590-\u109f\u1780-\u17ff\u1f00-\u1fff\u3041-\u9fff\uac00-\ud7af]")

# "Dmitriy" is written Dmitry, "Mariya" Maria; the passport office keeps every letter.
_USUAL_ENDINGS = ((re.compile(r"(?:iy|yy)\b"), "y"), (re.compile(r"iya\b"), "ia"), (re.compile("ks"), "x"))
_UKRAINIAN_ENDINGS = ((re.compile(r"yy\b"), "y"), (re.compile(r"iya\b"), "ia"))
_WORD = re.compile(r"\w+")
_INITIAL = re.compile(r"\b\w")
_VOICELESS = re.compile(r"([ae])v(?=th|ch|ps|[kpxstfh])")


def other_alphabet(text: str) -> bool:
    """Whether some of it is written in letters other than Latin ones."""
    return _OTHER.search(text) is not None


def letter(one: str) -> str:
    """A rare letter in ASCII."""
    # Imported here: few names need it.
    from anyascii import anyascii  # noqa: PLC0415

    return anyascii(one)


def ways(text: str, country: str) -> tuple[Way, ...]:
    """How `text` (a first and a last name, a line each) may be spelt, likeliest first; empty when nobody can
    tell: vowels left out, or Chinese characters that a Japanese reads otherwise."""
    if _UNREADABLE.search(text):
        return ()
    if _CYRILLIC.search(text):
        return _shared("spelling.cyrillic", country, _cyrillic(text, country))
    if _GREEK.search(text):
        return _shared("spelling.greek", country, _greek(text))
    if _HAN.search(text) and (country == "jp" or _KANA.search(text)):
        return ()
    return ((_east_asian(text), 1.0, "", ""),)


def _shared(axis: str, country: str, texts: dict[str, str]) -> tuple[Way, ...]:
    habit = axis.partition(".")[2]
    if len(set(texts.values())) == 1:
        return ((next(iter(texts.values())), 1.0, "", ""),)
    return tuple((texts[label], share, habit, label) for label, share in shares(axis, country))


def _cyrillic(text: str, country: str) -> dict[str, str]:
    rules = table("spelling")["cyrillic"]
    lower = text.lower()
    nation = next(
        (name for name in ("ukrainian", "serbian", "bulgarian") if _speaks(name, lower, country)), ""
    )
    official = _INITIAL.sub(lambda letter: _initial(nation).get(letter[0], letter[0]), lower)
    official = official.translate(_alphabet("official", nation))
    usual = _WORD.sub(lambda word: rules["names"].get(word[0], word[0]), lower)
    usual = usual.translate(_alphabet("usual", nation))
    if nation == "serbian":
        return {"usual": usual, "official": usual}
    for ending, instead in _UKRAINIAN_ENDINGS if nation == "ukrainian" else _USUAL_ENDINGS:
        usual = ending.sub(instead, usual)
    return {"usual": usual, "official": official}


def _initial(nation: str) -> dict[str, str]:
    """Letters that are written otherwise where a word begins."""
    initial: dict[str, str] = table("spelling")["cyrillic"].get(nation, {}).get("initial", {})
    return initial


def _speaks(nation: str, text: str, country: str) -> bool:
    rules = table("spelling")["cyrillic"][nation]
    return country == rules["country"] or any(mark in text for mark in rules["marks"])


@cache
def _alphabet(label: str, nation: str) -> dict[int, str]:
    rules = table("spelling")["cyrillic"]
    letters = rules["usual"] | (rules["official"] if label == "official" else {})
    return str.maketrans(letters | (rules[nation]["letters"] if nation else {}))


def _greek(text: str) -> dict[str, str]:
    bare = "".join(
        mark for mark in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(mark)
    )
    rules = table("spelling")["greek"]
    return {
        "usual": _by_syllable(bare, rules["usual"], rules["initial"]),
        "spoken": _by_syllable(bare, rules["usual"] | rules["spoken"], rules["initial"]),
    }


def _by_syllable(text: str, letters: dict[str, str], initial: dict[str, str]) -> str:
    spelt, at = [], 0
    while at < len(text):
        pair = text[at : at + 2]
        if pair in initial and (at == 0 or not text[at - 1].isalpha()):
            spelt.append(initial[pair])
        elif pair in letters and len(pair) == 2:
            spelt.append(letters[pair])
        else:
            pair = text[at]
            spelt.append(letters.get(pair, pair))
        at += len(pair)
    return _VOICELESS.sub(r"\1f", "".join(spelt))


def _east_asian(text: str) -> str:
    first, _, last = text.partition("\n")
    if not (first and last) and not _KANA.search(text):
        last, first = _surname_first(first or last)
    return f"{_reading(first)}\n{_reading(last, surname=True)}"


def _surname_first(whole: str) -> tuple[str, str]:
    """A full name written as it is in China and Korea: the surname, then the rest."""
    letters = whole.replace(" ", "")
    size = 2 if letters[:2] in table("spelling")["chinese"]["pairs"] else 1
    return letters[:size], letters[size:]


def _reading(text: str, surname: bool = False) -> str:
    known: dict[str, str] = table("spelling")["korean"] | table("spelling")["chinese"]["readings"]
    if surname and text in known:
        return known[text]
    plain = "".join(letter(one) if not one.isascii() else one for one in text).lower()
    return plain.replace("ou", "o").replace("uu", "u") if _KANA.search(text) else plain
