"""A bundle is read whole and intact, or not at all."""

from __future__ import annotations

import gc
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fuzz import bombs
from seg_perception.core.errors import BundleError
from seg_perception.core.resources import bundle_path
from seg_perception.inference import bundle as bundle_module
from seg_perception.inference.bundle import Bundle, sha256, shipped

if TYPE_CHECKING:
    from conftest import MakeBundle, Stripes


def replace_file(folder: Path, name: str, data: bytes) -> None:
    """Put other bytes in a bundle's file, and list their right hash."""
    (folder / name).write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = sha256(folder / name)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def png(pixels: NDArray[Any]) -> bytes:
    return bytes(cv2.imencode(".png", pixels)[1].tobytes())


def test_a_folder_is_read_with_its_golden_frames(
    make_bundle: MakeBundle, stripes: Stripes, tmp_path: Path
) -> None:
    make_bundle()
    loaded = Bundle.load(tmp_path / "tiny")
    assert (loaded.width, loaded.height) == (16, 8)
    assert loaded.model_path == tmp_path / "tiny" / "model.onnx"
    assert loaded.ontology.names == {0: "class_0", 1: "class_1", 2: "class_2"}
    assert loaded.label_dtype == np.uint8
    assert str(loaded) == "tiny 1 (16x8)"
    (frame,) = loaded.golden
    np.testing.assert_array_equal(frame.image, stripes[0])
    np.testing.assert_array_equal(frame.labels, stripes[1])


@pytest.mark.parametrize("root", ["tiny", None])
def test_a_zip_is_unpacked_for_the_life_of_its_bundle(
    make_bundle: MakeBundle, tmp_path: Path, root: str | None
) -> None:
    make_bundle()
    where = tmp_path if root else tmp_path / "tiny"
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", where, root)
    loaded = Bundle.load(archive)
    folder = loaded.folder
    assert sha256(loaded.model_path) == loaded.manifest.files["model.onnx"]
    del loaded
    gc.collect()
    assert not folder.exists()


