# ruff: noqa: E402  (torch, which may be absent, is looked for first)
"""From ten images with masks to scores and a comparison, by the commands that are printed."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from painted import HEIGHT, NAMES, WIDTH, shift_masks, write_painted
from typer.testing import CliRunner

torch = pytest.importorskip("torch", reason="training needs torch: install the extra [train]")
pytest.importorskip("onnx", reason="the export needs onnx: install the extra [train]")

from seg_perception.cli.main import app
from seg_perception.core.types import Calibration
from seg_perception.inference.bundle import Bundle
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.camera_info import encode_camera_info
from seg_perception.io.images import decode_label_image, encode_rgb

pytestmark = pytest.mark.timeout(600)
NAMED = ",".join(f"{i}={name}" for i, name in NAMES.items())
START_NS, PERIOD_NS = 1_700_000_000_000_000_000, 100_000_000


def run(*words: str) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, f"{shlex.join(words)}\n{done.output}"
    return done.stdout


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where every command of the project was run, one after the other."""
    here = tmp_path_factory.mktemp("chain")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        write_painted(Path("photos"))
        run("train", "new", "photos", "-o", "p", "--names", NAMED, "--steps", "30")
        text = Path("p/commands.sh").read_text()
        commands = [shlex.split(line)[1:] for line in text.splitlines() if line.startswith("seg-")]
        assert [words[0] for words in commands] == [
            *("train", "export", "label", "evaluate"),
            *("train", "export", "evaluate", "compare"),
        ]
        for words in commands[:4]:
            run(*words)
        config = yaml.safe_load(Path("p/train.yaml").read_text())
        Path("p/train.yaml").write_text(yaml.safe_dump({**config, "steps": 15, "seed": 2}))
        for words in commands[4:]:
            run(*words)
    return here


@pytest.fixture(autouse=True)
def there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def scores(run_folder: str) -> dict:
    """All that was counted: metrics, classes, confusion."""
    (stream,) = json.loads((Path(run_folder) / "results.json").read_text())["streams"]
    assert stream["pairing"]["paired"] == len(split()["validation"])
    (of_classes,) = stream["class_mappings"]
    return of_classes


def split() -> dict[str, list[str]]:
    return yaml.safe_load(Path("p/split.yaml").read_text())


def test_the_model_knows_the_classes_of_the_masks() -> None:
    assert list(Bundle.load("p/model").ontology.ids) == list(NAMES.values())
    found = scores("p/scores")
    assert found["metrics"][0]["key"] == "miou"
    # Colours tell the classes apart, so that ten images are enough.
    assert found["metrics"][0]["value"] > 70
    assert scores("p/scores_2")["metrics"] != found["metrics"]


def test_scores_are_those_of_masks_that_were_shifted_by_hand() -> None:
    shift_masks(Path("photos"), Path("shifted"))
    held = ("--split", "p/split.yaml", "--protocol", "own", "--same-ids")
    run("evaluate", "shifted", *held, "--set", "segmentation.bundle=p/model", "-o", "by_hand")
    assert scores("by_hand") == scores("p/scores")


def test_scores_are_those_that_are_counted_with_numpy() -> None:
    """IoU of what `label` says of the held-out images, at the network's size as at the masks'."""
    run("label", "photos/images", "-o", "labels", "--bundle", "p/model")
    masks, labels = (
        np.concatenate([cv2.imread(f"{place}/{name}.png", cv2.IMREAD_UNCHANGED) for name in held()])
        for place in ("photos/masks", "labels")
    )
    known = masks != 255
    both = [(masks == i) & (labels == i - 1) & known for i in NAMES]
    either = [((masks == i) | (labels == i - 1)) & known for i in NAMES]
    ious = [100 * b.sum() / e.sum() for b, e in zip(both, either, strict=True)]
    assert scores("p/scores")["metrics"][0]["value"] == pytest.approx(np.mean(ious))


def held() -> list[str]:
    return split()["validation"]


def write_bag(path: Path) -> None:
    lens = Calibration(WIDTH, HEIGHT, np.array([[80.0, 0, 48], [0, 80, 32], [0, 0, 1]]))
    with BagWriter(path) as writer:
        for index in range(10):
            stamp = START_NS + index * PERIOD_NS
            bgr = cv2.imread(f"photos/images/{index:02d}.png")
            image = encode_rgb(np.ascontiguousarray(bgr[..., ::-1]), stamp, "camera_optical")
            writer.write(
                "/camera/camera_info", encode_camera_info(lens, stamp, "camera_optical"), stamp
            )
            writer.write("/camera/image_raw", image, stamp)


@pytest.fixture(scope="module")
def labelled(folder: Path) -> Path:
    """A bag of the ten images, labelled by a model without any grouping, and filmed."""
    pytest.importorskip("av", reason="films need PyAV: install the extra [video]")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_bag(Path("drive.mcap"))
        chosen = ("--set", "segmentation.bundle=p/model")
        run("replay", "drive.mcap", "-o", "labelled.mcap", *chosen, "--video", "drive.mp4")
    return folder / "labelled.mcap"


def test_a_bag_gets_the_labels_that_photos_get(labelled: Path) -> None:
    run("label", "photos/images", "-o", "again", "--bundle", "p/model")
    with BagReader(labelled) as bag:
        topic = "/camera/semantic/label_image"
        images = [decode_label_image(message.message) for message in bag.messages({topic})]
    assert len(images) == 10
    for index, image in enumerate(images):
        expected = cv2.imread(f"again/{index:02d}.png", cv2.IMREAD_UNCHANGED)
        assert np.array_equal(image, expected)


def test_the_film_shows_every_image(labelled: Path) -> None:
    import av

    with av.open(str(labelled.with_name("drive.mp4"))) as film:
        (stream,) = film.streams.video
        assert stream.codec_context.name == "h264"
        assert sum(1 for _ in film.decode(stream)) == 10


@pytest.mark.parametrize("what", ["labelled.mcap", "p/labels"])
def test_the_viewers_file_names_the_classes(labelled: Path, what: str) -> None:
    pytest.importorskip("rerun", reason="the extra [view] is not installed")
    from rerun.chunk import RrdReader

    file = Path(f"{Path(what).stem}.rrd")
    run("view", str(labelled.parent / what), "--save", str(file))
    contexts = [
        value
        for chunk in RrdReader(file).stream()
        for batch in [chunk.to_record_batch()]
        if "AnnotationContext:context" in batch.schema.names
        for value in batch.column("AnnotationContext:context").to_pylist()
        if value
    ]
    named = {
        entry["class_id"]: entry["class_description"]["info"]["label"]
        for context in contexts
        for entry in context[0]
    }
    assert [named[i] for i in range(4)] == list(NAMES.values())
