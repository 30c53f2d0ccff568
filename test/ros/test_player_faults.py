"""What the bag player does with a bag that is damaged, cut, gone, or not ROS 2's."""

import json
import os
import signal
import subprocess
import sys

import pytest

from seg_perception.io import messages
from seg_perception.io.bag_writer import BagWriter

pytestmark = pytest.mark.ros

START_NS = 1_700_000_000_000_000_000
STEP_NS = 50_000_000
WORDS = 40


@pytest.fixture
def bag(tmp_path):
    """Forty words 50 ms apart, more than are read ahead, each in a chunk of its own."""
    path = tmp_path / "in.mcap"
    with BagWriter(path, "none") as writer:
        for number in range(WORDS):
            text = messages.String(f"word {number}" + " " * 200_000)
            writer.write("/word", text, START_NS + number * STEP_NS)
            writer.flush()
    return path


def play(ros, bag, *options):
    code, out, err = ros.start("bag_player", bag, *options).end(None)
    return code, json.loads(out.splitlines()[-1]) if out else {}, err


def test_a_damaged_chunk_is_counted_told_and_the_exit_code(ros, bag):
    bag.write_bytes(bag.read_bytes().replace(b"word 4", b"word ?"))
    code, report, err = play(ros, bag)
    assert code == 2
    assert (report["sent"], report["lost"]) == ({"/word": WORDS - 1}, {"/word": 1})
    (damage,) = report["damage"]
    assert damage in err
    assert "a chunk is damaged (its size or checksum is wrong)" in damage


def test_a_bag_that_is_cut_while_it_plays_is_told(ros, bag, wait_until):
    from std_msgs.msg import String

    words = []
    ros.node("listener").create_subscription(String, "/word", lambda m: words.append(m.data), 10)
    player = ros.start("bag_player", bag, "--wait")
    wait_until(lambda: words, "the first word")
    os.truncate(bag, bag.stat().st_size * 3 // 4)
    code, out, err = player.end(None)
    assert code == 2
    report = json.loads(out)
    assert report["sent"]["/word"] + report["lost"]["/word"] == WORDS
    assert report["lost"]["/word"] >= WORDS // 4
    assert "the file was cut while it was read" in err


@pytest.mark.parametrize("how", ["gone", "cut", "empty"])
def test_a_bag_that_disappears_ends_a_loop(ros, bag, wait_until, how):
    from std_msgs.msg import String

    words = []
    ros.node("listener").create_subscription(String, "/word", lambda m: words.append(m.data), 10)
    player = ros.start("bag_player", bag, "--wait", "--loop", "--rate", "4")
    wait_until(lambda: len(words) >= 3, "three words")
    if how == "gone":
        bag.unlink()
    else:
        os.truncate(bag, 0 if how == "empty" else bag.stat().st_size // 2)
    if how == "cut":
        wait_until(lambda: len(words) > 2 * WORDS, "what is left, again")
        code, out, err = player.end(signal.SIGTERM)
    else:
        code, out, err = player.end(None)
    assert code == 2
    report = json.loads(out)
    assert report["lost"]["/word"] > 0
    expected = "is it still there?" if how == "gone" else "the file was cut while it was read"
    assert expected in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_player_that_is_ended_says_what_it_sent(ros, bag, wait_until, number):
    from std_msgs.msg import String

    words = []
    ros.node("listener").create_subscription(String, "/word", lambda m: words.append(m.data), 10)
    player = ros.start("bag_player", bag, "--wait", "--loop")
    wait_until(lambda: words, "the first word")
    code, out, err = player.end(number)
    assert code == 0, err
    report = json.loads(out)
    assert report["sent"]["/word"] > 0
    assert report["lost"] == {}


SLOW_DISK = """
import sys, time
from seg_perception.io import bag_folder
from seg_perception.ros import bag_player
def unpack_slowly(*_):
    print("unpacks", flush=True)
    time.sleep(3600)
bag_folder.unpack_file = unpack_slowly
sys.exit(bag_player.main(sys.argv))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_player_that_is_ended_while_it_unpacks_leaves_nothing(ros_environment, tmp_path, number):
    packed, scratch = tmp_path / "in.db3.zstd", tmp_path / "scratch"
    packed.write_bytes(b"packed")
    scratch.mkdir()
    player = subprocess.Popen(
        [sys.executable, "-c", SLOW_DISK, packed],
        env=dict(ros_environment, TMPDIR=str(scratch)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with player:
        assert player.stdout.readline() == "unpacks\n"
        assert list(scratch.iterdir())
        player.send_signal(number)
        assert player.stderr.read() == ""
    assert player.returncode == 128 + number
    assert not list(scratch.iterdir())


def test_topics_that_ros_2_can_not_have_cost_no_other(ros, tmp_path):
    path = tmp_path / "odd.mcap"
    with BagWriter(path) as writer:
        for topic in ("/word", "/front-left/word", "/2nd", "/with space", "word/"):
            writer.write(topic, messages.String("a"), START_NS)
        writer.write_raw("/json", "A", b"{}", START_NS, False, ("jsonschema", "{}"), "json")
        for number, odd in enumerate(("", "/msg/A", ".os/msg/A", "os/msg/path", "none/msg/A")):
            writer.write_raw(f"/type_{number}", odd, b"\0\1\0\0", START_NS)
    code, report, err = play(ros, path)
    assert code == 0, err
    assert report["sent"] == {"/word": 1}
    assert len(report["skipped"]) == 10
    assert "rename it in the bag" in report["skipped"]["/front-left/word"]
    assert "serialised as 'json'" in report["skipped"]["/json"]


def test_a_message_that_is_none_costs_no_other(ros, tmp_path):
    path = tmp_path / "odd.mcap"
    with BagWriter(path) as writer:
        for number, data in enumerate((b"", b"\0\1\0\0\2\0\0\0a\0")):
            writer.write_raw("/word", "std_msgs/msg/String", data, START_NS + number)
    code, report, err = play(ros, path)
    assert code == 2
    assert (report["sent"], report["lost"]) == ({"/word": 1}, {"/word": 1})
    assert "/word: expected a message, got 0 bytes" in err


def test_a_bag_without_a_topic_that_can_be_played_is_told(ros, tmp_path):
    path = tmp_path / "odd.mcap"
    with BagWriter(path) as writer:
        writer.write("/a-b", messages.String("a"), START_NS)
    code, _, err = play(ros, path)
    assert code == 2
    assert "expected topics that can be published, got none: ROS 2 has no topics of such" in err


@pytest.mark.parametrize(
    "arguments",
    [
        *(("--rate", value) for value in ("inf", "nan", "0", "-1", "1e300", "fast")),
        *(("--tail", value) for value in ("nan", "inf", "-1")),
        *(("--delay", "nan"), ("--clock-hz", "inf"), ("--wait-timeout", "1e300")),
    ],
)
def test_numbers_that_are_none_are_refused_with_a_sentence(capsys, arguments):
    from seg_perception.ros import bag_player

    with pytest.raises(SystemExit) as ended:
        bag_player.main(["bag_player", "any.mcap", *arguments])
    assert ended.value.code == 2
    assert f"argument {arguments[0]}: expected a number from " in capsys.readouterr().err