def test_a_shipped_bundle_is_found_by_its_name(
    make_bundle: MakeBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_bundle()
    monkeypatch.setattr(bundle_module, "bundle_path", lambda name: tmp_path / name)
    assert shipped() == ["tiny"]
    assert Bundle.load("tiny").folder == tmp_path / "tiny"


def test_a_name_that_is_nowhere_lists_what_is_shipped(
    make_bundle: MakeBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_bundle()
    monkeypatch.setattr(bundle_module, "bundle_path", lambda name: tmp_path / name)
    with pytest.raises(BundleError, match=r"'tyni' not found: expected one of \['tiny'\] or the"):
        Bundle.load("tyni")


def test_altered_weights_are_refused(make_bundle: MakeBundle) -> None:
    path = make_bundle().model_path
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(BundleError, match=r"model.onnx was altered: expected sha256 \w{64}, got"):
        Bundle.load(path.parent)


def test_a_missing_file_is_named(make_bundle: MakeBundle) -> None:
    folder = make_bundle().folder
    (folder / "golden/00.png").unlink()
    with pytest.raises(BundleError, match=r"golden/00.png is missing; copy the bundle again"):
        Bundle.load(folder)


def test_a_file_without_hash_is_refused(make_bundle: MakeBundle) -> None:
    """External weights could lie there, unseen by the hash of model.onnx."""
    folder = make_bundle().folder
    (folder / "model.onnx.data").write_bytes(b"1")
    with pytest.raises(BundleError, match=r"model.onnx.data has no sha256; list it in manifest"):
        Bundle.load(folder)


GOLDEN = {
    "image of another size": ("00.png", np.zeros((4, 4, 3), np.uint8), r"size \(8, 16\).*\(4, 4\)"),
    "labels of another size": ("00_labels.png", np.eye(4, dtype=np.uint8), r"got \(4, 4\)"),
    "labels in colour": ("00_labels.png", np.zeros((8, 16, 3), np.uint8), "ids, not colours"),
    "labels of 16 bit": ("00_labels.png", np.zeros((8, 16), np.uint16), "got uint16"),
    "a class too many": (
        "00_labels.png",
        np.full((8, 16), 3, np.uint8),
        "expected ids below 3, got 3",
    ),
    "one class alone": ("00_labels.png", np.zeros((8, 16), np.uint8), r"of one class \(\{0\}\)"),
}


@pytest.mark.parametrize(("name", "pixels", "message"), GOLDEN.values(), ids=GOLDEN.keys())
def test_golden_frames_that_do_not_fit_are_refused(
    make_bundle: MakeBundle, name: str, pixels: NDArray[Any], message: str
) -> None:
    folder = make_bundle().folder
    replace_file(folder, f"golden/{name}", png(pixels))
    with pytest.raises(BundleError, match=message):
        Bundle.load(folder)


@pytest.mark.parametrize("data", [b"", b"not a png"])
def test_an_unreadable_golden_frame_is_refused(make_bundle: MakeBundle, data: bytes) -> None:
    folder = make_bundle().folder
    replace_file(folder, "golden/00.png", data)
    with pytest.raises(BundleError, match="is not a readable PNG"):
        Bundle.load(folder)


def test_a_golden_frame_of_another_size_is_refused_undecoded(
    make_bundle: MakeBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """6.5 KB that would be 5.5 GB of pixels and more."""
    folder = make_bundle().folder
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    for width, height, message in (
        (2000, 900, r"network's size \(8, 16\) \(height, width\), got \(900, 2000\)"),
        (32000, 32000, "declares 32000x32000"),
    ):
        replace_file(folder, "golden/00.png", bombs.picture(width, height))
        with pytest.raises(BundleError, match=message):
            Bundle.load(folder)


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 123456\n"


@pytest.mark.parametrize("name", ["model.onnx", "golden/00.png", "manifest.json"])
def test_a_git_lfs_pointer_in_place_of_a_file_is_told(make_bundle: MakeBundle, name: str) -> None:
    folder = make_bundle().folder
    (folder / name).write_bytes(POINTER)
    with pytest.raises(BundleError, match=f"{name}: expected the file itself, .*`git lfs pull`"):
        Bundle.load(folder)


def test_a_git_lfs_pointer_in_place_of_a_zip_is_told(tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").write_bytes(POINTER)
    with pytest.raises(BundleError, match="expected the file itself, got its Git LFS pointer"):
        Bundle.load(tmp_path / "bundle.zip")


def test_a_file_that_can_not_be_read_is_refused(
    make_bundle: MakeBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> str:
        raise OSError(5, "Input/output error")

    folder = make_bundle().folder
    monkeypatch.setattr(bundle_module, "sha256", fail)
    with pytest.raises(BundleError, match=r"can't be read \(\[Errno 5\] Input/output error\)"):
        Bundle.load(folder)


def test_a_bare_model_is_told_to_be_imported(make_bundle: MakeBundle) -> None:
    with pytest.raises(
        BundleError, match=r"is a bare model; `seg-perception import .*model\.onnx -o NAME`"
    ):
        Bundle.load(make_bundle().model_path)


def test_nothing_is_left_behind_by_a_zip_that_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("readme", "no manifest")
    with pytest.raises(BundleError, match=r"manifest.json not found"):
        Bundle.load(tmp_path / "empty.zip")
    assert list(scratch.iterdir()) == []


def test_the_copy_of_a_killed_process_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", bundle_path("field_tiny"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    code = (
        "import os, sys; from seg_perception.inference.bundle import Bundle\n"
        "bundle = Bundle.load(sys.argv[1]); os.kill(os.getpid(), 9)"
    )
    for _ in range(3):
        subprocess.run([sys.executable, "-c", code, archive], check=False)
        assert len(list(scratch.iterdir())) == 1
    bundle = Bundle.load(archive)
    assert bundle.folder in list(scratch.iterdir())
    assert len(list(scratch.iterdir())) == 1
