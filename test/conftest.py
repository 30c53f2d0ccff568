"""What every test may ask for."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from own_graph import graph_of_its_own

if TYPE_CHECKING:
    from seg_perception.inference.bundle_writer import BundleSource

ROOT = Path(__file__).resolve().parents[1]
pytest_plugins = [
    "bags",
    "browser",
    "local_ray",
    "scored_runs",
    "stripes",
    "video_streams",
    "waiting",
]
# How long an example takes is the machine's affair.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")
ROS_FIXTURES = {"ros_environment", "ros"}


def pytest_configure() -> None:
    """Let the processes of tests hear signals that a shell or nohup told this one to ignore.

    A program that is started inherits what is ignored, but no handler.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs nodes."""
    for item in items:
        if ROS_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.ros)


class ColourModel:
    """A model that names the brightest channel, so that labels can be worked out by hand."""

    @staticmethod
    def graph(width: int, height: int, *, certain: bool) -> bytes:
        """ONNX in the project's own form; the confidence is 255, or the channel's value."""
        from onnx import TensorProto, helper

        shape = [1, height, width]
        nodes = [
            helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
            helper.make_node("ArgMax", ["pixels"], ["index"], axis=3, keepdims=0),
            helper.make_node("Cast", ["index"], ["labels"], to=TensorProto.UINT8),
            helper.make_node("ReduceMax", ["pixels"], ["peak"], axes=[3], keepdims=0),
            helper.make_node("Max", ["peak", "floor"], ["surety"]),
            helper.make_node("Cast", ["surety"], ["confidence"], to=TensorProto.UINT8),
        ]
        floor = helper.make_tensor("floor", TensorProto.FLOAT, [], [255.0 * certain])
        info = helper.make_tensor_value_info
        inputs = [info("image", TensorProto.UINT8, [*shape, 3])]
        outputs = [info(name, TensorProto.UINT8, shape) for name in ("labels", "confidence")]
        graph = helper.make_graph(nodes, "brightest_channel", inputs, outputs, [floor])
        opsets = [helper.make_opsetid("", 17)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        return bytes(model.SerializeToString())

    @staticmethod
    def groupings() -> dict[str, list[dict[str, object]]]:
        """Red can be driven on, green is rough, blue blocks."""
        groups = {"drivable": ["red"], "rough": ["green"], "impassable": ["blue"], "dynamic": []}
        return {
            "traversability": [
                {"name": name, "color": f"#00000{i}", "classes": classes}
                for i, (name, classes) in enumerate(groups.items())
            ]
        }

    @classmethod
    def source(cls, width: int, height: int, *, certain: bool = False) -> BundleSource:
        """A bundle of it with one golden frame: stripes of red, green and blue, in this order."""
        from seg_perception.core.ontology import Ontology
        from seg_perception.inference.bundle_writer import BundleSource
        from seg_perception.inference.manifest import LabelsConfidenceOutput, NetworkInput

        colours = (("red", "#ff0000"), ("green", "#00ff00"), ("blue", "#0000ff"))
        classes = [{"id": n, "name": name, "color": c} for n, (name, c) in enumerate(colours)]
        stripes = np.tile((np.arange(width) * 3 // width).astype(np.uint8), (height, 1))
        return BundleSource(
            name="tiny",
            version="1",
            ontology=Ontology.parse(
                {"name": "colours", "classes": classes, "groupings": cls.groupings()}, "test"
            ),
            input=NetworkInput(width=width, height=height),
            output=LabelsConfidenceOutput(kind="labels_confidence"),
            model=cls.graph(width, height, certain=certain),
            licence="CC0-1.0",
            licence_text="No rights reserved.",
            golden=[(np.eye(3, dtype=np.uint8)[stripes] * 200, stripes)],
            opset=17,
        )

    @classmethod
    def familiar(cls, folder: Path, pictures: Path, width: int, height: int) -> Path:
        """Write the bundle with the familiarity of a folder's pictures, by colour and part."""
        import onnx

        from seg_perception.fitting.familiarity import fit_familiarity
        from seg_perception.fitting.pictures import PictureFiles
        from seg_perception.inference.bundle_writer import write_bundle

        source = cls.source(width, height)
        model = onnx.load_from_string(source.model)
        turn = onnx.helper.make_node("Transpose", ["pixels"], ["planes"], perm=[0, 3, 1, 2])
        model.graph.node.insert(1, turn)
        plain = write_bundle(folder / "plain", replace(source, model=model.SerializeToString()))
        files = PictureFiles.find([pictures])
        return fit_familiarity(plain, folder / "familiar", files, "planes").folder

    @classmethod
    def with_movable(cls, width: int, height: int) -> BundleSource:
        """The same with a grouping by which blue moves, and red and green stay."""
        from seg_perception.core.ontology import Ontology

        source = cls.source(width, height)
        described = source.ontology.model_dump(exclude_none=True)
        described["groupings"]["movable"] = [
            {"name": "static", "color": "#000000", "classes": ["red", "green"]},
            {"name": "movable", "color": "#ffffff", "classes": ["blue"]},
        ]
        return replace(source, ontology=Ontology.parse(described, "test"))

    @classmethod
    def write(cls, folder: Path, width: int, height: int, *, certain: bool = False) -> Path:
        """Write the bundle into `folder / "tiny"`."""
        from seg_perception.inference.bundle_writer import write_bundle

        return write_bundle(folder / "tiny", cls.source(width, height, certain=certain)).folder


@pytest.fixture(scope="session")
def colour_model() -> ColourModel:
    """The model of red, green and blue (0, 1, 2), for networks of any size."""
    return ColourModel()


@pytest.fixture(scope="session")
def repo() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Recorded data that is not part of the project."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the recorded data is not at {folder}")
    return folder


@pytest.fixture(scope="session")
def ros_environment() -> Iterator[dict[str, str]]:
    """Variables of a ROS graph on loopback, one for each test process; set here, too."""
    with graph_of_its_own() as environment:
        yield environment
