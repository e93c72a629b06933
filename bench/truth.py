"""`make bench-truth`: the finder and the combined verification, measured against the seeded world's truth.

Nothing is timed, and the same code gives the same figures. What they do not prove stands in `docs/truth.md`.
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench import truth_finder, truth_plot, truth_score, truth_votes, truth_world
from bench.truth_score import Combination, Score, Speech
from bench.truth_votes import Votes
from bench.truth_world import Case
from headrace.domain.model import Grade
from headrace.sandbox import world
from headrace.sandbox.world import World

PLOT = Path(__file__).parent.parent / "docs" / "truth.svg"
ERROR, BRIER, MARGIN = 0.03, 0.05, 3.0
"""To be reached: at most, at most, and at least so many points of accuracy over the majority."""

VERDICTS, FILES = "majority of verdicts", "majority of verdicts and files"
SHIPPED = "verdicts, assumed rates"
SAID = "verdicts, learned rates"
ALL = "all evidence, learned rates"
TUNED = ", calibrated"


def main() -> None:
    """Prints the tables; writes the plot unless only a part of the world was looked at."""
    parser = argparse.ArgumentParser(description="Measure the finder and the combined verification.")
    parser.add_argument("--seed", type=int, default=7, help="of the world")
    parser.add_argument(
        "--people", type=int, default=world.PEOPLE, help="so many are looked at; default: all"
    )
    parser.add_argument(
        "--plot", type=Path, help="where to; default: docs/truth.svg for the whole world of seed 7"
    )
    chosen = parser.parse_args()
    people = world.build(chosen.seed)
    _print_finder(people)
    plot = _verification(people, chosen.people)
    whole = chosen.people >= world.PEOPLE and chosen.seed == 7
    path: Path | None = chosen.plot or (PLOT if whole else None)
    if path:
        path.write_text(plot, "utf-8")
        print(f"\nreliability plot: {path.name}")


def _print_finder(people: World) -> None:
    rows = truth_finder.ranked(people)
    print(f"Finder: {rows[0].people} people with at least three colleagues; the true address is")
    _table(
        ("known at the domain", "first", "among three"),
        ((str(row.known), _percent(row.first), _percent(row.first_three)) for row in rows),
    )


def _verification(people: World, size: int) -> str:
    """Prints; returns the plot."""
    looked_at = truth_world.sample(people, size)
    cases = truth_world.cases(people, looked_at)
    votes = truth_votes.verdicts(people, (case.address for case in cases))
    taught = [case for case in cases if case.for_learning]
    judged = [case for case in cases if not case.for_learning]
    print(
        f"\nVerification: {len(looked_at)} of {len(people.people) - 1} people, {len(cases)} possible addresses; "
        f"learned on {len(taught)}, measured on {len(judged)} at other domains, "
        f"of which {_percent(_share(judged))} exist"
    )
    here = Half(taught, judged, _ways(votes, taught))
    exchanged = Half(judged, taught, _ways(votes, judged))
    _print_scores(_scores(votes, [here]).values())
    _print_aims([_scores(votes, halves) for halves in ([here], [exchanged], [here, exchanged])])
    ways, best = here.ways, here.ways[ALL + TUNED]
    _print_verdicts(judged, best)
    _print_policies(judged, best)
    truths = [case.exists for case in judged]
    shown = {
        name: list(zip(ways[name].state(judged), truths, strict=True)) for name in (SHIPPED, ALL + TUNED)
    }
    return truth_plot.reliability(shown, f"{len(judged)} addresses of the seeded world")


def _ways(votes: Votes, taught: Sequence[Case]) -> dict[str, Combination]:
    """The combinations by name."""
    said, said_tuned = truth_score.learned(Speech(votes, more=False), taught)
    everything, everything_tuned = truth_score.learned(Speech(votes, more=True), taught)
    shipped = Combination(Speech(votes, more=False))
    return {
        SHIPPED: shipped,
        SAID: said,
        SAID + TUNED: said_tuned,
        ALL: everything,
        ALL + TUNED: everything_tuned,
    }


class Half(NamedTuple):
    """Cases to learn from, those to judge, and the combinations as they were learned."""

    taught: Sequence[Case]
    judged: Sequence[Case]
    ways: Mapping[str, Combination]


def _scores(votes: Votes, halves: Sequence[Half]) -> dict[str, Score]:
    """Of both halves together, every case is judged by what the other half taught."""
    parts = [(_share(half.taught) >= 0.5, half.judged) for half in halves]
    scores = [truth_score.of_votes(name, {name: about}, parts) for name, about in votes.items()]
    scores.append(truth_score.of_votes(VERDICTS, votes, parts))
    scores.append(truth_score.of_votes(FILES, votes, parts, files=True))
    scores += [
        truth_score.of_combination(name, [(half.ways[name], half.judged) for half in halves])
        for name in halves[0].ways
    ]
    return {score.name: score for score in scores}


def _print_scores(scores: Iterable[Score]) -> None:
    _table(
        ("", "accuracy", "precision", "recall", "Brier score", "calibration error"),
        (
            (
                score.name,
                *map(_percent, (score.accuracy, score.precision, score.recall)),
                "" if score.brier is None else f"{score.brier:.4f}",
                "" if score.error is None else f"{score.error:.4f}",
            )
            for score in scores
        ),
    )


def _print_aims(seen: Sequence[Mapping[str, Score]]) -> None:
    """Of one half, of the other (chance alone moves a figure that far), and of both together, which counts."""
    print("\nAims")
    rows: list[tuple[str, ...]] = []
    for name in (SHIPPED, SAID, SAID + TUNED, ALL, ALL + TUNED):
        errors = [scores[name].error or 0.0 for scores in seen]
        squares = [scores[name].brier or 0.0 for scores in seen]
        rows.append((name, f"calibration error <= {ERROR}", *map(_four, errors), _met(errors[-1] <= ERROR)))
        rows.append((name, f"Brier score <= {BRIER}", *map(_four, squares), _met(squares[-1] <= BRIER)))
        for majority in (VERDICTS, FILES) if name.startswith(ALL) else (VERDICTS,):
            points = [_points(scores, name, majority) for scores in seen]
            aim = f">= {MARGIN:.0f} points over the {majority}"
            rows.append((name, aim, *(f"{each:+.1f}" for each in points), _met(points[-1] >= MARGIN)))
    _table(("", "aim", "one half", "the other", "both together", ""), rows)


def _points(scores: Mapping[str, Score], name: str, majority: str) -> float:
    return 100 * (scores[name].accuracy - scores[majority].accuracy)


def _print_verdicts(cases: Sequence[Case], combination: Combination) -> None:
    """What the verdicts are worth: of each grade, how many exist."""
    print(f"\nVerdicts ({ALL + TUNED})")
    graded: dict[Grade, list[Case]] = {grade: [] for grade in Grade}
    for case in cases:
        graded[combination.judge(case).verdict.grade].append(case)
    _table(
        ("verdict", "addresses", "of which exist"),
        ((grade, str(len(each)), _percent(_share(each)) if each else "") for grade, each in graded.items()),
    )


def _print_policies(cases: Sequence[Case], combination: Combination) -> None:
    """Where the errors are: by what the domain's mail host lets be seen."""
    print(f"\nBy mail host ({ALL + TUNED})")
    rows = []
    for policy in ("normal", "catch_all", "unverifiable"):
        these = [case for case in cases if case.policy == policy]
        score = truth_score.of_combination(policy, [(combination, these)])
        rows.append((policy, str(len(these)), _percent(score.accuracy), f"{score.brier:.4f}"))
    _table(("domain", "addresses", "accuracy", "Brier score"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """As Markdown, so that it can stand in a page as it is."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for number, line in enumerate(lines):
        print("| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def _share(cases: Sequence[Case]) -> float:
    return sum(case.exists for case in cases) / len(cases)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _four(figure: float) -> str:
    return f"{figure:.4f}"


def _met(reached: bool) -> str:
    return "reached" if reached else "missed"


if __name__ == "__main__":
    main()
