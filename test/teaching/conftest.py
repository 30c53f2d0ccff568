"""A place of three bands, and a small network that does not know it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

WIDTH, HEIGHT = 64, 48
NAMES = ("earth", "grass", "sky")
COLORS = ("#aa5500", "#55aa00", "#0055ff")
# Bands from above: sky, grass, earth, in colours of the place.
BANDS = ((2, (90, 110, 230)), (1, (60, 190, 70)), (0, (180, 110, 40)))


def band_of(y: int, height: int = HEIGHT) -> str:
    """The true class of a row of a picture."""
    return NAMES[BANDS[min(3 * y // height, 2)][0]]


def picture(seed: int, height: int = HEIGHT, width: int = WIDTH) -> Any:
    """uint8 (H, W, 3): three bands with noise, darker or brighter by the seed."""
    rng = np.random.default_rng(seed)
    image = np.empty((height, width, 3), np.float32)
    for place, (_, color) in enumerate(BANDS):
        image[place * height // 3 : (place + 1) * height // 3] = color
    image = image * rng.uniform(0.8, 1.2) + rng.normal(0, 6, image.shape)
    return image.clip(0, 255).astype(np.uint8)


def _network() -> Any:
    torch = pytest.importorskip("torch")
    from seg_perception.training.models.network import NetworkOutput, SegmentationNetwork

    class Small(SegmentationNetwork):
        stride = 4

        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(3)
            self.encoder = torch.nn.Conv2d(3, 12, 4, stride=4)
            self.smooth = torch.nn.Conv2d(12, 48, 3, padding=1)
            self.classifier = torch.nn.Conv2d(48, len(NAMES), 1)

        def forward(self, x: Any) -> NetworkOutput:
            return NetworkOutput(scores=self.classifier(self.smooth(self.encoder(x).relu()).relu()))

    return Small().eval()


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose weights are random: it knows nothing of the bands."""
    torch = pytest.importorskip("torch")
    from seg_perception.core.ontology import Ontology
    from seg_perception.inference.bundle_writer import BundleSource, write_bundle
    from seg_perception.inference.manifest import LabelsConfidenceOutput, NetworkInput
    from seg_perception.inference.onnx.graph import keep_outputs
    from seg_perception.training.export.onnx_graph import OUTPUTS, export_onnx, run_onnx
    from seg_perception.training.export.serving import ServingGraph

    with torch.no_grad():
        model = keep_outputs(export_onnx(ServingGraph(_network()), (WIDTH, HEIGHT)), OUTPUTS)
    noise = np.random.default_rng(1).integers(0, 256, (3, HEIGHT // 8, WIDTH // 8, 3), np.uint8)
    golden = [
        np.asarray(cv2.resize(n, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)) for n in noise
    ]
    answers = run_onnx(model, golden)
    classes = [{"id": n, "name": name, "color": COLORS[n]} for n, name in enumerate(NAMES)]
    groups = [
        {"name": "drivable", "color": "#00ff00", "classes": ["earth", "grass"]},
        {"name": "sky", "color": "#0000ff", "classes": ["sky"]},
    ]
    ontology = {"name": "bands", "classes": classes, "groupings": {"traversability": groups}}
    folder = tmp_path_factory.mktemp("bundles") / "small"
    write_bundle(
        folder,
        BundleSource(
            name="small",
            version="1",
            ontology=Ontology.parse(ontology, "test"),
            input=NetworkInput(width=WIDTH, height=HEIGHT),
            output=LabelsConfidenceOutput(kind="labels_confidence"),
            model=model,
            licence="none",
            golden=[(i, a.labels, a.confidence) for i, a in zip(golden, answers, strict=True)],
            opset=17,
        ),
    )
    return folder


def pictures_in(folder: Path, count: int) -> Path:
    """Write so many pictures, twice as large as the network."""
    for number in range(count):
        bgr = cv2.cvtColor(picture(number, 2 * HEIGHT, 2 * WIDTH), cv2.COLOR_RGB2BGR)
        assert cv2.imwrite(str(folder / f"{number:02}.png"), bgr)
    return folder


@pytest.fixture(scope="session")
def place_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen pictures of the place, twice as large as the network."""
    return pictures_in(tmp_path_factory.mktemp("place"), 16)


@pytest.fixture(scope="session")
def many_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty pictures, so that twelve frames or more can be kept aside."""
    return pictures_in(tmp_path_factory.mktemp("many"), 40)


class Planted:
    """A teacher that knows sky, and takes earth for grass and grass for earth."""

    def __init__(self, *, known: bool = True) -> None:
        self.known = known

    def labels(self, _name: str, image: Any) -> Any:
        if not self.known:
            return None
        said = np.array([NAMES.index(name) for name in ("sky", "earth", "grass")], np.uint8)
        rows = np.repeat(said, image.shape[0] // 3)
        return np.tile(rows[:, None], (1, image.shape[1]))


@pytest.fixture
def begun(tmp_path: Path, small_bundle: Path, place_folder: Path) -> Path:
    """A teaching on the pictures, before the first click."""
    return begin_at(tmp_path / "teaching", small_bundle, place_folder)


def begin_at(folder: Path, bundle: Path, images: Path, teacher: Any = None, **wishes: Any) -> Path:
    """Begin a teaching on a folder of images."""
    from contextlib import nullcontext

    from seg_perception.inference.bundle import Bundle
    from seg_perception.teaching.choice import choose_of_folder
    from seg_perception.teaching.config import parse_teaching
    from seg_perception.teaching.session import begin

    config = parse_teaching({"replay_frames": 0, "steps": 80, **wishes})
    chosen = choose_of_folder(images, config, lambda _: nullcontext(lambda _done, _total: None))
    loaded, sources = Bundle.load(bundle), [str(images)]
    begin(folder, loaded, str(bundle), sources, chosen, (), config, teacher=teacher)
    return folder


class Annotator:
    """Answers what is asked with the truth, or with what it is told."""

    def __init__(self, room: Any, told: str | None = None) -> None:
        self.room, self.told = room, told

    def answer(self, part: str, count: int) -> int:
        """Answer so many questions; how many there were."""
        for number in range(count):
            question = self.room.question(part, "ann")
            if question is None:
                return number
            height = self.room.session.frames[question.frame].height
            truth = self.told or band_of(question.y, height)
            self.room.answer(question, truth, "ann")
        return count

    def prove(self, number: int) -> Any:
        """Answer until the gate has decided."""
        while (verdict := self.room.verdict(number)).decision == "ask more":
            assert self.answer("gate", 1), "points are left to ask"
        return verdict


# Ahead and a little to each side; one far behind the second, in its ray; one behind the robot.
POINTS = ((10, 2, 0), (10, -2, 0), (12, -4, 1), (-10, 0, 0))


def driving(world: Any, count: int = 8, step_m: float = 0.5, points: Any = POINTS) -> list[Any]:
    """A robot with the world's sensors that drives along x, so far a picture, ten a second.

    Points stand still: they come nearer.
    """
    from seg_perception.geometry.transforms import StampedTransform
    from seg_perception.io.transforms import encode_tf

    found = [(world.start_ns, "/tf_static", world.mounting())]
    for n in range(-2, count + 12):
        at = world.start_ns + n * 100 * world.ms
        pose = np.eye(4)
        pose[0, 3] = n * step_m
        found.append((at, "/tf", encode_tf([StampedTransform("odom", "base_link", at, pose)])))
    for n in range(count):
        at = world.start_ns + n * 100 * world.ms
        found.append((at, world.lens_topic, world.lens(at)))
        found.append((at + world.ms, world.image_topic, world.image(at)))
        seen = [(x - n * step_m, y, z) for x, y, z in points]
        found.append((at + 10 * world.ms, world.points_topic, world.points(at, seen)))
    return sorted(found, key=lambda event: event[0])


@pytest.fixture(scope="session")
def helpers() -> Any:
    """What tests of a teaching share."""

    class Helpers:
        annotator = Annotator
        Planted = Planted
        begin = staticmethod(begin_at)
        driving = staticmethod(driving)
        points = POINTS
        band_of = staticmethod(band_of)
        picture = staticmethod(picture)
        names = NAMES

    return Helpers


@pytest.fixture(scope="session")
def pages() -> Any:
    """The page's server and a person at it."""
    import teaching_pages

    return teaching_pages
