"""A segmented image as messages: which there are, and with what stamp."""

import numpy as np

from seg_perception.core.ontology import Ontology
from seg_perception.core.types import Calibration, LabelMap
from seg_perception.io.images import decode_image
from seg_perception.outputs.images import image_messages
from seg_perception.outputs.topics import CameraTopics

TOPICS = CameraTopics("/label", "/png", "/confidence", "/color", "/overlay", "/lens", "/info")
DATA = {
    "name": "two",
    "classes": [
        {"id": 0, "name": "red", "color": "#ff0000"},
        {"id": 4, "name": "green", "color": "#00ff00"},
    ],
}
ONTOLOGY = Ontology.parse(DATA, "test")
LENS = Calibration(4, 2, np.eye(3))


def messages(*, image=True, lens=LENS, alpha=0.5):
    labels = np.zeros((2, 4), np.uint8)
    label_map = LabelMap("front", labels, labels, 12_000_000_034, "optical", lens)
    picture = np.zeros((4, 8, 3), np.uint8) if image else None
    makers = image_messages(label_map, picture, ONTOLOGY, alpha, TOPICS)
    return {topic: make() for topic, make in makers}


def test_everything_but_the_names_of_the_classes_is_made():
    assert list(messages()) == ["/label", "/lens", "/png", "/confidence", "/color", "/overlay"]


def test_every_message_has_the_images_stamp_and_frame():
    for message in messages().values():
        stamp = message.header.stamp
        assert (stamp.sec, stamp.nanosec, message.header.frame_id) == (12, 34, "optical")


def test_no_overlay_without_picture_and_no_lens_without_calibration():
    assert "/overlay" not in messages(image=False)
    assert "/lens" not in messages(lens=None)


def test_colours_are_whole_in_the_one_picture_and_weighed_in_the_other():
    found = messages(alpha=0.2)
    assert decode_image(found["/color"])[0, 0].tolist() == [255, 0, 0]
    # 0.2 of (255, 0, 0) over black.
    assert decode_image(found["/overlay"])[0, 0].tolist() == [51, 0, 0]
