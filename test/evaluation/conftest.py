"""A finished run, small enough to be read."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from seg_perception.core.ontology import Ontology
from seg_perception.evaluation.calibration import Calibration, CalibrationBin
from seg_perception.evaluation.class_scores import ClassMappingResult, ClassScore, Confusion, Slice
from seg_perception.evaluation.frame_score import PICTURES, FrameScore, write_frames
from seg_perception.evaluation.metric import Metric
from seg_perception.evaluation.protocol import Protocol
from seg_perception.evaluation.results import ModelRecord, Results, Source
from seg_perception.evaluation.stream_result import Pairing, StreamResult, Unit
from seg_perception.evaluation.timing import StageTiming, StreamTiming, Timing

CLASSES = ("grass", "tree", "sky", "person")
COLORS = ("#4caf50", "#1b5e20", "#2196f3", "#f44336")


def example_ontology() -> Ontology:
    classes = [
        {"id": n, "name": name, "color": color}
        for n, (name, color) in enumerate(zip(CLASSES, COLORS, strict=True))
    ]
    return Ontology.parse({"name": "example", "classes": classes}, "example")


def example_results(name: str = "example", counts: object = None) -> Results:
    """Two streams: a camera with every kind of figure, and a lidar.

    Args:
        name: of the run.
        counts: (4, 4) pairs, row truth; by default a person is never predicted.
    """
    table = np.array(
        [[900, 80, 0, 0], [60, 700, 20, 0], [0, 10, 1200, 0], [5, 25, 0, 0]]
        if counts is None
        else counts
    )
    camera = _stream("camera.front", "image", table)
    lidar = _stream("lidar.top", "lidar", table // 2)
    return Results(
        name=name,
        created="2026-01-01T12:00:00Z",
        seconds=12.5,
        command="seg-perception evaluate forest.mcap",
        source=Source(kind="bag", paths=("forest.mcap",), sequences=("forest",), frames=12),
        model=ModelRecord(
            name="tiny 1", ontology=example_ontology(), engine="onnxruntime 1.0", sha256="ab" * 32
        ),
        protocol=Protocol.model_validate(
            {"name": "own", "title": "Every class", "class_mappings": [{"name": "fine"}]}
        ),
        truth_ontology=example_ontology(),
        streams=(camera, lidar),
        timing=Timing(
            stages=(
                StageTiming(
                    stage="segment",
                    count=6,
                    p50_s=0.02,
                    p95_s=0.03,
                    p99_s=0.035,
                    max_s=0.035,
                    edges_s=(0.01, 0.02, 0.04),
                    counts=(4, 2),
                ),
            ),
            streams=(
                StreamTiming(
                    stream="camera.front",
                    received=7,
                    published=6,
                    dropped={"bad_image": 1},
                    in_flight=0,
                    rate_hz=10.0,
                    jitter_s=0.001,
                    missed=1,
                ),
            ),
        ),
        configuration={"segmentation.bundle": "tiny", "cameras": ["front"]},
        versions={"seg_perception": "1.0.0", "numpy": np.__version__},
        hashes={"model": "ab" * 32},
        notes=("made up for tests",),
        problems=("camera.front: 1 bad_image",),
    )


def _stream(name: str, kind: str, table: np.ndarray) -> StreamResult:
    mapping = _mapping_result(table)
    conditions = (("region", "top left"), ("season", "autumn"))
    dimensions = conditions if kind == "image" else (("range", "0-10 m"), ("range", "10-20 m"))
    frames = tuple(
        FrameScore(
            stream=name,
            sequence="forest",
            name=f"{1_700_000_000_000_000_000 + n * 100_000_000}",
            stamp_ns=1_700_000_000_000_000_000 + n * 100_000_000,
            n=500,
            accuracy=60.0 + n,
            miou=40.0 + n,
            role="worst" if n < 2 else "typical",
            files=_files(name, kind, n),
        )
        for n in range(4)
    )
    rows, columns = np.nonzero(table)
    pairs = tuple((int(r), int(c), int(table[r, c])) for r, c in zip(rows, columns, strict=True))
    return StreamResult(
        name=name,
        kind=kind,
        labels=f"/{name}/labels",
        truth=f"/{name}/truth",
        pairing=Pairing(tolerance_s=0.005, paired=6, without_truth=1, refused={"size_mismatch": 1}),
        metrics=(
            Metric(
                key="coverage",
                description="points with a true label that got a label",
                unit="%",
                value=81.0,
                n=4000,
            ),
        ),
        class_mappings=(mapping,),
        slices=tuple(
            Slice(
                dimension=dimension,
                value=value,
                class_mapping="fine",
                metrics=(mapping.metrics[0],),
                iou={c.name: c.iou for c in mapping.classes},
            )
            for dimension, value in dimensions
        ),
        calibration=_calibration(),
        frames=frames,
        units=(
            Unit(sequence="forest", name="forest 0-10 s", frames=3, pairs=pairs),
            Unit(sequence="forest", name="forest 10-20 s", frames=3, pairs=pairs),
        ),
    )


def _mapping_result(table: np.ndarray) -> ClassMappingResult:
    truth, predicted, correct = table.sum(1), table.sum(0), table.diagonal()
    classes = tuple(
        ClassScore(
            id=n,
            name=CLASSES[n],
            color=COLORS[n],
            truth=int(truth[n]),
            predicted=int(predicted[n]),
            correct=int(correct[n]),
            iou=float(100 * correct[n] / (truth[n] + predicted[n] - correct[n])),
            precision=float(100 * correct[n] / predicted[n]) if predicted[n] else None,
            recall=float(100 * correct[n] / truth[n]),
            low=10.0 * n,
            high=10.0 * n + 60,
            boundary_iou=30.0,
            boundary_f=None,
        )
        for n in range(len(CLASSES))
    )
    miou = float(np.mean([c.iou for c in classes]))
    return ClassMappingResult(
        name="fine",
        metrics=(
            Metric(
                key="miou",
                description="mean IoU",
                unit="%",
                value=miou,
                n=int(table.sum()),
                low=miou - 2,
                high=miou + 2,
            ),
            Metric(
                key="accuracy",
                description="share that is right",
                unit="%",
                value=float(100 * correct.sum() / table.sum()),
                n=int(table.sum()),
            ),
        ),
        classes=classes,
        confusion=Confusion(
            rows=CLASSES,
            columns=(*CLASSES, "excluded", "no label"),
            counts=tuple((*map(int, row), 0, 0) for row in table),
        ),
        excluded=("void",),
        excluded_truth=40,
        excluded_predictions=0,
    )


def _calibration() -> Calibration:
    return Calibration(
        metrics=(
            Metric(
                key="ece", description="expected calibration error", unit="%", value=4.0, n=3000
            ),
        ),
        bins=(
            CalibrationBin(low=0.0, high=0.5, count=0, confidence=None, accuracy=None),
            CalibrationBin(low=0.5, high=1.0, count=3000, confidence=0.9, accuracy=0.86),
        ),
    )


def _files(stream: str, kind: str, n: int) -> dict[str, str]:
    stem = f"{PICTURES}/{stream}_{n}"
    if kind == "image":
        kinds = (("image", "jpg"), ("truth", "png"), ("predicted", "png"))
        return {what: f"{stem}_{what}.{suffix}" for what, suffix in kinds}
    return {"cloud": f"{stem}_cloud.npz"}


def write_example(folder: Path, results: Results) -> Path:
    """A whole run folder of an example: document, frames and pictures."""
    (folder / PICTURES).mkdir(parents=True)
    results.write(folder)
    write_frames(folder, (frame for stream in results.streams for frame in stream.frames))
    rng = np.random.default_rng(0)
    for stream in results.streams:
        for frame in stream.frames:
            for what, file in frame.files.items():
                _write_picture(folder / file, what, rng)
    return folder


def _write_picture(path: Path, what: str, rng: np.random.Generator) -> None:
    if what == "cloud":
        xyz = rng.uniform(-20, 20, (500, 3)).astype(np.float32)
        truth, predicted = rng.integers(0, len(CLASSES), (2, 500)).astype(np.uint16)
        np.savez_compressed(path, xyz=xyz, truth=truth, predicted=predicted)
    elif what == "image":
        cv2.imwrite(str(path), rng.integers(0, 255, (48, 64, 3), np.uint8))
    else:
        cv2.imwrite(str(path), np.kron(rng.integers(0, 4, (6, 8)), np.ones((8, 8))).astype("u1"))


@pytest.fixture
def example_run(tmp_path: Path) -> Path:
    """The folder of a finished run."""
    return write_example(tmp_path / "example_run", example_results())
