"""Two bodies make the same claim exactly when they say the same."""

import json
import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

from headrace.api.idempotency import claim_of
from headrace.api.services import AnyRequest

PAIRS = 10_000
LETTERS = 'ab é\u2028🚀\u0000"\\/{}[],:'
NUMBERS = ["0", "1", "1.0", "1.00", "1e0", "1E0", "10", "1e1", "-1", "0.1", "1e400", "123456789012345678901"]


class Written(str):
    """A number as it stands in the text."""

    __slots__ = ()


def a_value(chance: random.Random, depth: int = 3) -> Any:
    match chance.randrange(5 if depth else 3):
        case 0:
            return chance.choice([None, True, False, "1", "1.0", "true", "\u0000"])
        case 1:
            return Written(chance.choice(NUMBERS))
        case 2:
            return "".join(chance.choices(LETTERS, k=chance.randrange(4)))
        case 3:
            return [a_value(chance, depth - 1) for _ in range(chance.randrange(3))]
        case _:
            return {chance.choice(LETTERS): a_value(chance, depth - 1) for _ in range(chance.randrange(3))}


def text(value: Any, chance: random.Random | None = None) -> str:
    """The value as JSON; with `chance`, in one of the many ways in which it can be written."""
    space = chance.choice(["", "", " ", "\n\t"]) if chance else ""
    if isinstance(value, Written):
        return f"{space}{value}"
    if isinstance(value, list):
        return f"{space}[{','.join(text(each, chance) for each in value)}{space}]"
    if isinstance(value, dict):
        items = list(value.items()) if chance else sorted(value.items())
        if chance:
            chance.shuffle(items)
        inside = ",".join(f"{text(name, chance)}{space}:{text(each, chance)}" for name, each in items)
        return f"{space}{{{inside}}}"
    escaped = chance.random() < 0.5 if chance else True
    return f"{space}{json.dumps(value, ensure_ascii=escaped)}"


def claim(body: str, key: str = "k", path: str = "/p", query: bytes = b"") -> tuple[str, str]:
    scope = {"headers": [(b"idempotency-key", key.encode())], "path": path, "query_string": query}
    made = claim_of(cast(AnyRequest, SimpleNamespace(scope=scope)), "caller", body.encode())
    assert made
    return made.name, made.fingerprint


def values(chance: random.Random) -> Iterator[tuple[Any, Any]]:
    for _ in range(PAIRS):
        yield a_value(chance), a_value(chance)


def test_what_says_the_same_makes_the_same_claim_and_nothing_else_does() -> None:
    chance = random.Random(3)
    different = 0
    for one, other in values(chance):
        assert claim(text(one, chance)) == claim(text(one, chance))
        same = text(one) == text(other)
        assert (claim(text(one, chance)) == claim(text(other, chance))) == same
        different += not same
    assert different > PAIRS / 2


def test_a_body_that_is_no_json_is_taken_as_it_is() -> None:
    odd = ["{", "{ ", "", '{"a":NaN}', '"\\ud800"', "[" * 100_000]
    assert len({claim(body) for body in odd}) == len(odd)


def test_caller_path_and_key_make_the_name_and_the_query_the_rest() -> None:
    assert claim("{}")[0] != claim("{}", key="other")[0]
    assert claim("{}")[0] != claim("{}", path="/other")[0]
    assert claim("{}")[0] == claim("{}", query=b"expand=attempts")[0]
    assert claim("{}")[1] != claim("{}", query=b"expand=attempts")[1]
