"""Reads an operator's request, and says what is wrong with it in words that name the field."""

import re
from typing import TypeVar

import msgspec
from msgspec import Struct

from headrace.api.admin.schemas import PersonSelectors
from headrace.api.services import AnyRequest
from headrace.domain.errors import Problem

T = TypeVar("T", bound=Struct)

EXPECTED = {
    "name": "a string of 1 to 200 characters",
    "credits": "a number that is not negative, with at most three decimals",
    "consent": "true or false",
    "phone_countries": 'a list of at most 250 two-letter country codes, such as "FR"',
    "validation": "one of: strict, lenient",
    "email_status_vocabulary": "one of: schema, deliverability",
    "accept_risky": "true or false",
    "max_age": "a number of seconds from 0 to 315360000",
    "miss_max_age": "a number of seconds from 0 to 315360000",
    "deliverable": "a probability from 0 to 1",
    "catch_all": "a probability from 0 to 1",
    "invalid": "a probability from 0 to 1",
    "outcomes": 'a list of 1 to 1000 objects with "email" and "outcome": bounced or delivered',
    "outcome": "one of: bounced, delivered",
    "amount": "a number with at most three decimals",
    "action": "one of: grant, withdraw",
    "version": "a string of 1 to 50 characters",
    "email": "a string of at most 320 characters",
    "phone": "a string of at most 40 characters",
    "linkedin_url": "a string of at most 1000 characters",
    "domain": "a string of at most 300 characters",
    "region": "a two-letter country code",
}
_AT = re.compile(r"at `\$\.(\w+)|required field `(\w+)`")
_UNKNOWN = re.compile(r"unknown field `(\w{1,50})`")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def body(text: bytes, shape: type[T]) -> T:
    """The request's body; none at all is an empty object. Raises `Problem(bad_request)`."""
    try:
        text.decode()
        return msgspec.json.decode(text or b"{}", type=shape)
    except msgspec.ValidationError as error:
        raise _wrong(_complaint(str(error), shape)) from None
    except (msgspec.DecodeError, ValueError):
        raise _wrong("The request body is not valid JSON") from None
    except RecursionError:
        raise _wrong("The request body is nested too deeply") from None


def plain(name: str, value: str) -> str:
    """A text without control characters. Raises `Problem(bad_request)`."""
    if _CONTROL.search(value):
        raise _wrong(f"{name} must not contain control characters")
    return value


def number(request: AnyRequest, name: str, default: int, most: int) -> int:
    """A whole number from the query, from 1 to `most`. Raises `Problem(bad_request)`."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 12 and 1 <= int(text) <= most):
        raise _wrong(f"{name} must be a whole number from 1 to {most}")
    return int(text)


def word(request: AnyRequest, name: str) -> str:
    """A text from the query; empty when it was not sent. Raises `Problem(bad_request)`."""
    value = str(request.query_params.get(name, ""))
    if len(value) > 200:
        raise _wrong(f"{name} must have at most 200 characters")
    return plain(name, value)


def _complaint(error: str, shape: type[Struct]) -> str:
    if "unknown field" in error:
        found = _UNKNOWN.search(error)
        said = f"{found[1]} is not a field here" if found else "The request body has a field that is none"
        return f"{said}; there are: {', '.join(shape.__struct_fields__) or 'none'}"
    found = _AT.search(error)
    name = (found[1] or found[2]) if found else None
    if name not in EXPECTED:
        return "The request body must be a JSON object"
    expected = (
        "a string of at most 400 characters"
        if shape is PersonSelectors and name == "name"
        else EXPECTED[name]
    )
    missing = "missing required field" in error
    return f"{name} is required: {expected}" if missing else f"{name} must be {expected}"


def _wrong(detail: str) -> Problem:
    return Problem("bad_request", detail=detail)
