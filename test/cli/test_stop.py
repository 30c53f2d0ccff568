"""A signal stops work between two steps: what was done is kept, and it is said where it ended."""

import json
import os
import signal

import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.cli.progress import stoppable_bar
from seg_perception.core.errors import StoppedError
from seg_perception.io.bag_reader import BagReader
from seg_perception.replay.session import Session

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture
def stop_at(monkeypatch):
    """Send this process a signal while the work is at a message."""

    def arrange(number, wanted):
        feed, fed = Session.feed, []

        def feed_and_stop(self, message):
            fed.append(message)
            if len(fed) == wanted:
                os.kill(os.getpid(), number)
            feed(self, message)

        monkeypatch.setattr(Session, "feed", feed_and_stop)
        return fed

    return arrange


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_ends_the_step_and_the_second_the_work(number):
    handlers = [signal.getsignal(n) for n in SIGNALS]
    with stoppable_bar("work") as advance:
        advance(1, 3)
        os.kill(os.getpid(), number)
        assert [signal.getsignal(n) for n in SIGNALS] == handlers  # as it was, for the second
        with pytest.raises(StoppedError, match=f"stopped by {number.name} after 2 of 3") as stopped:
            advance(2, 3)
    assert stopped.value.number == number
    assert [signal.getsignal(n) for n in SIGNALS] == handlers


@pytest.mark.parametrize("number", SIGNALS)
def test_a_replay_that_is_stopped_is_whole_as_far_as_it_came(world, stop_at, number):
    fed = stop_at(number, 10)
    out = world.folder / "out.mcap"
    bundle = f"segmentation.bundle={world.bundle}"
    arguments = ["replay", world.bag(), "-o", out, "--set", bundle, "--json"]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert len(fed) == 10
    assert result.exit_code == 2, result.output
    summary = json.loads(result.stdout)
    assert summary["balanced"] is True
    (problem,) = summary["problems"]
    assert problem.startswith(f"stopped by {number.name} after 10 of ")
    with BagReader(out) as bag:
        labelled = len(list(bag.messages(["/camera/front/semantic/label_image"])))
        assert bag.warnings == ()
    assert labelled == summary["streams"]["camera.front"]["published"] > 0


def test_frames_are_chosen_among_those_that_were_seen(world, stop_at):
    stop_at(signal.SIGTERM, 10)
    out = world.folder / "mined"
    bundle = f"segmentation.bundle={world.bundle}"
    arguments = ["mine", world.bag(), "-o", out, "-n", 2, "--set", bundle, "--json"]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 2, result.output
    assert "stopped by SIGTERM after 10 of" in result.stderr
    assert list((out / "images").iterdir())
