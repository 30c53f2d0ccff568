"""A click on a point is a click in every picture that sees it."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from seg_perception.inference.bundle import Bundle
from seg_perception.io.remapped_bag import RemappedBag
from seg_perception.teaching.choice import choose_of_bag
from seg_perception.teaching.clicks import Click
from seg_perception.teaching.config import parse_teaching
from seg_perception.teaching.session import begin, open_session

pytest.importorskip("torch")
pytest.importorskip("onnx")


@pytest.fixture
def session(world, helpers, tmp_path, small_bundle):
    """A teaching on a drive of half a metre a picture; the model is not asked about its colours."""
    bag = RemappedBag.of(world.bag(helpers.driving(world, 14, 0.1)))
    config = world.config(transforms__fixed_frame="odom")
    wishes = parse_teaching(
        {"frames": 2, "gate_share": 0.3, "neighbours": 2, "neighbour_gap_s": 0.2}
    )
    chosen = choose_of_bag(bag, config, wishes, lambda _: nullcontext(lambda _done, _total: None))
    folder = tmp_path / "teaching"
    begin(folder, Bundle.load(small_bundle), str(small_bundle), [str(bag)], chosen, (), wishes)
    with open_session(folder) as opened:
        yield opened


def pixel_of(world, stamp_ns, point):
    """Where a point stands in the picture of a stamp: u = 31.5 - 32 y / x, v = 23.5 - 32 z / x."""
    x, y, z = point
    way = (stamp_ns - world.start_ns) / (100 * world.ms) * 0.1
    return 31.5 - 32 * y / (x - way), 23.5 - 32 * z / (x - way)


def test_a_click_on_a_point_is_carried_to_where_its_neighbours_see_it(session, world, helpers):
    from seg_perception.teaching.learning.carried import CarriedClicks

    point = helpers.points[0]
    link = session.links[0]
    frame = session.frames[link.frame]
    u, v = pixel_of(world, frame.stamp_ns, point)
    click = Click(frame.name, frame.stamp_ns, round(u), round(v), "grass", "ann", "free", "teach")
    carried = CarriedClicks(session, [click])
    others = {f.name: f for f in (*session.settings.neighbours, *session.settings.frames)}
    assert carried.count == sum(a.frame == frame.name for a in session.links) > 0
    for name, points in carried.points.items():
        assert others[name].part == "teach"
        expected = pixel_of(world, others[name].stamp_ns, point)
        for found in points:
            assert found.label == session.ontology.ids["grass"]
            assert abs(found.column - expected[0]) <= 1.01
            assert abs(found.row - expected[1]) <= 1.01
        assert carried.picture(name).shape == (48, 64, 3)


def test_a_click_beside_all_points_is_not_carried(session):
    from seg_perception.teaching.learning.carried import CarriedClicks

    frame = session.of_part("teach")[0]
    click = Click(frame.name, frame.stamp_ns, 5, 3, "sky", "ann", "free", "teach")
    carried = CarriedClicks(session, [click])
    assert carried.points == {}
    assert carried.count == 0


def test_neighbours_are_not_asked_and_not_shown(session):
    neighbours = {frame.name for frame in session.settings.neighbours}
    assert neighbours
    assert neighbours.isdisjoint(session.frames)
