"""What a bag becomes in Rerun, read back from its file."""

import cv2
import numpy as np
import pytest

from seg_perception.core.errors import BagError, ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import LabelMap
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.images import encode_labels, encode_rgb
from seg_perception.io.messages import Header, LabelInfo, VisionClass, stamp_to_ns
from seg_perception.io.perception_messages import SemanticLegend
from seg_perception.io.transforms import encode_tf
from seg_perception.outputs.legend import legend
from seg_perception.replay import ReplayOptions, replay
from seg_perception.viewing import ViewOptions

LABELS, OVERLAY = "/camera/front/semantic/label_image", "/camera/front/semantic/overlay"
IMAGE = "/camera/front/image_raw"
POINTS, SEMANTIC = "/lidar/top/points", "/lidar/top/semantic/points"
IDS, XYZ = "Points3D:class_ids", "Points3D:positions"
PICTURE, SEGMENTS = "EncodedImage:blob", "SegmentationImage:buffer"


def stamps(rows):
    return [stamp for stamp, _ in rows]


def picture(row):
    """RGB pixels of a JPEG as it was logged."""
    data = np.asarray(row[1][0], np.uint8)
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def without(bag, is_left_out):
    """A copy of a bag that lacks some of its messages."""
    copy = bag.with_name("cut.mcap")
    with BagReader(bag) as reader, BagWriter(copy) as writer:
        for m in reader.messages():
            if not is_left_out(m):
                writer.write_raw(m.topic, m.type, m.raw, m.log_time_ns, m.latched)
    return copy


def ids(row, shape):
    return np.asarray(row[1][0], np.uint8).reshape(shape)


def test_classes_have_the_names_and_colours_of_the_legend(labelled):
    rrd, summary = labelled()
    assert rrd.classes() == {
        0: ("red", "#ff0000"),
        1: ("green", "#00ff00"),
        2: ("blue", "#0000ff"),
        255: ("unknown", "#5a5a5a"),
    }
    assert summary.classes == {0: "red", 1: "green", 2: "blue"}
    assert (summary.notes, summary.problems) == ([], [])


def test_everything_is_on_one_timeline_at_its_sensor_s_stamp(labelled, world):
    rrd, summary = labelled()
    images = [world.start_ns + n * 100 * world.ms for n in range(5)]
    assert rrd.timelines == {"stamp"}
    assert stamps(rrd.rows(LABELS, SEGMENTS)) == images
    assert stamps(rrd.rows(OVERLAY, PICTURE)) == images
    assert stamps(rrd.rows(SEMANTIC, IDS)) == [stamp + 5 * world.ms for stamp in images]
    assert summary.images == {LABELS: 5, OVERLAY: 5}
    assert summary.clouds == {SEMANTIC: 5}


def test_points_have_their_class_ids_places_and_frame(labelled, world):
    rrd, _ = labelled()
    _, found = rrd.rows(SEMANTIC, IDS)[0]
    assert found == [world.red, world.green, world.unknown]
    _, places = rrd.rows(SEMANTIC, XYZ)[0]
    assert places == [[10, 2, 0], [10, -2, 0], [-10, 0, 0]]
    assert [value for _, value in rrd.rows(SEMANTIC, "CoordinateFrame:frame")] == [["lidar"]]


def test_labels_and_overlay_are_those_of_the_bag(labelled, world):
    rrd, _ = labelled()
    labels = ids(rrd.rows(LABELS, SEGMENTS)[0], (24, 32))
    assert np.array_equal(labels, np.repeat([[0] * 16 + [1] * 16], 24, axis=0))
    shown = picture(rrd.rows(OVERLAY, PICTURE)[0])
    (overlay, *_) = world.read(world.folder / "out.mcap", OVERLAY)
    recorded = np.asarray(overlay.data).reshape(24, 32, 3)
    # JPEG mixes colours at the edge only.
    assert np.abs(shown[:, [4, 28]].astype(int) - recorded[:, [4, 28]]).max() < 12
    # The overlay has the colours already; the labels lie over it but to name them.
    ((_, opacity), *_) = rrd.rows(LABELS, "SegmentationImage:opacity")
    assert opacity == [pytest.approx(0.01)]


def test_transforms_are_static_and_timed_ones(labelled, world):
    turn = np.array([[0, -1, 0, 3], [1, 0, 0, 4], [0, 0, 1, 0.5], [0, 0, 0, 1]], np.float64)
    moving = [
        (at, "/tf", encode_tf([StampedTransform("odom", "base_link", at, turn)]))
        for at in (world.start_ns + n * 100 * world.ms for n in range(3))
    ]
    rrd, summary = labelled(sorted([*world.events(3), *moving], key=lambda event: event[0]))
    camera = "/tf/camera_optical"
    assert rrd.one(camera, "Transform3D:parent_frame") == "base_link"
    assert rrd.one(camera, "Transform3D:child_frame") == "camera_optical"
    # Camera axes: x right, y down, z forward; the quaternion by hand.
    assert np.abs(rrd.one(camera, "Transform3D:quaternion")) == pytest.approx([0.5] * 4)
    rows = rrd.rows("/tf/base_link", "Transform3D:translation")
    assert stamps(rows) == [at for at, *_ in moving]
    assert rows[0][1] == [[3, 4, 0.5]]
    _, (quaternion,) = rrd.rows("/tf/base_link", "Transform3D:quaternion")[0]
    assert quaternion == pytest.approx([0, 0, 0.5**0.5, 0.5**0.5])
    assert summary.transforms == 2 + 3


