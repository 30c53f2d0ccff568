"""A browser to look at pages with, and a run whose numbers were made up by hand."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from seg_perception.core.ontology import Ontology
from seg_perception.evaluation.calibration import Calibration, CalibrationBin
from seg_perception.evaluation.class_scores import ClassMappingResult, ClassScore, Confusion, Slice
from seg_perception.evaluation.frame_score import FrameScore, write_frames
from seg_perception.evaluation.metric import Metric
from seg_perception.evaluation.protocol import Protocol
from seg_perception.evaluation.results import ModelRecord, Results, Source
from seg_perception.evaluation.stream_result import Pairing, StreamResult, Unit
from seg_perception.evaluation.timing import StageTiming, StreamTiming, Timing

HOSTILE = "<img src=x onerror=alert(1)>\"&'</style><script>alert(2)</script>"
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-extensions"),
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe", "about:blank"),
)
# What of a page lies outside of it, has no size, or is too pale to be read.
LAYOUT = (Path(__file__).parent / "layout.js").read_text(encoding="utf-8")


class Look:
    """What a browser says of a page at one width, in one colour scheme."""

    def __init__(self, layout: dict[str, Any], complaints: list[str], requests: list[str]) -> None:
        self.layout = layout
        self.complaints = complaints
        self.requests = requests


class Browser:
    """Chromium over its debugging pipe: messages are JSON, each followed by a zero byte."""

    def __init__(self, program: str, profile: Path) -> None:
        ours, theirs = os.pipe(), os.pipe()
        command = f'exec "$@" 3<&{ours[0]} 4>&{theirs[1]}'
        arguments = [program, *FLAGS, f"--user-data-dir={profile}"]
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", command, "browser", *arguments],
            pass_fds=(ours[0], theirs[1]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(ours[0])
        os.close(theirs[1])
        self._to, self._from = os.fdopen(ours[1], "wb", 0), os.fdopen(theirs[0], "rb", 0)
        self._buffer, self._number, self._session = b"", 0, ""
        self._events: list[dict[str, Any]] = []
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Network", "Log", "Runtime", "Security"):
            self._ask(f"{domain}.enable")

    def look(
        self,
        page: Path,
        width: int,
        scheme: str = "light",
        picture: Path | None = None,
        media: str = "screen",
    ) -> Look:
        """Open a page, and take a picture of the whole of it where one is asked for."""
        self._events.clear()
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self._ask("Emulation.setDeviceMetricsOverride", **size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._ask("Emulation.setEmulatedMedia", media=media, features=[feature])
        self._ask("Page.navigate", url=page.resolve().as_uri())
        self._await("Page.loadEventFired")
        value = self._ask("Runtime.evaluate", expression=LAYOUT, returnByValue=True)
        layout = json.loads(value["result"]["value"])
        if picture is not None:
            shot = self._ask("Page.captureScreenshot", captureBeyondViewport=True)
            picture.write_bytes(base64.b64decode(shot["data"]))
        return Look(layout, self._complaints(), self._requests())

    def pdf(self) -> bytes:
        """The page that was last looked at, printed."""
        return base64.b64decode(self._ask("Page.printToPDF", printBackground=False)["data"])

    def close(self) -> None:
        """End it."""
        self._to.close()
        self._process.terminate()
        self._process.wait(20)
        self._from.close()

    def _complaints(self) -> list[str]:
        said = []
        for event in self._events:
            what = event["params"]
            if event["method"] == "Log.entryAdded":
                said.append(what["entry"]["text"])
            elif event["method"] == "Runtime.exceptionThrown":
                said.append(str(what["exceptionDetails"]))
            elif event["method"] in ("Runtime.consoleAPICalled", "Page.javascriptDialogOpening"):
                said.append(str(what))
        return said

    def _requests(self) -> list[str]:
        urls = [
            event["params"]["request"]["url"]
            for event in self._events
            if event["method"] == "Network.requestWillBeSent"
        ]
        return [url for url in urls if not url.startswith("data:")]

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self._events.append(answer)

    def _await(self, method: str) -> None:
        while not any(event["method"] == method for event in self._events):
            self._events.append(self._read())

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            piece = self._from.read(1 << 16)
            assert piece, "the browser ended"
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Headless Chromium; `make test` installs it where it may."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("no Chromium: apt-get install chromium")
    opened = Browser(program, tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


def metric(key: str, value: float | None, unit: str = "%", **more: Any) -> Metric:
    return Metric(key=key, description=f"what {key} says", unit=unit, value=value, n=12345, **more)


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
            timing=self._timing(),
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

    def _mapping_result(self) -> ClassMappingResult:
        rows = ((0, 12288, 12288, 12288, 100.0), (1, 12288, 9216, 9216, 75.0), (2, 0, 3072, 0, 0.0))
        scores = [self._class(*row) for row in rows]
        scores.append(self._class(3, 0, 0, 0, None))
        names = tuple(c.name for c in self.ontology.classes)
        counts = ((12288, 0, 0, 0), (0, 9216, 3072, 0), (0,) * 4, (0,) * 4)
        return ClassMappingResult(
            name="fine",
            metrics=(metric("miou", 58.33, low=51.2, high=64.0), metric("accuracy", 87.5)),
            classes=tuple(scores),
            confusion=Confusion(rows=names, columns=names, counts=counts),
        )

    def _class(
        self, number: int, truth: int, predicted: int, correct: int, iou: float | None
    ) -> ClassScore:
        entry = self.ontology.classes[number]
        return ClassScore(
            id=number,
            name=entry.name,
            color=entry.color,
            truth=truth,
            predicted=predicted,
            correct=correct,
            iou=iou,
            precision=100.0 * correct / predicted if predicted else None,
            recall=100.0 * correct / truth if truth else None,
            low=max(0.0, iou - 5) if truth and iou is not None else None,
            high=min(100.0, iou + 4) if truth and iou is not None else None,
            boundary_iou=iou and iou / 2,
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
        bins = [
            CalibrationBin(
                low=n / 10,
                high=(n + 1) / 10,
                count=n * n * 100,
                confidence=n / 10 + 0.05 if n else None,
                accuracy=0.9 * n / 10 if n else None,
            )
            for n in range(10)
        ]
        return StreamResult(
            name="camera.front",
            kind="image",
            labels=f"/{self.name}/label_image",
            truth="/camera/front/truth",
            pairing=Pairing(tolerance_s=0.01, paired=4, without_truth=1),
            metrics=(metric("pairs", 4, ""), metric("agreement", 93.1)),
            class_mappings=(self._mapping_result(),),
            slices=tuple(slices),
            calibration=Calibration(metrics=(metric("ece", 7.9),), bins=tuple(bins)),
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
            class_mappings=(self._mapping_result(),),
            frames=(frame,),
        )

    @staticmethod
    def _timing() -> Timing:
        edges = tuple(float(edge) for edge in np.geomspace(0.01, 0.2, 25))
        counts = tuple(int(40 * np.exp(-(((n - 8) / 3.0) ** 2))) for n in range(24))
        stage = StageTiming(
            stage="segment",
            count=sum(counts),
            p50_s=0.028,
            p95_s=0.041,
            p99_s=0.049,
            max_s=0.06,
            edges_s=edges,
            counts=counts,
        )
        stream = StreamTiming(
            stream="camera.front",
            received=300,
            published=298,
            dropped={"bad_image": 2},
            in_flight=0,
            rate_hz=9.98,
            jitter_s=0.0004,
        )
        return Timing(stages=(stage,), streams=(stream,))


@pytest.fixture
def make_run(tmp_path: Path) -> Any:
    """A maker of runs."""

    def make(folder: str = "run", **more: Any) -> Run:
        return Run(tmp_path / folder, **more)

    return make


def _expect_sound(look: Look, page: Path) -> None:
    layout = look.layout
    assert look.complaints == []
    assert look.requests == [page.resolve().as_uri()]
    assert layout["scroll"] <= layout["width"], "the page scrolls sideways"
    for fault in ("empty", "broken", "withoutText", "withoutHeaders", "pale", "spilled"):
        assert layout[fault] == [], fault
    assert layout["targets"] == layout["sections"]


@pytest.fixture
def expect_sound() -> Any:
    """What holds for every page of this project, as a function of a look and its page."""
    return _expect_sound


@pytest.fixture
def hostile() -> str:
    """A name that would be a script where it is not escaped."""
    return HOSTILE
