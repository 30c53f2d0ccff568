"""Transitions in every order leave a node that lives and says what was wrong."""

import itertools
import threading

import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState

from seg_perception.core.errors import BundleError, ConfigError
from seg_perception.ros.lifecycle import ManagedNode

pytestmark = pytest.mark.ros

REQUESTS = {
    "configure": Transition.TRANSITION_CONFIGURE,
    "activate": Transition.TRANSITION_ACTIVATE,
    "deactivate": Transition.TRANSITION_DEACTIVATE,
    "cleanup": Transition.TRANSITION_CLEANUP,
    "shutdown": Transition.TRANSITION_ACTIVE_SHUTDOWN,
}
AFTER = {
    ("unconfigured", "configure"): "inactive",
    ("inactive", "activate"): "active",
    ("active", "deactivate"): "inactive",
    ("inactive", "cleanup"): "unconfigured",
    ("active", "shutdown"): "finalized",
}


class Worker(ManagedNode):
    """Notes its steps; raises what it is told to."""

    def __init__(self, name="worker", **options):
        super().__init__(name, **options)
        self.steps = []
        self.errors = {}

    def _step(self, name):
        self.steps.append(name)
        if error := self.errors.get(name):
            raise error

    def configure(self):
        self._step("configure")

    def activate(self):
        self._step("activate")

    def deactivate(self):
        self._step("deactivate")

    def cleanup(self):
        self._step("cleanup")


@pytest.fixture
def worker(ros):
    return Worker(context=ros.context)


@pytest.fixture
def ask(ros, worker, wait_until):
    """Ask the spinning node's service `change_state`; its answer."""
    ros.add(worker)

    def call(request):
        change_state = worker._service_change_state.callback
        task = ros._executor.create_task(change_state, request, ChangeState.Response())
        wait_until(task.done, "an answer")
        return task.result()

    return call


@pytest.mark.parametrize("order", list(itertools.permutations(REQUESTS))[::7])
def test_requests_in_any_order_are_granted_or_refused(worker, ask, order):
    for request in order:
        expected = AFTER.get((worker.state, request))
        before = worker.state
        message = ChangeState.Request(transition=Transition(id=REQUESTS[request]))
        answer = ask(message)
        assert answer.success == (expected is not None), (before, request)
        assert worker.state == (expected or before)
    worker.end()
    assert worker.steps.count("configure") == worker.steps.count("cleanup")
    assert worker.steps.count("activate") == worker.steps.count("deactivate")


@pytest.mark.parametrize("before", [[], ["configure"], ["configure", "activate"]])
def test_the_end_comes_from_every_state_and_is_final(worker, ask, before):
    def is_granted(label):
        message = ChangeState.Request(transition=Transition(label=label))
        return ask(message).success

    for request in [*before, "shutdown"]:
        assert is_granted(request)
    assert worker.state == "finalized"
    assert not any(is_granted(request) for request in REQUESTS)
    assert worker.steps.count("configure") == worker.steps.count("cleanup")
    assert worker.steps.count("activate") == worker.steps.count("deactivate")


def test_an_impossible_request_over_the_graph_is_refused_and_the_node_lives(ros, robot, worker):
    ros.add(worker)
    nothing = ChangeState.Request(transition=Transition(label="no such transition"))
    client = robot.client(ChangeState, "/worker/change_state", nothing)
    for request, success in (("deactivate", False), ("configure", True), ("configure", False)):
        asked = ChangeState.Request(transition=Transition(id=REQUESTS[request]))
        assert client.ask(asked).success == success
    assert worker.state == "inactive"


def test_autostart_goes_on_until_it_works(ros, worker, wait_until, monkeypatch):
    monkeypatch.setattr("seg_perception.ros.lifecycle.RETRY_S", 0.05)
    worker.errors["configure"] = BundleError("no such bundle")
    worker.autostart()
    ros.add(worker)
    wait_until(lambda: worker.steps.count("configure") >= 2, "a second attempt")
    wait_until(lambda: worker.state == "unconfigured", "the end of an attempt")
    wait_until(lambda: worker.failure == "no such bundle", "its reason")
    worker.errors.clear()
    wait_until(lambda: worker.state == "active", "success")
    assert worker.failure == ""


def test_autostart_does_not_repeat_what_only_a_new_file_mends(ros, worker, wait_until, monkeypatch):
    monkeypatch.setattr("seg_perception.ros.lifecycle.RETRY_S", 0.01)
    worker.errors["configure"] = ConfigError("unknown parameter 'x'")
    worker.autostart()
    ros.add(worker)
    wait_until(worker._starter.is_canceled, "the end of the attempts")
    assert worker.steps == ["configure", "cleanup"]


@pytest.mark.parametrize("error", [ConfigError("bad"), RuntimeError("unforeseen")])
def test_what_a_failed_activation_began_is_ended(worker, error):
    worker.trigger_configure()
    worker.errors["activate"] = error
    worker.trigger_activate()
    assert worker.steps[:3] == ["configure", "activate", "deactivate"]
    assert not worker.is_active
    assert str(error) in worker.failure or repr(error) in worker.failure
    assert worker.state in ("inactive", "unconfigured")


@pytest.fixture
def loading(ros, robot, worker):
    """A node whose model takes until it is let go, asked to configure over the graph."""
    go = threading.Event()
    load = worker.configure

    def configure():
        load()
        go.wait()

    worker.configure = configure
    ros.add(worker)
    nothing = ChangeState.Request(transition=Transition(label="no such transition"))
    client = robot.client(ChangeState, "/worker/change_state", nothing)
    yield go, client
    go.set()


def test_a_node_that_configures_answers_and_refuses(robot, worker, loading, wait_until):
    go, client = loading

    def request(name):
        return ChangeState.Request(transition=Transition(id=REQUESTS[name]))

    state = robot.client(GetState, "/worker/get_state", GetState.Request())
    asked = client.call(request("configure"))
    wait_until(lambda: worker.steps, "the step")
    for refused in ("configure", "activate", "shutdown"):
        assert not client.ask(request(refused)).success
    assert state.ask(GetState.Request()).current_state.label == "configuring"
    assert not asked.done()
    go.set()
    wait_until(asked.done, "the answer")
    assert asked.result().success
    assert worker.state == "inactive"
    assert client.ask(request("activate")).success
    assert worker.steps == ["configure", "activate"]


@pytest.mark.parametrize("error", [BundleError("no such bundle"), RuntimeError("unforeseen")])
def test_what_fails_on_the_loading_thread_is_answered_as_ever(worker, loading, error):
    go, client = loading
    worker.errors["configure"] = error
    go.set()
    request = ChangeState.Request(transition=Transition(label="configure"))
    assert not client.ask(request).success
    assert worker.state == "unconfigured"
    assert str(error) in worker.failure
    assert worker.steps == ["configure", "cleanup"]
    worker.errors.clear()
    assert client.ask(request).success