def test_with_the_inputs_labels_lie_over_the_picture_itself(world, show):
    out = world.folder / "out.mcap"
    replay(world.bag(), out, world.config(), ReplayOptions(with_inputs=True))
    rrd, _ = show(out)
    assert OVERLAY not in rrd.entities
    labels = ids(rrd.rows(LABELS, SEGMENTS)[0], (48, 64))
    assert np.array_equal(labels[0], [0] * 32 + [1] * 32)
    assert picture(rrd.rows(IMAGE, PICTURE)[0]).shape == (48, 64, 3)
    # The raw cloud is there, too, for who switches it on.
    assert {POINTS, SEMANTIC} <= rrd.entities
    assert rrd.blueprints == 1


def test_labels_are_taken_away_where_the_next_picture_has_none(world, show):
    out = world.folder / "out.mcap"
    replay(world.bag(), out, world.config(), ReplayOptions(with_inputs=True))
    third = world.start_ns + 200 * world.ms
    rrd, _ = show(
        without(out, lambda m: m.topic == LABELS and stamp_to_ns(m.message.header.stamp) == third)
    )
    assert third not in stamps(rrd.rows(LABELS, SEGMENTS))
    assert third in stamps(rrd.rows(LABELS, "Clear:is_recursive"))
    assert third in stamps(rrd.rows(IMAGE, PICTURE))


def test_a_bag_without_labels_is_shown_as_it_is(world, show):
    rrd, summary = show(world.bag())
    assert len(rrd.rows(IMAGE, PICTURE)) == len(rrd.rows(POINTS, XYZ)) == 5
    assert rrd.rows(POINTS, IDS) == []
    assert "/" not in rrd.entities
    assert "/classes" not in rrd.entities
    assert summary.notes == []


def test_fewer_a_second_leave_pictures_and_labels_together(labelled, world):
    rrd, _ = labelled(options=ViewOptions(max_hz=5))
    expected = [world.start_ns + n * 200 * world.ms for n in range(3)]
    assert stamps(rrd.rows(LABELS, SEGMENTS)) == stamps(rrd.rows(OVERLAY, PICTURE)) == expected
    assert len(rrd.rows(SEMANTIC, IDS)) == 3


def test_a_stretch_of_the_bag(world, show):
    rrd, _ = show(world.bag(), ViewOptions(start_s=0.15, end_s=0.35))
    assert stamps(rrd.rows(IMAGE, PICTURE)) == [world.start_ns + n * 100 * world.ms for n in (2, 3)]
    # What always holds is shown, whenever it was recorded.
    assert rrd.one("/tf/lidar", "Transform3D:parent_frame") == "base_link"


def test_a_stretch_ends_behind_its_beginning():
    with pytest.raises(ConfigError, match="--to behind --from"):
        ViewOptions(start_s=2, end_s=1)


def test_an_ontology_names_what_the_bag_does_not(world, show, labelled):
    labelled()
    out = world.folder / "out.mcap"
    bag = without(out, lambda m: m.type in (LabelInfo.type_name, SemanticLegend.type_name))
    rrd, summary = show(bag)
    assert "/" not in rrd.entities
    assert "does not name its classes" in summary.notes[0]
    bag.with_suffix(".rrd").unlink()
    rrd, summary = show(bag, ViewOptions(ontology=Ontology.load("field")))
    assert rrd.classes()[3][0] == "grass"
    assert summary.notes == []


def test_label_info_alone_names_classes_in_colours_of_our_own(world, show):
    names = LabelInfo(Header.at(world.start_ns, ""), [VisionClass(n, f"c{n}") for n in range(3)])
    events = [*world.events(1), (world.start_ns, "/camera/front/semantic/label_info", names)]
    rrd, _ = show(world.bag(sorted(events, key=lambda event: event[0])))
    classes = rrd.classes()
    assert [classes[n][0] for n in range(3)] == ["c0", "c1", "c2"]
    assert len({color for _, color in classes.values()}) == 4


def test_a_legend_that_changes_holds_from_its_stamp_on(world, show):
    first, second = Ontology.load("field"), Ontology.load("field").recolored(["grass=#010203"])
    later = world.start_ns + 200 * world.ms
    told = [
        (at, "/n/legend", legend(o, at)) for at, o in ((world.start_ns, first), (later, second))
    ]
    rrd, _ = show(world.bag(sorted([*world.events(), *told], key=lambda event: event[0])))
    rows = rrd.rows("/", "AnnotationContext:context")
    assert stamps(rows) == [world.start_ns, later]


