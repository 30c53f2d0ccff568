import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.issue_log import IssueLog
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.frame_convention import FrameConventionDetector

SECOND = 1_000_000_000


def motion(way_m: float, turn_rad: float, fixed_frame: str = "odom") -> EgoMotion:
    """A camera that goes ahead and turns at even rates, so much in ten seconds."""
    tree = TransformTree(buffer_s=20.0)
    for second in range(11):
        angle = turn_rad * second / 10
        T = np.eye(4)
        T[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        T[0, 3] = way_m * second / 10
        tree.set_timed("odom", "camera", second * SECOND, T)
    config = Config.from_parameters({"transforms.fixed_frame": fixed_frame})
    return EgoMotion(config, tree, FrameConventionDetector(config, IssueLog()))


@pytest.mark.parametrize(
    ("way_m", "turn_rad", "moved"),
    [(0.0, 0.0, False), (0.1, 0.0, False), (0.4, 0.0, True), (0.0, 0.03, False), (0.0, 0.2, True)],
)
def test_a_frame_moves_by_5_cm_or_half_a_degree(way_m, turn_rad, moved) -> None:
    # Of the two seconds asked for, the last three tenths are left out: 17 % of the whole way.
    assert motion(way_m, turn_rad).has_moved("camera", 2 * SECOND, 4 * SECOND) is moved


def test_who_does_not_know_says_so() -> None:
    assert motion(5, 0).has_moved("lidar", 2 * SECOND, 4 * SECOND) is None
    assert motion(5, 0).has_moved("camera", 2 * SECOND, 40 * SECOND) is None
    assert motion(5, 0, fixed_frame="").has_moved("camera", 2 * SECOND, 4 * SECOND) is None
