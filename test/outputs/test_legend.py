"""What the legend says, as a message and as a fingerprint."""

from seg_perception.core.ontology import Ontology
from seg_perception.io.images import decode_image
from seg_perception.outputs.legend import label_info, legend, legend_picture, ontology_sha256

DATA = {
    "name": "two",
    "classes": [
        {"id": 0, "name": "red", "color": "#ff0000"},
        {"id": 4, "name": "green", "color": "#00ff00"},
    ],
    "groupings": {"driving": [{"name": "go", "color": "#0000ff", "classes": ["green"]}]},
}
ONTOLOGY = Ontology.parse(DATA, "test")


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


def test_the_picture_of_the_legend_has_a_patch_of_every_colour():
    message = legend_picture(ONTOLOGY, 5)
    picture = decode_image(message)
    assert (message.header.stamp.nanosec, message.header.frame_id) == (5, "")
    assert all((picture == c.rgb).all(axis=2).any() for c in ONTOLOGY.classes)


def test_the_names_of_the_classes_hold_in_every_frame():
    message = label_info(ONTOLOGY, 3_000_000_004)
    stamp = message.header.stamp
    assert (stamp.sec, stamp.nanosec, message.header.frame_id) == (3, 4, "")
    assert [(c.class_id, c.class_name) for c in message.class_map] == [(0, "red"), (4, "green")]
