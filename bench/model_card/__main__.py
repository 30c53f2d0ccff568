"""`python -m bench.model_card BUNDLE... --data FOLDER`: bundles on pictures that were set aside.

FOLDER holds the data sets that `recipes/model_card.yaml` names; `simulator` is made by
`python -m seg_perception.simulation.frame_writer` (docs/explanation/training.md). What was counted
is kept in the output folder and not counted again.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

# One core: set before numpy and OpenCV start their threads.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

from bench.model_card.counts import Asked, Counted, of_bundle
from bench.model_card.figures import figure
from bench.model_card.questions import CLEAR, Card
from seg_perception import Model

_CARD = Path(__file__).resolve().parents[2] / "recipes/model_card.yaml"
Column = dict[tuple[str, str], float]


def main() -> None:
    """Count, and print the table."""
    options = _options()
    asked = Asked(Card.load(options.card), options.card.parent, options.data, options.output)
    columns = {bundle: _column(asked, bundle) for bundle in options.bundles}
    text = table(asked.card, columns)
    (options.output / "card.md").write_text(text)
    print(text, end="")


def table(card: Card, columns: dict[str, Column]) -> str:
    """A row for each question and condition, a column for each bundle."""
    lines = [f"| | {' | '.join(Path(name).name for name in columns)} |"]
    lines.append(f"|---|{'---|' * len(columns)}")
    for question in card.questions:
        for condition in card.conditions_of(question):
            cells = (f"{column[question.name, condition]:.3f}" for column in columns.values())
            said = question.name if condition == CLEAR else f"{question.name}, {condition}"
            lines.append(f"| {said} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _column(asked: Asked, bundle: str) -> Column:
    model = Model(bundle)
    counts: dict[tuple[str, str], Counted] = {}
    for name, condition, counted in of_bundle(asked, model.bundle).count(model):
        counts[name, condition] = counted
        print(f"{bundle}: {name}, {condition}", flush=True)
    return {
        (question.name, condition): figure(
            question,
            [(asked.mapping(name), counts[name, condition]) for name in question.sets],
            model.ontology,
            [counts[name, CLEAR] for name in question.known],
        )
        for question in asked.card.questions
        for condition in asked.card.conditions_of(question)
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.model_card", description=__doc__)
    parser.add_argument("bundles", nargs="+", help="shipped names or folders")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--card", type=Path, default=_CARD)
    parser.add_argument("--output", type=Path, default=Path("runs/model_card"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
