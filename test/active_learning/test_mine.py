"""Frames worth labelling, from a bag to a folder that training reads."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from seg_perception.active_learning import MiningConfig, mine
from seg_perception.active_learning.cvat import read_masks
from seg_perception.active_learning.summary import frame_name
from seg_perception.cli.main import app
from seg_perception.core.errors import BagError, DatasetError
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.folder import IMAGES, MASKS
from seg_perception.datasets.layouts import open_folder
from seg_perception.datasets.mapping import LabelMapping, TargetSpace
from seg_perception.inspection import inspect_bag, suggest_config
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.images import decode_image, encode_rgb
from seg_perception.io.messages import stamp_to_ns

FRAMES, BLACK, RARE, DENIED = 30, 12, 20, 25


@pytest.fixture
def odd_bag(world):
    """Red left, green right; one picture is black, one shows blue, one is the other way round."""
    events = world.events(FRAMES)
    for place, (at, topic, _) in enumerate(events):
        if topic != world.image_topic:
            continue
        number = (at - world.start_ns) // (100 * world.ms)
        stamp = at - world.ms
        if number == BLACK:
            image = encode_rgb(np.zeros((48, 64, 3), np.uint8), stamp, "camera_optical")
            events[place] = (at, topic, image)
        if number == RARE:
            colors = (world.red, world.green, world.blue)
            events[place] = (at, topic, world.image(stamp, colors))
        if number == DENIED:
            events[place] = (at, topic, world.image(stamp, (world.green, world.red)))
    return world.bag(events)


def stamps(world, summary):
    return [(c.candidate.stamp_ns - world.start_ns) // (100 * world.ms) for c in summary.choices]


@pytest.fixture
def mined(world, odd_bag):
    return mine(odd_bag, world.folder / "mined", world.config(), MiningConfig(count=4))


def test_odd_frames_are_chosen_first_and_the_page_says_why(world, mined):
    assert sorted(stamps(world, mined)[:3]) == [BLACK, RARE, DENIED]
    reasons = dict(
        zip(stamps(world, mined), (" ".join(c.reasons) for c in mined.choices), strict=True)
    )
    assert "mean confidence 0%: the least sure of 30 frames" in reasons[BLACK]
    assert "deny 100.0% of its labels: the most denied of 30 frames" in reasons[DENIED]
    # 21 of 64 columns are blue: 10 of 32 at the size of the network.
    assert "shows blue (31.2% of the picture), as 1 of 30 frames do" in reasons[RARE]
    page = (mined.output / "index.html").read_text()
    for reason in (*mined.choices[0].reasons, *mined.choices[1].reasons):
        assert reason in page


def test_twelve_bits_are_those_of_the_whole_bag(world):
    """The first picture has a quarter of the 4095 of the others: 1023 * 255 / 4095 = 63.7."""
    events = [event for event in world.events(3) if event[1] == world.image_topic]
    for (_, _, image), full in zip(events, (1023, 4095, 4095), strict=True):
        deep = np.frombuffer(image.data, np.uint8).astype(np.uint16) // 200 * np.uint16(full)
        image.encoding, image.step, image.data = "rgb16", 64 * 6, deep.tobytes()
    config = world.config().model_copy(update={"lidars": {}})
    mining = MiningConfig(count=3, min_gap_s=0.0)
    summary = mine(world.bag(events), world.folder / "mined", config, mining)
    written = {
        n: cv2.imread(str(summary.output / IMAGES / f"{frame_name(choice)}.png"))[0, 0, 2]
        for n, choice in zip(stamps(world, summary), summary.choices, strict=True)
    }
    assert written == {0: 64, 1: 255, 2: 255}


def test_clouds_compare_neighbouring_frames(world, mined):
    assert mined.compared == FRAMES


def test_without_lidar_pictures_are_compared(world, odd_bag):
    config = world.config().model_copy(update={"lidars": {}})
    mining = MiningConfig(count=1, uncertainty=0.0, rarity=0.0, diversity=0.0)
    summary = mine(odd_bag, world.folder / "mined", config, mining)
    assert summary.compared == 0
    assert stamps(world, summary) == [DENIED]


def test_every_form_of_the_pre_labels_says_the_same(world, mined):
    ontology = Ontology.load(mined.output / "ontology.yaml")
    coco = json.loads((mined.output / "coco.json").read_text())
    cvat = dict(read_masks(mined.output / "cvat_masks.zip", ontology))
    categories = {category["id"]: category["name"] for category in coco["categories"]}
    assert [image["file_name"] for image in coco["images"]] == sorted(
        path.name for path in (mined.output / IMAGES).iterdir()
    )
    for image in coco["images"]:
        name = Path(image["file_name"]).stem
        mask = cv2.imread(str(mined.output / MASKS / image["file_name"]), cv2.IMREAD_UNCHANGED)
        assert mask.shape == (48, 64) == (image["height"], image["width"])
        assert (cvat[name] == mask).all()
        colors = cv2.imread(str(mined.output / "color" / image["file_name"]))[..., ::-1]
        assert (colors == ontology.palette[mask]).all()
        drawn = np.full(mask.shape, ontology.unknown_id, np.uint8)
        for annotation in coco["annotations"]:
            if annotation["image_id"] == image["id"]:
                runs = annotation["segmentation"]["counts"]
                bits = np.repeat(np.arange(len(runs)) % 2, runs).reshape(64, 48).T == 1
                assert annotation["area"] == bits.sum()
                drawn[bits] = ontology.ids[categories[annotation["category_id"]]]
        assert (drawn == mask).all()


def test_chosen_frames_of_a_video_are_decoded_from_the_key_frame_before(world, video):
    # Colours change with every picture, so that another picture would be seen.
    topic = "/camera/front/image_raw/foxglove"
    packets = video.encode("h264", video.plain([n % 3 for n in range(12)]), key_every=6)
    events = [event for event in world.events(12) if event[1] != world.image_topic]
    for number, packet in enumerate(packets):
        at = world.start_ns + number * 100 * world.ms
        message = video.message("foxglove", "h264", packet, at, "camera_optical")
        events.append((at + world.ms, topic, message))
    bag = world.bag(sorted(events, key=lambda event: event[0]))
    config = world.config(camera__front__image_topic=topic)
    summary = mine(bag, world.folder / "mined", config, MiningConfig(count=5, min_gap_s=0.0))
    assert summary.frames == {"front": 12}
    for choice, number in zip(summary.choices, stamps(world, summary), strict=True):
        picture = cv2.imread(str(summary.output / IMAGES / f"{frame_name(choice)}.png"))
        assert int(picture[24, 32].argmax()) == 2 - number % 3  # OpenCV has blue first


def test_training_reads_the_folder(mined):
    ontology = Ontology.load(mined.output / "ontology.yaml")
    mapping = LabelMapping.beside(mined.output)
    lookup = TargetSpace.build(ontology, [mapping]).lookup(mapping, ontology)
    data = open_folder(mined.output).dataset(lookup)
    assert len(data) == 4
    for entry in data:
        mask = cv2.imread(str(mined.output / MASKS / f"{entry.name}.png"), cv2.IMREAD_UNCHANGED)
        assert (entry.targets == mask).all()
        assert set(np.unique(entry.targets)) <= {0, 1, 2}
    image = data[0].image
    assert image[24, 10].tolist() == [200, 0, 0]


def test_pixels_below_the_least_confidence_stay_open(world, odd_bag):
    config = world.config(segmentation__min_confidence=0.5)
    summary = mine(odd_bag, world.folder / "mined", config, MiningConfig(count=30, min_gap_s=0.0))
    name = f"front_{world.start_ns + BLACK * 100 * world.ms}"
    mask = cv2.imread(str(summary.output / MASKS / f"{name}.png"), cv2.IMREAD_UNCHANGED)
    assert (mask == world.unknown).all()


def test_the_same_bag_gives_the_same_files(world, odd_bag):
    folders = [world.folder / name for name in ("one", "two")]
    for folder in folders:
        mine(odd_bag, folder, world.config(), MiningConfig(count=4))
    files = [{p.relative_to(f): p for p in f.rglob("*") if p.is_file()} for f in folders]
    assert files[0].keys() == files[1].keys()
    told_apart = {Path("mining.json"), Path("index.html")}  # they name folder and duration
    for name in files[0].keys() - told_apart:
        assert files[0][name].read_bytes() == files[1][name].read_bytes(), name


@pytest.mark.parametrize(
    ("min_gap_s", "taken", "note"),
    [
        (0.0, 5, "50 frames were asked for; the bag has 5, and all are taken"),
        (0.15, 3, "50 frames were asked for and 3 of 5 are taken: no more lie min_gap_s (0.15 s)"),
    ],
)
def test_more_frames_than_there_are_is_said(world, min_gap_s, taken, note):
    mining = MiningConfig(count=50, min_gap_s=min_gap_s)
    summary = mine(world.bag(), world.folder / "mined", world.config(), mining)
    assert len(summary.choices) == taken
    assert summary.notes[0].startswith(note)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("no camera", "no camera is configured"),
        ("no image", "the bag has no message on /camera/front/image_raw"),
        ("empty", "the bag holds no message"),
        ("damaged", "no image could be labelled: camera.front: .*expected"),
    ],
)
def test_a_bag_without_pictures_is_one_sentence(world, kind, message):
    events = {
        "no camera": world.events(),
        "no image": [e for e in world.events() if e[1] != world.image_topic],
        "empty": [],
        "damaged": [e for e in world.events() if e[1] != world.image_topic],
    }[kind]
    config = world.config()
    if kind == "no camera":
        config = config.model_copy(update={"cameras": {}})
    if kind == "damaged":
        image = world.image(world.start_ns)
        image.encoding = "mono16"
        image.step = 1
        events.append((world.start_ns, world.image_topic, image))
    with pytest.raises(BagError, match=message):
        mine(world.bag(events), world.folder / "mined", config, MiningConfig())
    assert not (world.folder / "mined").exists()
    assert not list(world.folder.glob(".mined*"))


def test_an_older_folder_is_left_alone(world):
    (world.folder / "mined").mkdir()
    (world.folder / "mined" / "labelled").touch()
    with pytest.raises(DatasetError, match="exists: expected a new folder"):
        mine(world.bag(), world.folder / "mined", world.config(), MiningConfig())


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result


def test_the_command_mines_and_takes_corrections_back(world, odd_bag):
    out = world.folder / "mined"
    bundle = f"segmentation.bundle={world.bundle}"
    text = run("mine", odd_bag, "-n", 2, "-o", out, "--set", bundle, "--choose", "seed=7").stdout
    assert f"front_{world.start_ns + RARE * 100 * world.ms}: " in text
    assert "index.html" in text
    changed = json.loads(run("corrections", out, out / "cvat_masks.zip", "--json").stdout)
    assert list(changed["changed"].values()) == [0.0, 0.0]
    assert "0.0% of the pixels changed" in run("corrections", out, out / "cvat_masks.zip").stdout


def test_the_command_prints_json(world, odd_bag):
    bundle = f"segmentation.bundle={world.bundle}"
    out = world.folder / "mined"
    document = json.loads(run("mine", odd_bag, "-o", out, "--set", bundle, "--json").stdout)
    assert document == json.loads((out / "mining.json").read_text())
    assert document["frames"] == {"front": FRAMES}
    assert document["mining"]["count"] == 50


def test_a_setting_that_does_not_exist_is_one_line(world, odd_bag):
    result = run(*("mine", odd_bag, "-o", world.folder / "mined", "--choose", "rareness=2"), code=2)
    assert result.stderr.startswith("error: mining: rareness")


def test_cameras_that_see_the_same_points_are_compared(world):
    """Both look the same way; once the second one calls red green and green red."""
    events = []
    for at, topic, message in world.events(10):
        events.append((at, topic, message))
        if topic == world.image_topic:
            number = (at - world.start_ns) // (100 * world.ms)
            colors = (world.green, world.red) if number == 4 else (world.red, world.green)
            events.append((at, "/camera/side/image_raw", world.image(at - world.ms, colors)))
        if topic == world.lens_topic:
            events.append((at, "/camera/side/camera_info", message))
    config = world.config(
        cameras=["front", "side"],
        camera__side__image_topic="/camera/side/image_raw",
        camera__side__camera_info_topic="/camera/side/camera_info",
    )
    mining = MiningConfig(count=3, uncertainty=0.0, rarity=0.0, diversity=0.0, min_gap_s=0.0)
    summary = mine(world.bag(events), world.folder / "mined", config, mining)
    first = summary.choices[0].candidate
    # Its neighbours deny all of the side's frame, the front camera as much of both at a time.
    assert (first.camera, stamps(world, summary)[0]) == ("side", 4)
    assert first.disagreement == 1.0
    assert {c.candidate.camera for c in summary.choices[1:]} >= {"front"}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Two seconds of a forest drive; one picture is black, one stands on its head."""
    pytest.importorskip("embreex", reason="the simulation's extra is not installed")
    from seg_perception.simulation.config import SimulationConfig
    from seg_perception.simulation.drive import write_bag

    folder = tmp_path_factory.mktemp("simulated")
    size = {"camera_width": 192, "camera_height": 108, "lidar_beams": 16, "lidar_columns": 256}
    config = SimulationConfig(duration_s=2.0, seed=3, **size)
    write_bag(folder / "drive.mcap", config)
    with BagReader(folder / "drive.mcap") as bag, BagWriter(folder / "odd.mcap") as odd:
        number = -1
        for message in bag.messages():
            if message.topic != config.image_topic:
                odd.copy(message)
                continue
            number += 1
            stamp_ns = stamp_to_ns(message.message.header.stamp)
            image = decode_image(message.message)
            changed = {6: np.zeros_like(image), 13: image[::-1]}.get(number, image)
            frame_id = message.message.header.frame_id
            odd.write(message.topic, encode_rgb(changed, stamp_ns, frame_id), message.log_time_ns)
    return folder / "odd.mcap"


def test_odd_pictures_of_a_simulated_drive_are_found_by_the_shipped_model(simulated, tmp_path):
    config = suggest_config(inspect_bag(simulated))
    mining = MiningConfig(count=3, min_gap_s=0.15)
    summary = mine(simulated, tmp_path / "mined", config, mining)
    assert summary.frames == {"front": 20}
    assert summary.compared > 10
    taken = [c.candidate.index for c in summary.choices]
    assert {6, 13} <= set(taken)
