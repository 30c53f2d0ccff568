"""Results as messages: which ones, and what the legend says."""

import numpy as np

from seg_perception.config import OutputConfig
from seg_perception.ontology import Ontology
from seg_perception.outputs import camera_outputs, legend, ontology_sha256
from seg_perception.topics import CameraTopics
from seg_perception.types import Calibration, LabelMap

TOPICS = CameraTopics("/label", "/png", "/confidence", "/color", "/overlay", "/lens", "/info")
DATA = {
    "name": "two",
    "classes": [
        {"id": 0, "name": "red", "color": "#ff0000"},
        {"id": 4, "name": "green", "color": "#00ff00"},
    ],
    "groupings": {"driving": [{"name": "go", "color": "#0000ff", "classes": ["green"]}]},
}
ONTOLOGY = Ontology.parse(DATA, "test")
LENS = Calibration(4, 2, np.eye(3))


def outputs(config=None, *, image=True, lens=LENS, wanted=lambda _topic: True):
    labels = np.zeros((2, 4), np.uint8)
    label_map = LabelMap("front", labels, labels, 12_000_000_034, "optical", lens)
    picture = np.zeros((4, 8, 3), np.uint8) if image else None
    found = camera_outputs(label_map, picture, ONTOLOGY, config or OutputConfig(), TOPICS, wanted)
    return dict(found)


def test_everything_but_png_is_made_by_default():
    assert set(outputs()) == {"/label", "/confidence", "/color", "/overlay", "/lens"}
    assert set(outputs(OutputConfig(png=True))) - set(outputs()) == {"/png"}


def test_every_message_has_the_images_stamp_and_frame():
    for message in outputs(OutputConfig(png=True)).values():
        stamp = message.header.stamp
        assert (stamp.sec, stamp.nanosec, message.header.frame_id) == (12, 34, "optical")


def test_only_what_is_asked_for_is_made():
    less = OutputConfig(confidence=False, color=False, overlay=False)
    assert set(outputs(less)) == {"/label", "/lens"}
    assert set(outputs(wanted=lambda topic: topic == "/color")) == {"/color"}


def test_no_overlay_without_picture_and_no_lens_without_calibration():
    assert "/overlay" not in outputs(image=False)
    assert "/lens" not in outputs(lens=None)


def test_the_legend_explains_ids_colours_and_groups():
    message = legend(ONTOLOGY, 5)
    assert [(c.id, c.name, c.color_rgb.tolist()) for c in message.classes] == [
        (0, "red", [255, 0, 0]),
        (4, "green", [0, 255, 0]),
    ]
    (grouping,) = message.groupings
    assert grouping.group_ids == [grouping.unknown_group_id, 0]
    assert [(g.id, g.name, g.color_rgb.tolist()) for g in grouping.groups] == [
        (0, "go", [0, 0, 255])
    ]
    assert message.unknown_id == 255


def test_the_fingerprint_changes_with_a_colour_and_not_without():
    assert ontology_sha256(ONTOLOGY) == ontology_sha256(Ontology.parse(DATA, "elsewhere"))
    changed = {**DATA, "classes": [{**c, "color": "#123456"} for c in DATA["classes"]]}
    assert ontology_sha256(Ontology.parse(changed, "test")) != ontology_sha256(ONTOLOGY)
