"""`python -m bench.confidence BUNDLE RUN.yaml --data-root DATA`: which confidence ranks best.

The network's own (the winner's probability), the margin of the two best classes (where the graph
ends in a softmax), and the one that is put right class by class, each half of every set's held-out
pictures by what the other halves of all sets show. Areas under risk-coverage by set, and the
calibration error of all, in percent.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import onnx

from seg_perception.core.errors import DatasetError
from seg_perception.evaluation.calibration import calibration, risk_coverage_area
from seg_perception.evaluation.confusion import Counts
from seg_perception.fitting.confidence import (
    ClassLevels,
    Labelled,
    count_halves,
    expect_classes,
    put_right,
    without_calibration,
)
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.bundle_writer import derive_bundle
from seg_perception.inference.onnx.files import read_model, to_bytes
from seg_perception.training.config import TrainingConfig
from seg_perception.training.data import TrainingData

Halves = tuple[ClassLevels, ClassLevels]
ByScore = dict[str, dict[str, Counts]]


def main() -> None:
    """Count, and print the table."""
    cv2.setNumThreads(1)
    options = _options()
    bundle = without_calibration(Bundle.load(options.bundle))
    sets = _held_out(bundle, options.run, options.data_root)
    with tempfile.TemporaryDirectory() as scratch:
        print(table(scores(bundle, sets, Path(scratch) / "margin")), end="")


def scores(bundle: Bundle, sets: Mapping[str, Labelled], scratch: Path) -> ByScore:
    """Counts by level, int64 (256, 2), of each set by each score.

    Args:
        bundle: whose confidence is its network's own.
        sets: held-out pictures.
        scratch: a folder that is made for a variant of it.
    """
    own = {name: count_halves(bundle, [data]) for name, data in sets.items()}
    found = {"the network's, the winner's probability": _all_of(own)}
    if variant := with_margin(bundle, scratch):
        margins = {name: count_halves(variant, [data]) for name, data in sets.items()}
        found["margin, s1 sqrt(s1 - s2)"] = _all_of(margins)
    first, second = ([halves[part] for halves in own.values()] for part in (0, 1))
    fitted = _together(second), _together(first)
    found["calibrated class by class"] = {
        name: put_right(fitted[0], halves[0]) + put_right(fitted[1], halves[1])
        for name, halves in own.items()
    }
    return found


def table(found: ByScore) -> str:
    """A row for each score, a column for each set."""
    names = list(next(iter(found.values())))
    lines = [f"| confidence | {' | '.join(f'AURC {name}' for name in names)} | ECE, all |"]
    lines.append(f"|---|{'---|' * (len(names) + 1)}")
    for score, by_set in found.items():
        cells = [f"{risk_coverage_area(counts):.2f} %" for counts in by_set.values()]
        everything = np.sum([*by_set.values()], axis=0)
        error = {m.key: m.value for m in calibration(everything).metrics}["ece"]
        lines.append(f"| {' | '.join([score, *cells, f'{error:.2f} %'])} |")
    return "\n".join(lines) + "\n"


def with_margin(bundle: Bundle, folder: Path) -> Bundle | None:
    """A bundle whose confidence is s1 sqrt(s1 - s2); None without a softmax before the winner's."""
    model = read_model(bundle.model_path)
    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    winners = [
        n
        for n in graph.node
        if n.op_type == "ReduceMax"
        and n.input[0] in makers
        and makers[n.input[0]].op_type == "Softmax"
    ]
    if len(winners) != 1:
        return None
    place = list(graph.node).index(winners[0])
    softmax, output = winners[0].input[0], winners[0].output[0]
    graph.node.remove(winners[0])
    for offset, node in enumerate(_margin(softmax, output)):
        graph.node.insert(place + offset, node)
    for name, value in (("margin_two", 2), ("margin_first", 0), ("margin_second", 1)):
        graph.initializer.append(onnx.numpy_helper.from_array(np.array([value], np.int64), name))
    return derive_bundle(folder, bundle, {bundle.manifest.model: to_bytes(model)}, {})


def _margin(softmax: str, output: str) -> list[onnx.NodeProto]:
    node = onnx.helper.make_node
    return [
        node("TopK", [softmax, "margin_two"], ["margin_best", "margin_which"], axis=1),
        node("Gather", ["margin_best", "margin_first"], ["margin_s1"], axis=1),
        node("Gather", ["margin_best", "margin_second"], ["margin_s2"], axis=1),
        node("Sub", ["margin_s1", "margin_s2"], ["margin_apart"]),
        node("Sqrt", ["margin_apart"], ["margin_root"]),
        node("Mul", ["margin_s1", "margin_root"], [output]),
    ]


def _together(parts: Sequence[ClassLevels]) -> ClassLevels:
    return sum(parts[1:], start=parts[0])


def _all_of(halves: Mapping[str, Halves]) -> dict[str, Counts]:
    return {name: (one + other).counts.sum(axis=0) for name, (one, other) in halves.items()}


def _held_out(bundle: Bundle, run: Path, data_root: Path) -> dict[str, Labelled]:
    data = TrainingData.open(TrainingConfig.load(run), run.parent, data_root, {})
    expect_classes(bundle, data.ontology)
    if not data.validation:
        msg = f"{run}: expected a source whose split holds pictures out, got none"
        raise DatasetError(msg)
    return dict(data.validation)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.confidence", description=__doc__)
    parser.add_argument("bundle", help="shipped name or folder")
    parser.add_argument("run", type=Path, help="YAML of a training, whose splits hold pictures out")
    parser.add_argument("--data-root", type=Path, default=Path())
    return parser.parse_args()


if __name__ == "__main__":
    main()
