"""A real node among streaming sensors goes through every order of transitions."""

import itertools
import json

import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState

from seg_perception.io import messages
from seg_perception.io.pointcloud2 import decode_cloud

pytestmark = pytest.mark.ros

AFTER = {
    ("unconfigured", "configure"): "inactive",
    ("inactive", "activate"): "active",
    ("active", "deactivate"): "inactive",
    ("inactive", "cleanup"): "unconfigured",
}
REQUESTS = [request for _, request in AFTER]
STREAM_S = 0.02


def every_order(symbols, length):
    """A sequence that holds every word of this length once (de Bruijn).

    The Lyndon words whose length divides that of the words, one after the other in
    alphabetical order (Fredricksen, Kessler, Maiorana), and the beginning once more.
    """
    cycle, word = [], [-1]
    while word:
        word[-1] += 1
        if length % len(word) == 0:
            cycle += word
        word = [word[i % len(word)] for i in range(length)]
        while word and word[-1] == len(symbols) - 1:
            word.pop()
    return [symbols[index] for index in [*cycle, *cycle[: length - 1]]]


def test_the_sequence_holds_every_order():
    walk = every_order(REQUESTS, 4)
    words = {tuple(walk[i : i + 4]) for i in range(len(walk) - 3)}
    assert words == set(itertools.product(REQUESTS, repeat=4))
    assert len(walk) == 4**4 + 3


class Managed:
    """A node that is asked from without, while sensors stream."""

    def __init__(self, robot, process):
        self.robot = robot
        self.process = process
        self._change = robot.lifecycle()
        self._get = robot.client(GetState, "/perception_node/get_state", GetState.Request())

    def ask(self, label):
        return self._change.call(ChangeState.Request(transition=Transition(label=label)))

    def grants(self, label):
        return self._change.ask(ChangeState.Request(transition=Transition(label=label))).success

    def state(self):
        return self._get.ask(GetState.Request()).current_state.label


@pytest.fixture
def managed(ros, robot, parameters):
    robot.advertise()
    file = parameters(**{"node.autostart": False})
    process = ros.start("perception_node", "--ros-args", "--params-file", file)
    asked = Managed(robot, process)
    with robot.streaming(STREAM_S, lambda: robot.step(robot.now_ns())):
        yield asked


def test_every_order_of_four_requests_while_messages_stream_in(managed, wait_until):
    clouds = managed.robot.listen("/top/semantic/points", messages.PointCloud2.type_name)
    state, granted = managed.state(), 0
    assert state == "unconfigured"
    for number, request in enumerate(every_order(REQUESTS, 4)):
        expected = AFTER.get((state, request))
        assert managed.grants(request) == (expected is not None), (number, state, request)
        state, granted = expected or state, granted + (expected is not None)
    assert managed.state() == state
    assert granted > 60

    while state != "active":
        request = "configure" if state == "unconfigured" else "activate"
        assert managed.grants(request)
        state = AFTER[state, request]
    clouds.clear()

    def is_labelled():
        newest = decode_cloud(clouds[-1]).points["label"] if clouds else None
        return newest is not None and newest.ravel().tolist() == list(managed.robot.LABELS)

    wait_until(is_labelled, "a labelled cloud")
    # Requests that do not wait for each other are answered in their order.
    orders = ["deactivate", "activate", "activate", "deactivate", "cleanup", "configure"]
    answers = [managed.ask(request) for request in orders]
    wait_until(lambda: all(answer.done() for answer in answers), "every answer")
    assert [a.result().success for a in answers] == [True, True, False, True, True, True]
    code, out, err = managed.process.end()
    assert code == 0, err
    assert "Traceback" not in err
    for name, count in json.loads(out.splitlines()[-1])["streams"].items():
        assert count["received"] == count["published"] + sum(count["dropped"].values()), name


def test_after_the_shutdown_transition_nothing_is_possible(managed):
    for request in ("configure", "activate", "shutdown"):
        assert managed.grants(request)
    assert managed.state() == "finalized"
    for request in [*REQUESTS, "shutdown"]:
        assert not managed.grants(request)
    code, _, err = managed.process.end()
    assert code == 0, err
    assert "Traceback" not in err
