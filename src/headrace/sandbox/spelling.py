"""One spelling for names, companies, domains and profiles, so that finding one is a dictionary access."""

import re
import unicodedata
from urllib.parse import unquote

_STROKES = str.maketrans(
    {"ø": "o", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"}
)
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_LEGAL_FORM = re.compile(r"[\s,]+(sas|sa|sarl|gmbh|ag|ltd|plc|inc|llc|corp|sl|slu|bv|nv|srl)\.?$")


def plain(text: str, written_out: bool = False) -> str:
    """Lower-case letters without accents; `written_out` spells umlauts with two letters."""
    text = unicodedata.normalize("NFC", text).casefold().replace("ß", "ss")
    if written_out:
        text = text.translate(_WRITTEN_OUT)
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.translate(_STROKES))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def name_key(name: str, written_out: bool = False) -> str:
    """A person's name with nothing but its letters: hyphens, blanks and accents are a matter of taste."""
    return _NOT_WORD.sub("", plain(name, written_out))


def company_key(name: str) -> str:
    """A company's name without its legal form."""
    return _NOT_WORD.sub("", _LEGAL_FORM.sub("", plain(name).strip()))


def domain_key(domain: str) -> str:
    """The bare host of a domain, of a web address or of what people type for one."""
    host = domain.strip().lower().rpartition("://")[2]
    host = re.split(r"[/?#:]", host, maxsplit=1)[0]
    return host.removeprefix("www.").rstrip(".")


def profile_key(address: str) -> str:
    """The slug of a profile, from any spelling of its address or from the slug itself."""
    text = unquote(address.strip()).lower()
    for marker in ("/in/", "/pub/", "/company/"):
        _, found, rest = text.partition(marker)
        if found:
            text = rest
            break
    return re.split(r"[/?#]", text.strip("/"), maxsplit=1)[0]
