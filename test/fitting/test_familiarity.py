"""Familiarity of a tiny bundle, from pictures on the disk to what a segmenter says."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.config import SegmentationConfig
from seg_perception.core.errors import BundleError, DatasetError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import CameraFrame
from seg_perception.fitting.familiarity import Known, fit_familiarity
from seg_perception.fitting.pictures import PictureFiles, blocks
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.bundle_writer import BundleSource, VariantSource, write_bundle
from seg_perception.inference.engine import create_engine
from seg_perception.inference.manifest import LogitsOutput, NetworkInput
from seg_perception.inference.segmenter import Segmenter

WIDTH, HEIGHT = 32, 24


def network() -> bytes:
    """An encoder of two layers and a head that enlarges what it says."""
    rng = np.random.default_rng(0)
    weights = {
        "first": rng.standard_normal((6, 3, 4, 4)),
        "last": rng.standard_normal((3, 6, 1, 1)),
    }
    tensors = [numpy_helper.from_array(w.astype(np.float32), n) for n, w in weights.items()]
    tensors.append(numpy_helper.from_array(np.array([1, 1, 4, 4], np.float32), "scales"))
    nodes = [
        helper.make_node("Conv", ["image", "first"], ["deep"], strides=[4, 4]),
        helper.make_node("Relu", ["deep"], ["end"]),
        helper.make_node("Resize", ["end", "", "scales"], ["large"], mode="linear"),
        helper.make_node("Conv", ["large", "last"], ["logits"]),
    ]
    shapes = {"image": [1, 3, HEIGHT, WIDTH], "logits": [1, 3, HEIGHT, WIDTH]}
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()]
    graph = helper.make_graph(nodes, "tiny", ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def scene(seed: int) -> NDArray[np.uint8]:
    """Grey ground under a blue sky, uint8 (H, W, 3) RGB."""
    rng = np.random.default_rng(seed)
    image = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    horizon = int(rng.integers(8, 16))
    image[:horizon], image[horizon:] = (90, 140, 220), (120, 110, 100)
    noise = rng.integers(-12, 13, image.shape)
    return np.clip(image.astype(int) + noise, 0, 255).astype(np.uint8)


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    classes = [{"id": n, "name": f"class_{n}", "color": f"#{n:06x}"} for n in range(3)]
    source = BundleSource(
        name="tiny",
        version="1",
        ontology=Ontology.parse({"name": "tiny", "classes": classes}, "test"),
        input=NetworkInput(width=WIDTH, height=HEIGHT, dtype="float32", layout="NCHW"),
        output=LogitsOutput(kind="logits"),
        model=network(),
        variants=[
            VariantSource(None, "none", "fp32"),
            VariantSource(network(), "gather", "fp32"),
        ],
        licence="for tests",
    )
    return write_bundle(tmp_path / "before", source)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    (folder / "images").mkdir(parents=True)
    (folder / "masks_src").mkdir()
    for number in range(60):
        cv2.imwrite(str(folder / "images" / f"{number:02}.png"), scene(number)[..., ::-1])
        cv2.imwrite(str(folder / "masks_src" / f"{number:02}.png"), np.zeros((4, 4), np.uint8))
    return folder


def test_few_pictures_of_a_second_camera_count_as_much_as_many_of_the_first() -> None:
    """One number of mean 0 and deviation 1; the edge is at 99 of 100 of the farther folder."""
    fitted = np.tile(np.array([-1.0, 1.0], np.float32), 500)[:, None]
    first = np.linspace(0, 2, 201, dtype=np.float32)[:, None]
    second = np.array([[3.0], [4.0]], np.float32)
    known = Known.of(np.asarray, fitted, [first, second])
    assert known.distances.edge == pytest.approx(3.99, abs=0.01)
    assert known.distances.held_out == pytest.approx(1.01, abs=0.01)
    alone = Known.of(np.asarray, fitted, [first])
    assert alone.distances.edge == pytest.approx(1.98, abs=0.01)


def distance(
    bundle: Bundle, image: NDArray[np.uint8], *, scaled: bool = False
) -> tuple[float, int]:
    """How far an image is, and the largest confidence."""
    config = SegmentationConfig(scale_by_familiarity=scaled)
    engine = create_engine(bundle, config)
    label_map = Segmenter(engine, config).segment(CameraFrame("front", image, 1, "optical"))
    assert label_map.distance is not None
    return label_map.distance.whole, int(label_map.confidence.max())


def test_known_pictures_are_near_and_others_far(
    bundle: Bundle, pictures: Path, tmp_path: Path
) -> None:
    made = fit_familiarity(bundle, tmp_path / "after", PictureFiles.find([pictures]))
    near = [distance(made, scene(1000 + n))[0] for n in range(20)]
    strange = 255 - scene(1), np.zeros((HEIGHT, WIDTH, 3), np.uint8), scene(1)[::-1]
    far = [distance(made, np.ascontiguousarray(image))[0] for image in strange]
    assert np.median(near) < 1
    assert min(far) > 1.5
    assert max(near) < min(far)


def test_labels_and_other_files_stay_and_every_variant_has_the_output(
    bundle: Bundle, pictures: Path, tmp_path: Path
) -> None:
    made = fit_familiarity(bundle, tmp_path / "after", PictureFiles.find([pictures]))
    told = made.manifest.familiarity
    assert told is not None
    assert (told.layer, told.shape, told.pictures) == ("large", (6, 3, 4), 60)
    assert 0 < told.picture.held_out < told.picture.edge
    assert set(made.manifest.files) == {*bundle.manifest.files, "familiarity.npy"}
    assert all(
        made.variant_path(v).read_bytes().count(told.output.encode())
        for v in made.manifest.variants
    )
    image = CameraFrame("front", scene(5), 1, "optical")
    config = SegmentationConfig()
    before, after = (
        Segmenter(create_engine(b, config), config).segment(image) for b in (bundle, made)
    )
    np.testing.assert_array_equal(after.labels, before.labels)
    np.testing.assert_array_equal(after.confidence, before.confidence)
    assert before.distance is None


def test_it_is_fitted_anew_on_a_bundle_that_has_it(
    bundle: Bundle, pictures: Path, tmp_path: Path
) -> None:
    files = PictureFiles.find([pictures])
    first = fit_familiarity(bundle, tmp_path / "first", files)
    again = fit_familiarity(first, tmp_path / "again", files)
    assert again.manifest == first.manifest


def test_confidence_is_scaled_where_that_is_wanted_and_a_picture_is_far(
    bundle: Bundle, pictures: Path, tmp_path: Path
) -> None:
    made = fit_familiarity(bundle, tmp_path / "after", PictureFiles.find([pictures]))
    far, plain = distance(made, 255 - scene(1))
    _, scaled = distance(made, 255 - scene(1), scaled=True)
    assert scaled <= plain / far + 1
    near = next(scene(n) for n in range(60) if distance(made, scene(n))[0] < 1)
    whole, known = distance(made, near), distance(made, near, scaled=True)
    assert known[1] <= whole[1]


def test_what_a_split_holds_out_is_not_fitted_on(pictures: Path, tmp_path: Path) -> None:
    split = tmp_path / "split.yaml"
    split.write_text("train: ['00', '01', '02']\nvalidation: ['10', '11']\n")
    others = tmp_path / "others"
    others.mkdir()
    cv2.imwrite(str(others / "a.jpg"), scene(0))
    files = PictureFiles.find([pictures], [others], [split])
    assert [file.stem for file in files.fitted] == ["00", "01", "02"]
    assert [[file.stem for file in of_folder] for of_folder in files.held_out] == [
        ["a"],
        ["10", "11"],
    ]
    with pytest.raises(DatasetError, match="none of the folders has what it names"):
        PictureFiles.find([others], (), [split])


def test_stretches_cover_all_pictures_once() -> None:
    assert [n for block in blocks(12) for n in range(12)[block]] == list(range(12))


def test_too_few_pictures_none_and_a_folder_in_use_are_refused(
    bundle: Bundle, pictures: Path, tmp_path: Path
) -> None:
    few = PictureFiles(PictureFiles.find([pictures]).fitted[:5])
    with pytest.raises(DatasetError, match="expected 40 pictures or more to fit on, got 5"):
        fit_familiarity(bundle, tmp_path / "after", few)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="empty: expected a folder of PNG or JPEG pictures"):
        PictureFiles.find([tmp_path / "empty"])
    with pytest.raises(BundleError, match="exists"):
        fit_familiarity(bundle, pictures, PictureFiles.find([pictures]))


def test_the_command(bundle: Bundle, pictures: Path, tmp_path: Path) -> None:
    output = tmp_path / "after"
    arguments = ["bundle", "fit-familiarity", str(bundle.folder), str(pictures), "-o", str(output)]
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["output"] == str(output)
    assert told["familiarity"]["layer"] == "large"
    assert Bundle.load(output).familiarity is not None
    result = CliRunner().invoke(app, [*arguments[:-1], str(tmp_path / "x"), "--layer", "nowhere"])
    assert result.exit_code == 2
    assert "layer 'nowhere'" in result.output
