"""A lidar cloud after its last label map: four cameras, of which three have spoken before.

The baseline is the same cloud for which nothing was done while it waited. Both must get the same
labels.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

import numpy as np

from bench.live.rig import HEIGHT, LIDAR_HZ, TF_HZ, WIDTH, Rig, pose, scan
from bench.rows import BenchRow
from seg_perception.config import Config
from seg_perception.core.types import NANOSECONDS, Calibration, LabelMap, SemanticCloud
from seg_perception.geometry.transforms import TransformTree
from seg_perception.inference.bundle import Bundle
from seg_perception.pipeline.perception import Perception

_ROUNDS, _SIZE = 9, (512, 288)
_BEFORE_NS, _AFTER_NS = -10_000_000, 10_000_000
# A quarter is the last camera's, and the decision is nobody's.
_BUDGET = 0.65


def run() -> list[BenchRow]:
    """Measure the processor time from the last label map to the labels."""
    bench = _Robot()
    rounds = [
        (bench.labelled(number, ahead=True), bench.labelled(number)) for number in range(_ROUNDS)
    ]
    for (_, ours), (_, theirs) in rounds:
        _expect_same(ours, theirs)
    ahead_s, at_once_s = (
        statistics.median(one[0] for one in side) for side in zip(*rounds, strict=True)
    )
    detail = f"{ahead_s * 1e3:.1f} ms against {at_once_s * 1e3:.1f} ms (nothing done before it)"
    step = "lidar cloud, 131,072 points, from its last label map of four"
    return [BenchRow(step, ahead_s / at_once_s, _BUDGET, detail)]


class _Robot:
    """Drives straight on; a new one for every cloud, so that both find the same."""

    def __init__(self) -> None:
        self._rig = Rig(4, 20.0)
        self._config = Config.from_parameters(self._rig.parameters())
        self._ontology = Bundle.load(self._config.segmentation.bundle).ontology
        self._scan = scan()

    def labelled(self, number: int, *, ahead: bool = False) -> tuple[float, SemanticCloud]:
        """Processor time (second) of the last step, and what came of it."""
        stamp_ns = NANOSECONDS * (1 + number)
        core = Perception(self._config, self._ontology, self._tree(stamp_ns))
        for camera in self._rig.names:
            core.add_label_map(self._label_map(camera, stamp_ns + _BEFORE_NS))
        cloud, handle = replace(self._scan, stamp_ns=stamp_ns), core.accounting.receive("lidar.top")
        core.add_cloud("top", cloud, handle, 0)
        for camera in self._rig.names:
            core.add_label_map(self._label_map(camera, stamp_ns + _AFTER_NS))
            is_last = camera == self._rig.names[-1]
            while ahead and not is_last and core.look_ahead(["top"]):
                continue
        start_s = time.thread_time()
        labelled = core.label_next(["top"], 0)
        if labelled is None:
            msg = "expected a labelled cloud, got none; this is a fault of the synchroniser"
            raise RuntimeError(msg)
        return time.thread_time() - start_s, labelled.semantic

    def _tree(self, stamp_ns: int) -> TransformTree:
        tree = TransformTree()
        for entry in self._rig.mounting():
            tree.set_static(entry.parent, entry.child, entry.T_parent_child)
        period_ns = round(NANOSECONDS / TF_HZ)
        for step in range(-5, 5 + round(TF_HZ / LIDAR_HZ)):
            at_ns = stamp_ns + step * period_ns
            entry = pose(1e-9 * step * period_ns, at_ns)
            tree.set_timed(entry.parent, entry.child, at_ns, entry.T_parent_child)
        return tree

    @staticmethod
    def _label_map(camera: str, stamp_ns: int) -> LabelMap:
        width, height = _SIZE
        random = np.random.default_rng(len(camera) + stamp_ns % 1000)
        blocks = random.integers(0, 5, (height // 32, width // 32), np.uint8)
        labels = np.kron(blocks, np.ones((32, 32), np.uint8))
        confidence = random.integers(100, 255, (height, width)).astype(np.uint8)
        scale = width / WIDTH
        k = np.array(
            [[1000 * scale, 0, width / 2], [0, 1000 * height / HEIGHT, height / 2], [0, 0, 1]]
        )
        lens = Calibration(width, height, k)
        return LabelMap(camera, labels, confidence, stamp_ns, f"{camera}_optical", lens)


def _expect_same(ours: SemanticCloud, theirs: SemanticCloud) -> None:
    same = (
        np.array_equal(getattr(ours, name), getattr(theirs, name))
        for name in ("labels", "confidence", "status", "sources")
    )
    if not all(same):
        msg = "expected the labels of a cloud that did not wait; this is a fault of the look-ahead"
        raise RuntimeError(msg)