def test_legends_that_disagree_are_said(world, show):
    told = [
        (world.start_ns, f"/{name}/legend", legend(Ontology.load(name), world.start_ns))
        for name in ("field", "goose")
    ]
    _, summary = show(world.bag(sorted([*world.events(1), *told], key=lambda event: event[0])))
    assert summary.notes == [
        "/goose/legend tells other classes than /field/legend, which names all that is shown"
    ]


def test_a_damaged_message_is_counted_and_said(world, show):
    broken = encode_rgb(np.zeros((4, 4, 3), np.uint8), world.start_ns + 1, "camera_optical")
    broken.data = broken.data[:5]
    events = sorted([*world.events(), (world.start_ns + 2 * world.ms, IMAGE, broken)],
                    key=lambda event: event[0])  # fmt: skip
    rrd, summary = show(world.bag(events))
    assert len(rrd.rows(IMAGE, PICTURE)) == 5
    assert f"{IMAGE}: 1 messages are not shown" in summary.notes[0]


def test_a_file_is_never_overwritten_and_never_half_written(world, show, monkeypatch):
    bag = world.bag()
    show(bag)
    before = bag.with_suffix(".rrd").read_bytes()
    with pytest.raises(ConfigError, match="exists"):
        show(bag)
    assert bag.with_suffix(".rrd").read_bytes() == before
    bag.with_suffix(".rrd").unlink()
    monkeypatch.setattr("seg_perception.viewing.recording.Recording.points", _stop)
    with pytest.raises(KeyboardInterrupt):
        show(bag)
    assert [path.name for path in world.folder.iterdir()] == ["in.mcap"]


def _stop(*_arguments):
    raise KeyboardInterrupt


def test_a_bag_with_nothing_to_show_is_refused(world, show):
    with pytest.raises(BagError, match="images or point clouds"):
        show(world.bag(world.events()[:1]))


@pytest.fixture
def with_truth(world):
    """A labelled bag with its inputs, among them true labels in ids of their own."""
    ids = np.full((48, 64), 1, np.uint8)
    truth = encode_labels(LabelMap("front", ids, ids, world.start_ns, "camera_optical"))
    events = [*world.events(2), (world.start_ns, "/camera/front/truth", truth)]
    bag = world.bag(sorted(events, key=lambda event: event[0]))
    out = world.folder / "out.mcap"
    replay(bag, out, world.config(), ReplayOptions(with_inputs=True))
    return out


def test_a_legend_does_not_name_the_true_labels_of_others(with_truth, show):
    rrd, summary = show(with_truth)
    assert rrd.classes()[1] == ("green", "#00ff00")
    assert rrd.one("/camera/front/truth", "AnnotationContext:context") == []
    assert rrd.rows(LABELS, "AnnotationContext:context") == []
    (note,) = summary.notes
    assert note.startswith("the bag does not name the classes of /camera/front/truth, they are")


def test_true_labels_have_an_ontology_of_their_own(with_truth, show):
    rrd, summary = show(with_truth, ViewOptions(truth_ontology=Ontology.load("goose")))
    named = rrd.one("/camera/front/truth", "AnnotationContext:context")
    first = next(entry for entry in named if entry["class_id"] == 1)
    assert first["class_description"]["info"]["label"] == Ontology.load("goose").names[1]
    assert rrd.classes()[1] == ("green", "#00ff00")
    assert summary.notes == []


def test_an_ontology_that_is_given_names_all(with_truth, show):
    rrd, summary = show(with_truth, ViewOptions(ontology=Ontology.load("field")))
    assert rrd.classes()[3][0] == "grass"
    assert rrd.rows("/camera/front/truth", "AnnotationContext:context") == []
    assert summary.notes == []


def test_pictures_of_a_video_have_their_own_stamps(world, show, video):
    packets = video.encode("h264", video.plain([0, 1, 2]))
    stamps_ns = [world.start_ns + n * 100 * world.ms for n in range(3)]
    events = [
        (at, "/camera/front/h264", video.message("foxglove", "h264", packet, at, "camera_optical"))
        for at, packet in zip(stamps_ns, packets, strict=True)
    ]
    rrd, _ = show(world.bag(events))
    rows = rrd.rows("/camera/front/h264", PICTURE)
    assert stamps(rows) == stamps_ns
    brightest = [int(picture(row).mean(axis=(0, 1)).argmax()) for row in rows]
    assert brightest == [0, 1, 2]


def test_a_stamp_of_zero_gives_way_to_the_time_of_recording(world, show):
    events = [(world.start_ns, POINTS, world.points(0))]
    rrd, _ = show(world.bag(events))
    assert stamps(rrd.rows(POINTS, XYZ)) == [world.start_ns]
