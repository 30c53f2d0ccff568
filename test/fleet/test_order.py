"""Names of bags, and the command line of each."""

from pathlib import Path

from seg_perception.fleet.order import Bag, Order, name_bags


def test_bags_of_one_name_get_folders_of_their_own_which_they_keep():
    first = name_bags([Path("/a/drive.mcap"), Path("/b/drive.mcap"), Path("/a/drive.mcap")])
    assert [bag.name for bag in first] == ["drive", "drive_2"]
    later = name_bags([Path("/c/drive.mcap"), Path("/b/drive.mcap")], first)
    assert [bag.name for bag in later] == ["drive_3", "drive_2"]


def test_the_command_line_of_one_bag_ends_with_the_options_of_all():
    order = Order(
        command="mine", options=("--count", "3"), folder="/runs/f", working_folder="/work"
    )
    found = order.arguments(Bag(name="drive", path="/a/drive.mcap"), Path("/runs/x"))
    assert found == [
        "mine",
        "/a/drive.mcap",
        "--output",
        "/runs/x/frames",
        "--json",
        "--count",
        "3",
    ]
