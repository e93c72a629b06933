"""A reliability plot as SVG: what was stated against what happened. The same figures give the same file."""

from collections.abc import Mapping, Sequence
from html import escape
from math import sqrt

SIDE = 400
LEFT, TOP = 60, 50
WIDTH, HEIGHT = 760, 520
BINS = 10
COLOURS = ("#c2410c", "#1d4ed8")
LARGEST = 14.0

Stated = Sequence[tuple[float, bool]]
"""Probabilities with what happened."""


def reliability(series: Mapping[str, Stated], caption: str) -> str:
    """One line of dots for each of at most two series; a dot's area grows with the addresses behind it."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="sans-serif" font-size="12" role="img">',
        f"<title>{escape(caption)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="24" font-size="14" fill="#111827">{escape(caption)}</text>',
        *_axes(),
    ]
    for number, (name, stated) in enumerate(series.items()):
        parts += _dots(stated, COLOURS[number])
        parts += _legend(name, COLOURS[number], number)
    return "\n".join([*parts, "</svg>", ""])


def bins(stated: Stated) -> list[tuple[float, float, int]]:
    """Of each tenth that is not empty: the mean of what was stated, the share that happened, how many."""
    filled: dict[int, list[tuple[float, bool]]] = {}
    for p, truth in stated:
        filled.setdefault(min(int(p * BINS), BINS - 1), []).append((p, truth))
    return [
        (sum(p for p, _ in each) / len(each), sum(truth for _, truth in each) / len(each), len(each))
        for _, each in sorted(filled.items())
    ]


def _dots(stated: Stated, colour: str) -> list[str]:
    tenths = bins(stated)
    points = " ".join(f"{_x(p):.1f},{_y(share):.1f}" for p, share, _ in tenths)
    dots = [
        f'<circle cx="{_x(p):.1f}" cy="{_y(share):.1f}" r="{2 + LARGEST * sqrt(count / len(stated)):.1f}" '
        f'fill="{colour}" fill-opacity="0.55"><title>{count} addresses: stated {p:.3f}, seen {share:.3f}</title>'
        "</circle>"
        for p, share, count in tenths
    ]
    return [f'<polyline points="{points}" fill="none" stroke="{colour}"/>', *dots]


def _axes() -> list[str]:
    lines = [
        f'<rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#6b7280"/>',
        f'<line x1="{_x(0):.1f}" y1="{_y(0):.1f}" x2="{_x(1):.1f}" y2="{_y(1):.1f}" stroke="#9ca3af" '
        'stroke-dasharray="5 4"/>',
        f'<text x="{LEFT + SIDE / 2:.0f}" y="{TOP + SIDE + 42}" text-anchor="middle" fill="#111827">'
        "stated probability that the mailbox exists</text>",
        f'<text transform="translate(18 {TOP + SIDE / 2:.0f}) rotate(-90)" text-anchor="middle" '
        'fill="#111827">share that exists</text>',
    ]
    for tick in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        lines.append(
            f'<text x="{_x(tick):.1f}" y="{TOP + SIDE + 18}" text-anchor="middle" fill="#374151">{tick:.1f}</text>'
        )
        lines.append(
            f'<text x="{LEFT - 8}" y="{_y(tick) + 4:.1f}" text-anchor="end" fill="#374151">{tick:.1f}</text>'
        )
    return lines


def _legend(name: str, colour: str, number: int) -> list[str]:
    y = TOP + 20 + 22 * number
    return [
        f'<circle cx="{LEFT + SIDE + 22}" cy="{y}" r="6" fill="{colour}" fill-opacity="0.55"/>',
        f'<text x="{LEFT + SIDE + 34}" y="{y + 4}" fill="#111827">{escape(name)}</text>',
    ]


def _x(share: float) -> float:
    return LEFT + share * SIDE


def _y(share: float) -> float:
    return TOP + (1.0 - share) * SIDE
