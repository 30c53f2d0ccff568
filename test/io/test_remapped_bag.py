"""Topics of a bag under other names."""

from __future__ import annotations

import pytest

from seg_perception.core.errors import BagError, ConfigError
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.remapped_bag import RemappedBag


def named(path, *rules, topics=None):
    """The log times by the names under which a bag is read, and the names that it lists."""
    times = {}
    with BagReader(RemappedBag.of(path, rules)) as bag:
        for message in bag.messages(topics):
            times.setdefault(message.topic, []).append(message.log_time_ns)
        assert {t.name: t.count for t in bag.topics if topics is None or t.name in topics} == {
            name: len(found) for name, found in times.items()
        }
        assert bag.path == path
    return times


@pytest.fixture(params=["a.mcap", "folder"])
def bag(request, world):
    """One message on each of three topics, at 1, 2 and 3 ns."""
    path = world.folder / request.param
    with BagWriter(path) as writer:
        for time_ns, topic in enumerate(("/tf", "/a200/tf", "/front"), start=1):
            writer.write(topic, world.mounting(), time_ns)
    return path


def test_who_reads_the_first_name_gets_the_bags_second(bag):
    assert named(bag, "/tf:=/a200/tf") == {"/tf": [2], "/front": [3]}
    assert named(bag, "/tf:=/a200/tf", topics={"/tf"}) == {"/tf": [2]}
    assert named(bag, "/b:=/front", "/tf:=/a200/tf") == {"/tf": [2], "/b": [3]}


def test_names_can_be_swapped(bag):
    swapped = named(bag, "/tf:=/front", "/front:=/tf")
    assert swapped == {"/front": [1], "/a200/tf": [2], "/tf": [3]}


def test_without_rules_nothing_changes(bag):
    assert named(bag) == {"/tf": [1], "/a200/tf": [2], "/front": [3]}


@pytest.mark.parametrize("rule", ["tf:=a200/tf", "/tf:=/a200//tf/"])
def test_names_are_made_full(bag, rule):
    assert named(bag, rule) == {"/tf": [2], "/front": [3]}


def test_a_name_that_another_rule_takes_away_is_not_read(bag):
    left = r"expected one of the topics \['/front', '/tf'\]"
    renamed = RemappedBag.of(bag, ["/tf:=/a200/tf"])
    with BagReader(renamed) as reader, pytest.raises(BagError, match=left):
        reader.messages({"/a200/tf"})


def test_a_topic_that_the_bag_does_not_have_is_refused(bag):
    expected = r"--remap /tf:=/a201/tf: expected one of its topics \['/a200/tf', '/front', '/tf'\]"
    with pytest.raises(BagError, match=expected):
        BagReader(RemappedBag.of(bag, ["/tf:=/a201/tf"]))


@pytest.mark.parametrize("rule", ["/tf", "/tf:=", ":=/tf", "node:/tf:=/a", "~/tf:=/a", "/tf:=/"])
def test_what_is_no_rule_is_refused(rule):
    with pytest.raises(ConfigError, match=r"expected FROM:=TO, two names of topics, for instance"):
        RemappedBag.of("a.mcap", [rule])


def test_rules_that_do_not_go_together_are_refused():
    with pytest.raises(ConfigError, match="/tf is /a already; leave out one"):
        RemappedBag.of("a.mcap", ["/tf:=/a", "tf:=b"])
    with pytest.raises(ConfigError, match="/a is given two names; leave out one"):
        RemappedBag.of("a.mcap", ["/tf:=/a", "/b:=/a"])
    assert RemappedBag.of("a.mcap", ["/tf:=/a", "tf:=a"]).remappings == {"/tf": "/a"}
