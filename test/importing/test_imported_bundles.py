"""What an imported bundle is for: a recording, and TensorRT."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.inference.tensorrt.variants import find_variant
from seg_perception.io.bag_reader import BagReader

pytest.importorskip("torch")
pytest.importorskip("transformers")

import published_networks as published


def run(*arguments: object) -> Any:
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == 0, done.output
    return done


def import_member(name: str, folder: Path) -> Path:
    """Its bundle, by the command."""
    member = published.MEMBERS[name]
    published.save(name, folder / "published", published.frames(member.size))
    size = "x".join(map(str, member.size))
    said = run("import", folder / "published", "-o", folder / "tiny", "--size", size)
    assert "licence of the weights: apache-2.0" in said.output
    assert "this bundle's graph, torch, against the authors' normalisation" in said.output
    return folder / "tiny"


def test_int8_is_calibrated_with_the_frames_that_are_not_golden(tmp_path: Path) -> None:
    """Of eight images four are golden, every second; the rest decides the ranges."""
    from seg_perception.inference.bundle import Bundle
    from seg_perception.inference.onnx.quantization import count_quantised

    frames = published.frames((64, 64))
    published.save("data2vec", tmp_path / "published", frames)
    images = tmp_path / "images"
    images.mkdir()
    # Each golden frame has one like it among the others, so that the ranges fit.
    for number in range(8):
        picture = np.roll(frames[number // 2 % 3], 3 * (number % 2), axis=1)
        cv2.imwrite(str(images / f"{number}.png"), picture[..., ::-1])
    out = tmp_path / "tiny"
    asked = ("--size", "64x64", "--frames", images, "--int8", "--json")
    plain, int8 = json.loads(run("import", tmp_path / "published", "-o", out, *asked).stdout)[
        "variants"
    ]
    assert (plain["precision"], int8["precision"], int8["sampling"]) == ("fp32", "int8", "none")
    parity = int8["parity"]
    assert parity["frames"] == len(Bundle.load(out).golden) == 4
    assert parity["candidate"].endswith("none, int8 of 4 frames, computed in float32")
    assert 0.97 <= parity["label_agreement"] < 1
    assert count_quantised((out / int8["file"]).read_bytes()) > 2
    assert find_variant(Bundle.load(str(out)), "int8").agreement == parity["least_agreement"]


def test_int8_without_frames_asks_for_them(tmp_path: Path) -> None:
    arguments = ("import", tmp_path, "-o", tmp_path / "tiny", "--int8")
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code != 0
    assert "--int8: expected --frames, a folder of images" in done.output


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of the simulator."""
    path = tmp_path_factory.mktemp("bags") / "sim.mcap"
    run("simulate", "-o", path, "--duration", "1")
    return path


FAMILIES = [
    pytest.param(name, marks=[] if name == "segformer" else [pytest.mark.long])
    for name in published.MEMBERS
]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_bag_is_replayed_with_an_imported_model(name: str, bag: Path, tmp_path: Path) -> None:
    bundle = import_member(name, tmp_path)
    out = tmp_path / "labelled.mcap"
    said = run("replay", bag, "-o", out, "--set", f"segmentation.bundle={bundle}", "--json")
    streams = json.loads(said.stdout)["streams"]
    cameras = {name: count for name, count in streams.items() if name.startswith("camera.")}
    assert cameras
    for count in streams.values():
        assert count["published"] == count["received"] > 0
    with BagReader(out) as labelled:
        written = {topic.name: topic.count for topic in labelled.topics}
    for camera, count in cameras.items():
        name = camera.removeprefix("camera.")
        (topic,) = [t for t in written if f"/{name}/" in t and t.endswith("label_image")]
        assert written[topic] == count["published"]


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", list(published.MEMBERS))
def test_tensorrt_for_rtx_builds_an_engine_of_each_family(tmp_path: Path, name: str) -> None:
    """On a machine without a device: read and built, never run."""
    pytest.importorskip(
        "tensorrt_rtx",
        reason="TensorRT for RTX has wheels for Linux on x86_64 alone",
        exc_type=ImportError,
    )
    from seg_perception.inference.bundle import Bundle
    from seg_perception.inference.tensorrt.build_supervisor import BuildSupervisor, BuildTimeouts
    from seg_perception.inference.tensorrt.builder_pipe import BuildRequest

    bundle = Bundle.load(import_member(name, tmp_path))
    # Sampling by grid is not for TensorRT; where there is another, that is built.
    files = {variant.sampling: variant.file for variant in bundle.manifest.variants}
    request = BuildRequest(
        module="tensorrt_rtx",
        device=None,
        model=str(bundle.folder / files.get("gather", bundle.manifest.model)),
        plan=str(tmp_path / "plan"),
        timing_cache=str(tmp_path / "timing"),
        input_shape=(1, bundle.height, bundle.width, 3),
        precision="fp32",
        workspace_mib=0,
        optimization_level=3,
    )
    result = BuildSupervisor(BuildTimeouts(500, 300), lambda _: None).build(request)
    width, height = published.MEMBERS[name].size
    assert [tensor.shape for tensor in result.inputs] == [(1, height, width, 3)]
    assert [tensor.shape for tensor in result.outputs] == [(1, height, width)] * 2
    assert (tmp_path / "plan").stat().st_size > 0
