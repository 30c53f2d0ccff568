"""A zip from anywhere is unpacked inside its folder and within bounds."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from fuzz import bombs
from seg_perception.core.errors import BundleError
from seg_perception.inference import archive
from seg_perception.inference.archive import unpack
from seg_perception.io.bounded import Bound


def zipped(tmp_path: Path, entries: dict[str, bytes]) -> Path:
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in entries.items():
            target.writestr(name, data)
    return path


def test_files_keep_their_places(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"manifest.json": b"{}", "golden/0.png": b"png"})
    root = unpack(path, tmp_path / "out")
    assert root == tmp_path / "out"
    assert (root / "golden/0.png").read_bytes() == b"png"


def test_the_one_folder_in_a_zip_is_the_bundle(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"field/manifest.json": b"{}"})
    assert unpack(path, tmp_path / "out") == tmp_path / "out" / "field"


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/evil", "..\\evil", "C:evil"])
def test_a_path_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path, {name: b"x"})
    with pytest.raises(BundleError, match="leads outside the bundle"):
        unpack(path, tmp_path / "out")
    assert sorted(file.name for file in tmp_path.rglob("evil")) == []


def test_a_member_without_a_name_is_refused(tmp_path: Path) -> None:
    """zipfile itself stumbles over it."""
    path = zipped(tmp_path, {"m": b"x"})
    data = path.read_bytes()
    directory = data.index(b"PK\x01\x02")
    path.write_bytes(data[: directory + 28] + b"\0\0" + data[directory + 30 :])
    with pytest.raises(BundleError, match="not a readable zip"):
        unpack(path, tmp_path / "out")


def test_a_link_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("model.onnx")
    link.external_attr = 0o120777 << 16
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w") as target:
        target.writestr(link, "/etc/hostname")
    with pytest.raises(BundleError, match=r"'model\.onnx' leads outside the bundle"):
        unpack(path, tmp_path / "out")


def test_a_zip_that_grows_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "BOUND", Bound(free_bytes=1000, growth=20, most_bytes=1 << 30))
    path = zipped(tmp_path, {"model.onnx": bytes(1_000_000)})
    most = 20 * path.stat().st_size
    with pytest.raises(BundleError, match=f"at most {most} bytes unpacked, got 1000000 in 1 files"):
        unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_zip_of_too_many_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_FILES", 2)
    path = zipped(tmp_path, {str(n): b"" for n in range(3)})
    with pytest.raises(BundleError, match="expected at most 2 files"):
        unpack(path, tmp_path / "out")


def test_every_cut_of_a_zip_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"manifest.json": b"{}", "model.onnx": bytes(range(256))})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(BundleError, match="is not a readable zip"):
            unpack(path, tmp_path / "out")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_flipped_byte_anywhere_is_refused_or_does_no_harm(tmp_path: Path, method: int) -> None:
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w", method) as target:
        target.writestr("model.onnx", b"weights" * 20)
    whole = path.read_bytes()
    refused = 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            root = unpack(path, tmp_path / str(place))
        except BundleError:
            refused += 1
            continue
        assert all(
            file.read_bytes() == b"weights" * 20 for file in root.rglob("*") if file.is_file()
        )
    assert refused > len(whole) / 3


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_only_what_is_unpacked_in_pieces_is_taken(tmp_path: Path, method: int) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(bombs.zipped({"model.onnx": b"weights"}, method))
    with pytest.raises(BundleError, match=r"model\.onnx: expected it stored or deflated"):
        unpack(path, tmp_path / "out")
