"""`seg-perception model table` from the command line."""

import json

import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", reason="the table needs torch: install the extra [train]")
pytest.importorskip("transformers", reason="the table needs transformers: the extra [train]")

from seg_perception.cli.main import app


def table(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["model", "table", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_json_has_every_figure_and_its_source() -> None:
    asked = ("--network", "eomt S", "--network", "field_cnn", "--size", "512x512", "--json")
    code, text, errors = table(*asked)
    assert (code, errors) == (0, "")
    document = json.loads(text)
    eomt, cnn = document["rows"]
    assert (eomt["network"], cnn["network"]) == ("eomt S", "field_cnn")
    assert eomt["parameters"] == pytest.approx(23.3e6, rel=0.01)
    # 73 GFLOP without the head, which weighs 100 masks of 512x512 for 64 classes.
    assert eomt["gflops"] == pytest.approx(73 + 2 * 100 * 64 * 512 * 512 / 1e9, rel=0.05)
    assert eomt["measured"]["t4"]["ms"] == 11.3
    assert cnn["measured"] == {}
    # The bound lies below what was measured.
    assert 0 < eomt["computed_ms"]["t4"] < 11.3
    assert all(device["source"] for device in document["devices"].values())


def test_the_table_marks_what_is_computed(tmp_path) -> None:
    code, text, errors = table("--network", "field_cnn", "--size", "64x64", "--measure")
    assert (code, errors) == (0, "")
    assert "computed: shortest time, ms (measured)" in text
    assert "orin: Jetson AGX Orin" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--network", "unet"), "--network unet: expected one of field_cnn,"),
        (("--network", "field_cnn", "--size", "65x64"), "size 65x64: expected multiples of 16"),
        (("--devices", "nowhere.yaml"), "nowhere.yaml not found"),
    ],
)
def test_mistakes_are_one_sentence(arguments: tuple[str, ...], message: str) -> None:
    code, text, errors = table(*arguments)
    assert (code, text) == (2, "")
    assert message in errors


@pytest.mark.parametrize("device", ["cuda", "meta", "toaster"])
def test_a_device_that_torch_lacks_is_refused(device: str) -> None:
    import torch

    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    asked = ("--network", "field_cnn", "--size", "64x64", "--measure", "--device", device)
    code, _, errors = table(*asked)
    assert code == 2
    assert f"can't use {device} (" in errors
    assert "take cpu or cuda" in errors
