"""A camera that sees nothing frees no ground, and still warns of what blocks."""

from dataclasses import replace

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.ontology import Ontology
from seg_perception.core.picture_facts import PictureFacts
from seg_perception.core.types import NANOSECONDS, LabelMap, PointCloud, SemanticCloud
from seg_perception.pipeline.camera_watch import WatchState
from seg_perception.pipeline.degraded_view import DegradedView

DARK = PictureFacts(brightness=3, contrast=20, white=0, sharpness=0.1, checksum=0)
GRASS, TRAIL, WALL, SKY, UNKNOWN = range(5)
NAMES = ("grass", "trail", "wall", "sky")


def ontology(groups) -> Ontology:
    classes = [
        {"id": number, "name": name, "color": f"#00000{number}"}
        for number, name in enumerate(NAMES)
    ]
    groupings = {
        "traversability": [
            {"name": name, "color": f"#0000{number}0", "classes": members}
            for number, (name, members) in enumerate(groups.items())
        ]
    }
    return Ontology.parse(
        {"name": "four", "classes": classes, "groupings": groupings if groups else {}}, "test"
    )


USUAL = {"drivable": ["trail"], "rough": ["grass"], "impassable": ["wall"], "dynamic": []}


def labels_of(view: DegradedView, seconds: float, picture: PictureFacts | None = DARK):
    """The labels that points may have after so many seconds of ten pictures each."""
    labels = np.array([[GRASS, TRAIL], [WALL, SKY]], np.uint8)
    for number in range(round(10 * seconds)):
        seen = picture and replace(picture, checksum=number)
        stamp_ns = (100 + number) * NANOSECONDS // 10
        label_map = LabelMap("front", labels, labels, stamp_ns, "optical", facts=seen)
        found = view.for_clouds(label_map)
    assert label_map.labels is labels
    return found.labels.tolist()


def view(groups=USUAL, **parameters) -> DegradedView:
    config = Config.from_parameters(parameters)
    return DegradedView(config, ontology(groups), IssueLog(), lambda *_: True)


def test_ground_is_taken_back_and_what_blocks_stays() -> None:
    # Rough ground can be driven on, too; the sky has no cost at all.
    assert labels_of(view(), 3) == [[255, 255], [WALL, SKY]]
    assert labels_of(view(), 1) == [[GRASS, TRAIL], [WALL, SKY]]


@pytest.mark.parametrize(
    "sound",
    [
        lambda: labels_of(view(), 3, replace(DARK, brightness=90)),
        lambda: labels_of(view(), 3, None),
        lambda: labels_of(view(**{"pictures.watch": False}), 3),
        lambda: labels_of(view({}), 3),
        lambda: labels_of(view({"drivable": ["trail"]}), 3),
    ],
    ids=["bright", "somebody else's labels", "switched off", "no grouping", "no such costs"],
)
def test_labels_stay_where_nothing_is_wrong_or_costs_are_not_known(sound) -> None:
    assert sound() == [[GRASS, TRAIL], [WALL, SKY]]


@pytest.mark.parametrize(("watch", "said"), [(True, ["labels_contradicted"]), (False, [])])
def test_a_watch_that_is_switched_off_says_nothing_of_scans(watch, said) -> None:
    issues = IssueLog()
    config = Config.from_parameters({"pictures.watch": watch})
    degraded = DegradedView(config, ontology(USUAL), issues, lambda *_: True)
    for number in range(30):
        degraded.take(contradicting((100 + number) * NANOSECONDS // 10))
    assert [issue.code for issue in issues.all()] == said


def contradicting(stamp_ns: int) -> SemanticCloud:
    """A scan of whose points half can't be what the front camera says."""
    cloud = PointCloud(np.zeros((1, 1), [(axis, "f4") for axis in "xyz"]), stamp_ns, "lidar")
    one = np.zeros(1, np.uint8)
    confidence = np.zeros(1, np.float32)
    return SemanticCloud("top", cloud, one, confidence, one, one, ("front",), contradicted=(0.5,))


def test_after_a_jump_of_the_clock_the_camera_is_trusted_again() -> None:
    degraded = view()
    labels_of(degraded, 3)
    degraded.clear()
    assert labels_of(degraded, 1) == [[GRASS, TRAIL], [WALL, SKY]]


@pytest.mark.parametrize("watched", [True, False])
def test_a_camera_whose_labels_belong_elsewhere_frees_no_ground(watched) -> None:
    config = Config.from_parameters({"pictures.watch": watched})
    places = {"front": WatchState(answer="lens", is_misplaced=True), "rear": WatchState()}
    seen = DegradedView(config, ontology(USUAL), IssueLog(), lambda *_: True, lambda: places)
    freed = [[GRASS, TRAIL], [WALL, SKY]]
    assert labels_of(seen, 0.1, None) == ([[255, 255], [WALL, SKY]] if watched else freed)
    seen.clear()
    assert ("front" in seen.state()) == watched
    places["front"] = WatchState(answer="fits")
    assert labels_of(seen, 0.1, None) == freed
