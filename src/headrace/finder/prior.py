"""What is assumed before anything is known: see data/prior.toml and data/ways.toml, which are assumptions."""

from functools import cache

from headrace.finder.stock import table

Shares = tuple[tuple[str, float], ...]
"""Labels with their probabilities, likeliest first."""


@cache
def patterns(country: str, shape: str, middle: bool) -> Shares:
    """How likely each pattern is at a domain of `country` (a top-level domain, such as `fr`)."""
    rules = table("prior")
    if shape == "single":
        return _scaled(rules["single"])
    weights = dict(rules["patterns"]) | (rules["middle"] if middle else {})
    tilt = rules["tilt"].get(country, {})
    return _scaled({pattern: weight * tilt.get(pattern, 1.0) for pattern, weight in weights.items()})


@cache
def shares(axis: str, country: str) -> Shares:
    """How likely each way of writing is, for an axis such as `family.dutch`; empty when nothing is said."""
    kind, _, habit = axis.partition(".")
    rules = table("ways")[kind][habit]
    weights = rules.get(country) or rules.get("default")
    return _ordered(weights) if weights else ()


@cache
def labels(axis: str) -> tuple[str, ...]:
    """The ways of writing that an axis knows, in an order of their own."""
    kind, _, habit = axis.partition(".")
    return tuple(table("ways")[kind][habit]["default"])


def country_of(domain: str) -> str:
    """The top-level domain, which is all that a domain tells of its country."""
    return domain.rpartition(".")[2].lower()


def _scaled(weights: dict[str, float]) -> Shares:
    total = sum(weights.values())
    return _ordered({label: weight / total for label, weight in weights.items()})


def _ordered(weights: dict[str, float]) -> Shares:
    return tuple(sorted(weights.items(), key=lambda item: -item[1]))
