"""A run whose numbers were made up by hand, with pictures, for pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from browser import HOSTILE
from scored_runs import calibration, class_mapping_result, metric, timing

from seg_perception.core.ontology import Ontology
from seg_perception.evaluation.class_scores import Slice
from seg_perception.evaluation.frame_score import FrameScore, write_frames
from seg_perception.evaluation.protocol import Protocol
from seg_perception.evaluation.report import changes
from seg_perception.evaluation.results import ModelRecord, Results, Source
from seg_perception.evaluation.stream_result import Pairing, StreamResult, Unit


class Run:
    """A run of three classes on four frames of 96x64, written into a folder.

    The truth's upper half is sky and its lower half trail; the prediction takes the left
    quarter of the trail for grass. A tree is in the truth's ontology and nowhere else.
    """

    def __init__(
        self, folder: Path, name: str = "forest run", *, hostile: bool = False, grass: int = 24
    ) -> None:
        """`grass`: how many of 96 columns of the trail are predicted so."""
        self.folder = folder
        self.grass = grass
        folder.mkdir(parents=True)
        self.name = HOSTILE if hostile else name
        self.sky = HOSTILE if hostile else "sky"
        colors = ("#2196f3", "#c8a070", "#7cb342", "#1b5e20")
        names = (self.sky, "trail", "grass", "tree")
        classes = [{"id": n, "name": c, "color": colors[n]} for n, c in enumerate(names)]
        self.ontology = Ontology.parse({"name": "own", "classes": classes}, "test")
        self.protocol = Protocol.model_validate(
            {"name": "own", "title": "All classes", "class_mappings": [{"name": "fine"}]}
        )

        table = np.array([[12288, 0, 0, 0], [0, 9216, 3072, 0], [0] * 4, [0] * 4])
        self._classes = class_mapping_result(self.ontology, table)

    def results(self) -> Results:
        files = [self._image_files(n) for n in range(4)]
        roles = ("worst", "worst", "typical", "")
        frames = tuple(self._frame(n, roles[n], files[n]) for n in range(4))
        return Results(
            name=self.name,
            created="2026-01-02T03:04:05Z",
            seconds=75.4,
            command=f"seg-perception evaluate {self.name}",
            source=Source(kind="bag", paths=(self.name,), sequences=("one", "two"), frames=4),
            model=ModelRecord(
                name="field_tiny", ontology=self.ontology, engine="by hand", sha256="ab" * 32
            ),
            protocol=self.protocol,
            truth_ontology=self.ontology,
            streams=(self._camera(frames), self._lidar()),
            timing=timing(),
            configuration={"transfer.cell_px": 4, "camera.front.image_topic": f"/{self.name}"},
            versions={"seg_perception": "0.1.0", "numpy": "2.2.6"},
            hashes={"model": "ab" * 32, "protocol": "cd" * 32},
            notes=(f"{self.name} was read twice",),
        )

    def write(self) -> Path:
        self.results().write(self.folder)
        write_frames(self.folder, (self._frame(n, "", {}) for n in range(4)))
        return self.folder

    def _image_files(self, number: int) -> dict[str, str]:
        (self.folder / "pictures").mkdir(exist_ok=True)
        truth = np.repeat([[0], [1]], 32, axis=0).repeat(96, axis=1).astype(np.uint8)
        predicted = truth.copy()
        predicted[32:, : self.grass + number] = 2
        rng = np.random.default_rng(number)
        image = np.full((64, 96, 3), 120, np.uint8)
        image[:32] = (230, 190, 150)
        image = cv2.add(image, rng.integers(0, 40, image.shape, np.uint8))
        arrays = {"image": (image, "jpg"), "truth": (truth, "png"), "predicted": (predicted, "png")}
        files = {n: f"pictures/{number}_{n}.{suffix}" for n, (_, suffix) in arrays.items()}
        for name, (array, _) in arrays.items():
            cv2.imwrite(str(self.folder / files[name]), array)
        return files

    def _frame(self, number: int, role: Any, files: dict[str, str]) -> FrameScore:
        return FrameScore(
            stream="camera.front",
            sequence="one",
            name=f"one_{number}",
            stamp_ns=10**18 + number,
            n=6144,
            accuracy=87.5,
            miou=100 - (self.grass + number) / 2,
            role=role,
            files=files if role else {},
        )

    def _camera(self, frames: tuple[FrameScore, ...]) -> StreamResult:
        slices = [
            Slice(
                dimension=dimension,
                value=value,
                class_mapping="fine",
                metrics=(metric("miou", miou, low=miou - 4, high=miou + 3),),
                iou={self.sky: 99.0, "trail": miou},
            )
            for dimension, value, miou in (
                ("season", "autumn", 61.0),
                ("season", "winter", 48.5),
                ("region", "upper third", 88.0),
                ("region", "lower third", 52.5),
            )
        ]
        return StreamResult(
            name="camera.front",
            kind="image",
            labels=f"/{self.name}/label_image",
            truth="/camera/front/truth",
            pairing=Pairing(tolerance_s=0.01, paired=4, without_truth=1),
            metrics=(metric("pairs", 4, ""), metric("agreement", 93.1)),
            class_mappings=(self._classes,),
            slices=tuple(slices),
            calibration=calibration(),
            frames=tuple(frame for frame in frames if frame.role),
            units=(Unit(sequence="one", name="one", frames=4, pairs=((0, 0, 12288),)),),
        )

    def _lidar(self) -> StreamResult:
        rng = np.random.default_rng(5)
        xyz = rng.normal(0, 9, (4000, 3)).astype(np.float32)
        xyz[:, 2] = rng.normal(0, 0.3, 4000)
        truth = (1 + (np.hypot(xyz[:, 0], xyz[:, 1]) > 10)).astype(np.uint16)
        predicted = np.where(rng.random(4000) < 0.2, 255, truth).astype(np.uint16)
        np.savez(self.folder / "pictures" / "cloud.npz", xyz=xyz, truth=truth, predicted=predicted)
        frame = FrameScore(
            stream="lidar.top",
            sequence="one",
            name="scan_1",
            stamp_ns=10**18,
            n=4000,
            accuracy=100.0,
            miou=80.0,
            role="typical",
            files={"cloud": "pictures/cloud.npz"},
        )
        return StreamResult(
            name="lidar.top",
            kind="lidar",
            labels="/lidar/top/semantic/points",
            truth="/lidar/top/truth",
            pairing=Pairing(tolerance_s=0, paired=1),
            metrics=(metric("coverage", 80.0), metric("purity", None)),
            class_mappings=(self._classes,),
            frames=(frame,),
        )


@pytest.fixture
def make_run(tmp_path: Path) -> Any:
    """A maker of runs."""

    def make(folder: str = "run", **more: Any) -> Run:
        return Run(tmp_path / folder, **more)

    return make


@pytest.fixture
def runs(make_run):
    """In the second run two columns more are grass; its configuration has another value."""
    before = changes.Run.read(make_run("before", name="before").write())
    after = make_run("after", name="after", grass=26)
    results = after.results()
    configuration = {**results.configuration, "transfer.cell_px": 8}
    after.write()
    results.model_copy(update={"configuration": configuration}).write(after.folder)
    return before, changes.Run.read(after.folder)
