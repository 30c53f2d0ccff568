"""`python -m bench.transfer_quality.real DATA`: what recorded data can say of the transfer."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.transfer_quality.samples import KITTI_FRAMES, Kitti, Labels, Model, NuScenes, Rellis
from seg_perception.config import TransferConfig
from seg_perception.core.ontology import Ontology
from seg_perception.fusion.label_transfer import Transfer, View, transfer_labels

_SURE = 0.5
_NONE = 255
_GROUND, _PLANTS, _REST = range(3)
_COARSE = {
    "grass": _GROUND, "dirt": _GROUND, "mud": _GROUND, "puddle": _GROUND, "asphalt": _GROUND,
    "concrete": _GROUND, "rubble": _GROUND, "water": _GROUND, "smooth_trail": _GROUND,
    "rough_trail": _GROUND, "slippery_trail": _GROUND, "road": _GROUND, "sidewalk": _GROUND,
    "tree": _PLANTS, "bush": _PLANTS, "log": _PLANTS, "high_vegetation": _PLANTS,
    "low_vegetation": _PLANTS, "trunk": _PLANTS,
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What is compared, for the nearest pixel and for ours.

    Attributes:
        what: a share, in words.
        naive: number of points it is a share of, and the share.
        ours: of the points that we label; None where there is nothing to compare.
        sure: of those with a confidence of a half at least.
    """

    what: str
    naive: tuple[int, float]
    ours: tuple[int, float]
    sure: tuple[int, float]


def rellis(real: Path, model: Model) -> list[Row]:
    """Points that people labelled against the picture that people or the model labelled."""
    sample = Rellis(real)
    fine = [
        _agreement(
            "RELLIS: point's class = painted class of its pixel",
            sample.xyz,
            sample.picture.view(sample.painted()),
            sample.truth,
            np.arange(256, dtype=np.uint8),
        )
    ]
    table = coarse(sample.ontology)
    sources = (
        ("painted", sample.painted(), sample.ontology),
        ("default model's", model.label(sample.picture), model.ontology),
    )
    return fine + [
        _agreement(
            f"RELLIS: ground or plants, {name} labels",
            sample.xyz,
            sample.picture.view(label_map),
            table[sample.truth],
            coarse(ontology),
        )
        for name, label_map, ontology in sources
    ]


def kitti(real: Path, model: Model) -> list[Row]:
    """Points in the boxes of people and vehicles against the model's labels, and the reverse."""
    table = np.full(256, _NONE, np.uint8)
    ids = model.ontology.ids
    for name in ("person", "vehicle"):
        table[ids[name]] = ids[name]
    counts = np.zeros((2, 3, 2), int)
    for frame in KITTI_FRAMES:
        sample = Kitti(real, frame)
        true = np.full(len(sample.xyz), _NONE, np.uint8)
        for box in sample.boxes:
            true[box.inside] = ids[box.name]
        view = sample.picture.view(model.label(sample.picture))
        for column, predicted in enumerate(_three(sample.xyz, view)):
            labelled, labels = predicted >= 0, table[np.maximum(predicted, 0)]
            boxed = labelled & (true != _NONE)
            named = labelled & (labels != _NONE)
            counts[0, column] += boxed.sum(), (boxed & (labels == true)).sum()
            counts[1, column] += named.sum(), (named & (labels == true)).sum()
    whats = (
        "KITTI: points in boxes of people and vehicles that carry that label (default model)",
        "KITTI: points labelled person or vehicle that lie in such a box (default model)",
    )
    return [
        Row(what, *(_share(*pair) for pair in one)) for what, one in zip(whats, counts, strict=True)
    ]


def nuscenes(real: Path, model: Model) -> list[Row]:
    """Whether two cameras that show a point say the same: consistency, not truth."""
    sample = NuScenes(real)
    views = [picture.view(model.label(picture)) for picture in sample.pictures]
    predicted = [list(_three(sample.xyz, view)) for view in views]
    shares, agreeing = [], []
    for column in range(3):
        by_camera = [one[column] for one in predicted]
        labelled = np.any([labels >= 0 for labels in by_camera], axis=0)
        shares.append((len(sample.xyz), float(labelled.mean())))
        both = same = 0
        for a, b in combinations(by_camera, 2):
            overlap = (a >= 0) & (b >= 0)
            both, same = both + int(overlap.sum()), same + int((overlap & (a == b)).sum())
        agreeing.append(_share(both, same))
    return [
        Row("nuScenes: points of the scan with a label from one of six cameras", *shares),
        Row("nuScenes: the same class from both cameras of an overlap (default model)", *agreeing),
    ]


def rows(real: Path) -> list[Row]:
    """Everything that the samples allow."""
    model = Model()
    return [*rellis(real, model), *kitti(real, model), *nuscenes(real, model)]


def markdown(found: Sequence[Row]) -> str:
    """A table: share, and in brackets of how many points."""
    lines = [
        "| share | nearest pixel | ours | ours, confidence of a half at least |",
        "|---|---|---|---|",
    ]
    for row in found:
        cells = (
            f"{100 * share:.1f} % ({count:,})" for count, share in (row.naive, row.ours, row.sure)
        )
        lines.append(f"| {row.what} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _agreement(
    what: str, xyz: NDArray[np.float32], view: View, truth: Labels, table: Labels
) -> Row:
    """Share of labels that are the truth once both are looked up in `table`."""
    cells = []
    for predicted in _three(xyz, view):
        labelled = predicted >= 0
        right = table[predicted[labelled]] == truth[labelled]
        cells.append(_share(int(labelled.sum()), int(right.sum())))
    return Row(what, *cells)


def _three(
    xyz: NDArray[np.float32], view: View
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Labels (n,) by nearest pixel, ours, and ours where it is sure; -1 where there is none."""
    measured = np.isfinite(xyz).all(axis=1) & (np.abs(xyz).sum(axis=1) > 0)
    naive = np.full(len(xyz), -1, np.int32)
    hits = view.camera.hits(xyz, view.T_camera_cloud)
    hits = hits.only(measured[hits.index])
    pixel = np.rint(hits.v).astype(int), np.rint(hits.u).astype(int)
    naive[hits.index] = view.prepared.label_map.labels[pixel]
    transfer = transfer_labels(xyz, [view], TransferConfig(), _NONE)
    return naive, _known(transfer, 0.0), _known(transfer, _SURE)


def _known(transfer: Transfer, least: float) -> NDArray[np.int32]:
    labels = transfer.labels.astype(np.int32)
    labels[(transfer.labels == _NONE) | (transfer.confidence < least)] = -1
    return labels


def _share(count: int, right: int) -> tuple[int, float]:
    return int(count), float(right) / max(int(count), 1)


def coarse(ontology: Ontology) -> Labels:
    """Table from class id to ground, plants or the rest."""
    table = np.full(256, _REST, np.uint8)
    for number, name in ontology.names.items():
        table[number] = _COARSE.get(name, _REST)
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.transfer_quality.real", description=__doc__
    )
    parser.add_argument("data", type=Path, help="folder with the samples")
    print(markdown(rows(parser.parse_args(arguments).data)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
