"""The demo's account: no message is lost without a word."""

import pytest

from seg_perception.demo.summary import Reports, account

IMAGE, POINTS = "/camera/front/image_raw", "/lidar/top/points"


LABELS, CLOUD = "/camera/front/semantic/label_image", "/lidar/top/semantic/points"


def reports():
    camera = {"received": 9, "published": 6, "dropped": {"superseded": 3}, "in_flight": 0}
    lidar = {"received": 9, "published": 9, "dropped": {}, "in_flight": 0}
    return (
        {"sent": {IMAGE: 10, POINTS: 9}},
        {
            "streams": {"camera.front": camera, "lidar.top": lidar},
            "lost_in_transport": {"camera.front": 1, "lidar.top": 0},
        },
        {"recorded": {LABELS: 6, CLOUD: 9}},
    )


def test_an_account_without_gaps_is_complete(world):
    found = account(world.config(), Reports(*reports()), 2.0)
    assert found["camera.front"].complete
    assert found["lidar.top"].complete
    assert found["camera.front"].rate_hz == 3.0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda player, _node, _recorder: player["sent"].update({IMAGE: 11}),
        lambda _player, node, _recorder: node["lost_in_transport"].update({"camera.front": 0}),
        lambda _player, node, _recorder: node["streams"]["camera.front"]["dropped"].clear(),
        lambda _player, _node, recorder: recorder["recorded"].update({LABELS: 5}),
    ],
    ids=["sent more", "not lost", "not dropped", "not recorded"],
)
def test_a_gap_anywhere_is_seen(world, spoil):
    spoiled = reports()
    spoil(*spoiled)
    assert not account(world.config(), Reports(*spoiled), 2.0)["camera.front"].complete
