"""A browser teaches the default model on recordings."""

from __future__ import annotations

import json
import signal

import cv2
import numpy as np
import pytest

from seg_perception.core.ontology import Ontology

pytest.importorskip("starlette", reason="the page's server is not installed: extra [teach]")
pytest.importorskip("uvicorn", reason="the page's server is not installed: extra [teach]")
pytest.importorskip("torch")
FIELD = [entry.name for entry in Ontology.load("field").classes]


@pytest.mark.timeout(900)
def test_one_real_moment_is_taught_and_nothing_goes_out_unproven(
    repo, shared_data, browser, pages, tmp_path
):
    bag = shared_data / "real" / "rellis_goose_style_db3"
    wishes = ("--choose", "steps=8", "--choose", "replay_frames=0")
    server = pages.Server(repo, bag, "-o", tmp_path / "lesson", *wishes)
    try:
        person = pages.Person(browser, lambda _frame, _x, y: "sky" if y < 400 else "grass", FIELD)
        person.open(server.address)
        person.answer(pages.CLICKS, 4)
        person.train()
        assert "nothing kept aside" in browser.evaluate(pages.TEXT.format("verdict"))
        assert browser.evaluate("document.getElementById('release').disabled")
        browser.picture(tmp_path / "rellis.png")
    finally:
        server.stop(signal.SIGKILL)


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_a_simulated_drive_is_taught_and_judged(repo, browser, pages, tmp_path):
    from seg_perception.io.bag_reader import BagReader
    from seg_perception.io.images import decode_image
    from seg_perception.io.messages import header_of, stamp_to_ns

    pytest.importorskip("embreex", reason="the simulator's ray caster is not installed")
    bag = tmp_path / "forest.mcap"
    _simulate(repo, bag)
    with BagReader(bag) as reader:
        truths = {
            stamp_to_ns(header_of(message.message).stamp): decode_image(message.message)
            for message in reader.messages({"/camera/front/truth"})
        }

    def truth(frame, x, y):
        labels = truths[int(frame.rpartition("_")[2])]
        label = int(np.asarray(labels)[y, x, 0])
        return FIELD[label] if label < len(FIELD) else ""

    wishes = ("frames=10", "gate_frames=6", "steps=30", "replay_frames=4")
    options = [part for wish in wishes for part in ("--choose", wish)]
    server = pages.Server(repo, bag, "-o", tmp_path / "lesson", *options)
    try:
        person = pages.Person(browser, truth, FIELD)
        person.open(server.address)
        person.answer(pages.CLICKS, 20)
        browser.picture(tmp_path / "forest.png")
        person.train()
        said = person.prove()
        assert any(word in said for word in ("Better", "worse", "not proven")), said
        browser.picture(tmp_path / "proven.png")
    finally:
        server.stop(signal.SIGKILL)
    lines = (tmp_path / "lesson" / "clicks.jsonl").read_text().splitlines()
    clicks = [json.loads(line)["click"] for line in lines]
    assert sum(click["part"] == "teach" for click in clicks) == 20
    frames = {click["frame"] for click in clicks}
    assert all(
        cv2.imread(str(tmp_path / f"lesson/frames/{name}.png")) is not None for name in frames
    )


def _simulate(repo, bag) -> None:
    import subprocess
    import sys

    command = [
        sys.executable,
        "-m",
        "seg_perception.cli",
        "simulate",
        "-o",
        str(bag),
        "--duration",
        "4",
    ]
    subprocess.run(command, cwd=repo, check=True, capture_output=True)
