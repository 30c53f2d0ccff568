"""Recordings whose files are not as their metadata.yaml has them."""

from __future__ import annotations

import shutil

import pytest
from backports import zstd
from rosbags.rosbag2 import CompressionMode, StoragePlugin

from seg_perception.core.errors import BagError
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_storage import is_latched

STORAGES = {"mcap": (StoragePlugin.MCAP, 9), "db3": (StoragePlugin.SQLITE3, 8)}


@pytest.mark.parametrize("kind", STORAGES)
def test_a_lone_file_of_a_message_compressed_bag_is_read(bags, tmp_path, kind):
    """Only metadata.yaml says that messages are compressed, and it stayed behind."""
    folder = tmp_path / "bag"
    expected = bags.write_by_rosbags(folder, *STORAGES[kind], CompressionMode.MESSAGE)
    assert bags.read(folder) == expected
    assert bags.read(folder / f"bag.{kind}") == expected
    (folder / "metadata.yaml").unlink()
    assert bags.read(folder) == expected


def test_messages_that_were_unpacked_by_hand_are_read(bags, tmp_path):
    folder = tmp_path / "bag"
    bags.write_by_rosbags(tmp_path / "packed", StoragePlugin.MCAP, 9, CompressionMode.MESSAGE)
    expected = bags.write_by_rosbags(folder, StoragePlugin.MCAP, 9)
    metadata = (tmp_path / "packed" / "metadata.yaml").read_text()
    (folder / "metadata.yaml").write_text(metadata.replace("packed.mcap", "bag.mcap"))
    assert bags.read(folder) == expected


def test_another_compression_of_messages_is_named(bags, tmp_path):
    folder = tmp_path / "bag"
    bags.write_by_rosbags(folder, StoragePlugin.MCAP, 9, CompressionMode.MESSAGE)
    metadata = folder / "metadata.yaml"
    metadata.write_text(metadata.read_text().replace("format: zstd", "format: fake"))
    with pytest.raises(BagError, match="compressed by zstd, got fake; convert it"):
        BagReader(folder)


@pytest.mark.parametrize("kind", STORAGES)
def test_a_file_that_was_unpacked_or_packed_by_hand_is_read(bags, tmp_path, kind):
    packed = tmp_path / "bag"
    expected = bags.write_by_rosbags(packed, *STORAGES[kind], CompressionMode.FILE)
    (file,) = packed.glob("*.zstd")
    file.with_suffix("").write_bytes(zstd.decompress(file.read_bytes()))
    file.unlink()
    assert bags.read(packed) == expected
    plain = tmp_path / "plain"
    bags.write_by_rosbags(plain, *STORAGES[kind])
    file = plain / f"plain.{kind}"
    (plain / f"plain.{kind}.zstd").write_bytes(zstd.compress(file.read_bytes()))
    file.unlink()
    assert bags.read(plain) == expected


def test_a_file_that_was_renamed_is_read_and_told(bags, tmp_path):
    expected = bags.write_by_rosbags(tmp_path / "bag", StoragePlugin.MCAP, 9)
    (tmp_path / "bag" / "bag.mcap").rename(tmp_path / "bag" / "forest.mcap")
    assert bags.read(tmp_path / "bag") == expected
    with BagReader(tmp_path / "bag") as bag:
        (said,) = bag.remarks
        assert bag.warnings == ()
    assert "names ['bag.mcap'], which are missing; read ['forest.mcap'] instead" in said


def test_files_of_which_one_may_be_lost_are_refused(bags, tmp_path):
    folder = tmp_path / "bag"
    bags.write_by_rosbags(folder, StoragePlugin.MCAP, 9)
    shutil.copy(folder / "bag.mcap", folder / "one.mcap")
    (folder / "bag.mcap").rename(folder / "two.mcap")
    with pytest.raises(BagError, match=r"are missing: \['bag.mcap'\]; copy them, or remove meta"):
        BagReader(folder)


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 123456\n"


@pytest.mark.parametrize("name", ["a.mcap", "a.db3", "a.bag", "a.mcap.zstd"])
def test_a_git_lfs_pointer_in_place_of_a_bag_is_told(tmp_path, name):
    (tmp_path / name).write_bytes(POINTER)
    for path in (tmp_path, tmp_path / name):
        with pytest.raises(BagError, match=f"{name}: expected the file itself.*`git lfs pull`"):
            BagReader(path)


ALIASES = "a0: &a0 [x]\n" + "\n".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)
)


@pytest.mark.parametrize("text", [ALIASES, "[" * 100_000, "a: &a [*a]", f"a: {'9' * 5000}"])
def test_metadata_that_never_ends_is_a_warning_and_the_files_are_read(bags, tmp_path, text):
    folder = tmp_path / "bag"
    expected = bags.write_by_rosbags(folder, StoragePlugin.MCAP, 9)
    (folder / "metadata.yaml").write_text(text)
    assert bags.read(folder) == expected
    with BagReader(folder) as bag:
        assert "going by the files" in bag.warnings[0]


@pytest.mark.parametrize("text", [ALIASES, "[" * 100_000, "- &a [*a]", f"- {'9' * 5000}"])
def test_qos_profiles_that_never_end_count_as_none(text):
    assert is_latched("/tf_static", text)
    assert not is_latched("/tf", text)
