"""Recordings of others: ROS 1, packets without a decoder, no serialisation format."""

from __future__ import annotations

import numpy as np
import pytest

from seg_perception.io.images import decode_label_image

PACKETS = {
    "continental/ars548/1708578204": "nebula_msgs/msg/NebulaPackets",
    "continental/srr520/1708578209": "nebula_msgs/msg/NebulaPackets",
    "velodyne/vlp16/1673400471837873222": "velodyne_msgs/msg/VelodyneScan",
}
WITHOUT_FORMAT = "velodyne/vls128/1614315746471294674"


@pytest.mark.parametrize("name", ["tiny.bag", "tiny.mcap"])
def test_images_of_ros_1_are_labelled(name, real, command, tmp_path):
    outcome = command.replay(real / "roboto_tiny" / name, tmp_path / "out.mcap")
    assert outcome.code == 0, outcome.stderr
    summary = outcome.json
    assert summary["balanced"]
    assert {name: count["published"] for name, count in summary["streams"].items()} == {
        "camera.dvs": 4,
        "camera.dvs1": 3,
    }
    labels = [decode_label_image(m) for m in outcome.messages("/dvs/semantic/label_image")]
    assert [label.shape for label in labels] == [(192, 480)] * 4
    # Of three equal channels the first is the brightest.
    assert np.unique(labels).tolist() == [0]


def test_both_ways_to_keep_ros_1_give_the_same_labels(real, command, tmp_path):
    outcomes = [
        command.replay(real / "roboto_tiny" / name, tmp_path / name / "out.mcap")
        for name in ("tiny.bag", "tiny.mcap")
    ]
    headers = [[m.header for m in o.messages("/dvs/semantic/label_image")] for o in outcomes]
    stamps = [[(h.stamp.sec, h.stamp.nanosec) for h in each] for each in headers]
    assert stamps[0] == stamps[1]
    assert len(set(stamps[0])) == 4


@pytest.mark.parametrize("name", PACKETS)
def test_a_bag_of_packets_is_described_and_refused(name, real, command, tmp_path):
    bag = real / "nebula_bags" / name
    outcome = command.inspect(bag)
    assert outcome.code == 2
    assert [topic["type"] for topic in outcome.json["topics"]] == [PACKETS[name]]
    no_camera, unread = outcome.json["issues"]
    assert "first; labels come from the images of a camera beside" in no_camera["sentence"]
    assert f"left out: it carries {PACKETS[name]}" in unread["sentence"]
    assert unread["mend"].startswith("run ")
    outcome = command.replay(bag, tmp_path / "out.mcap")
    assert outcome.code == 2
    assert outcome.stderr.startswith("error: no camera image among")
    assert not (tmp_path / "out.mcap").exists()


def test_a_bag_without_serialisation_format_says_where_to_write_it(real, command, tmp_path):
    bag = real / "nebula_bags" / WITHOUT_FORMAT
    for outcome in (command.inspect(bag), command.replay(bag, tmp_path / "out.mcap")):
        assert outcome.code == 2
        assert outcome.stdout == ""
        assert "set serialization_format: cdr in the bag's metadata.yaml" in outcome.stderr
        assert outcome.stderr.count("\n") == 1
