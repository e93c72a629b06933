"""What people write around their names, taken away: titles, degrees, pronouns, brackets, slogans."""

import re
from functools import cache

from headrace.finder.stock import table

_PLAIN = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)*")
_ASIDE = re.compile(r"""\(([^)]*)\)?|\[([^\]]*)\]?|\{([^}]*)\}?|"([^"]*)"?|(?<![\w'])'(\w{2,})'(?!\w)""")
_SLOGAN = re.compile(r"\s[-~]+\s.*|\|.*|@.*|:.*", re.DOTALL)
_WORD = re.compile(r"[A-Za-z][A-Za-z'.-]*|'[A-Za-z][A-Za-z-]*|\S+")
_HAS_LETTER = re.compile(r"[A-Za-z]")
_NO_NAME = re.compile(r"[^A-Za-z'.-]")
_QUOTES = str.maketrans("`", "'")


def words(text: str) -> tuple[list[str], str]:
    """The words of a name in ASCII, still in their case, and the nickname that stood in brackets or quotes
    ("" when none did)."""
    if _PLAIN.fullmatch(text):
        return [text], ""
    text = text.translate(_QUOTES)
    called = next((name for aside in _ASIDE.findall(text) for name in aside if _is_name(name)), "")
    text = _SLOGAN.sub("", _ASIDE.sub(" ", text))
    found = [word for word in text.replace(",", " , ").split() if word == "," or _HAS_LETTER.search(word)]
    return _without_titles(found), called


def swapped(first: str, last: str) -> tuple[str, str]:
    """First and last name, where "Smith, John" or "John Smith" stands in one of the two fields."""
    whole = first or last
    head, comma, tail = whole.partition(",")
    if comma and head.strip() and any(not _is_after(word) for word in tail.split()):
        return tail, head
    return whole, ""


def _is_name(text: str) -> bool:
    return text.isalpha() and len(text) > 1 and text.lower() not in _set("asides") and not text.isupper()


def _without_titles(found: list[str]) -> list[str]:
    if "," in found:
        comma = found.index(",")
        # Behind the comma stand degrees; before it there may be nothing but a title.
        found = [word for word in found[:comma] or found[comma:] if word != ","]
    found = [word for word in found if "/" not in word]
    while len(found) > 1 and _is_before(found[0]):
        del found[0]
    for at, word in enumerate(found):
        if at and _bare(word) in _set("formerly"):
            del found[at:]
            break
    while len(found) > 1 and _is_after(found[-1]):
        found.pop()
    return [part for word in found for part in _parts(word)] if len(found) > 1 or found else []


def _parts(word: str) -> list[str]:
    """`J.P.` is two initials, `St.` one word; digits and what else no name holds are left out."""
    if _bare(word) == "vd":
        return ["vd"]
    return [part for part in (_NO_NAME.sub("", piece).strip("-") for piece in word.split(".")) if part]


def _is_before(word: str) -> bool:
    bare = _bare(word)
    return bare in _set("before") and ("." in word or bare not in _set("only_dotted"))


def _is_after(word: str) -> bool:
    bare = _bare(word)
    return bare in _set("after") or (bare in _set("only_capitals") and word.replace(".", "").isupper())


def _bare(word: str) -> str:
    return word.replace(".", "").strip("-'").lower()


@cache
def _set(name: str) -> frozenset[str]:
    return frozenset(table("titles")[name])
