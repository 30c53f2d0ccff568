"""A browser judges a teacher; labels by words become a teacher's."""

from __future__ import annotations

import json
import signal

import numpy as np
import pytest
from typer.testing import CliRunner

from seg_perception.teaching.classroom import Classroom
from seg_perception.teaching.session import CLICKS, open_session

pytest.importorskip("starlette", reason="the page's server is not installed: extra [teach]")
pytest.importorskip("uvicorn", reason="the page's server is not installed: extra [teach]")
pytest.importorskip("torch")
pytestmark = pytest.mark.timeout(900)
BUTTON, TEACHER = "mode-gate", "teacher"
# Whether the classes' list is open on a picture.
LOOKED = {"light": "true", "dark": "false"}


def test_a_browser_judges_a_teacher(
    repo, browser, pages, helpers, small_bundle, many_pictures, tmp_path
):
    planted = "planted", helpers.Planted()
    folder = helpers.begin(
        tmp_path / "teaching", small_bundle, many_pictures, teacher=planted, gate_share=0.4
    )
    server = pages.Server(repo, "--resume", folder)
    try:
        person = pages.Person(browser, lambda _f, _x, y: helpers.band_of(y, 96), helpers.names)
        person.open(server.address)
        # Sixty points, every third of them anywhere.
        assert browser.evaluate(pages.TEXT.format(BUTTON)) == "Judge teacher (40)"
        assert "Teacher planted" in browser.evaluate(pages.TEXT.format(TEACHER))
        person.click(BUTTON)
        judge_all(browser, person, pages)
        said = browser.evaluate(pages.TEXT.format(TEACHER))
        assert "sky takes the teacher's labels: held-out IoU 100.0 %" in said
        assert "earth keeps the student's" in said
        assert browser.evaluate(pages.TEXT.format(BUTTON)) == "Prove"
        looks = (1280, 900, "light"), (820, 1180, "light"), (1280, 900, "dark")
        for width, height, scheme in looks:
            person.open(server.address, width, height, scheme)
            browser.wait_for(f"{pages.TEXT.format(TEACHER)}.includes('sky takes')")
            browser.evaluate(f"document.getElementById('{TEACHER}').open = {LOOKED[scheme]}")
            assert browser.evaluate("document.documentElement.scrollWidth") <= width
            browser.picture(tmp_path / f"{width}_{scheme}.png")
        assert browser.complained == []
    finally:
        server.stop(signal.SIGKILL)
    lines = (folder / CLICKS).read_text().splitlines()
    clicks = [json.loads(line)["click"] for line in lines]
    assert {click["part"] for click in clicks} == {"gate"}
    draws = [click["draw"].split(" ")[0] for click in clicks]
    assert draws.count("teacher") == 40
    assert set(draws) == {"teacher", "random"}


def judge_all(browser, person, pages) -> None:
    """Answer what is asked until the teacher is judged."""
    while "Judge teacher" in browser.evaluate(pages.TEXT.format(BUTTON)):
        person.answer(pages.PROOFS, 1)


def test_labels_by_words_are_a_teacher_that_the_gate_judges(
    helpers, small_bundle, many_pictures, colour_model, tmp_path
):
    """The bands are red, green and blue; the teacher calls them by these words."""
    pytest.importorskip("transformers", reason="teachers that read words need transformers")
    from seg_perception.cli.main import app

    words = tmp_path / "words.yaml"
    entries = [("earth", "red"), ("grass", "green"), ("sky", "blue")]
    lines = [f"- {{name: {name}, phrases: [{word}]}}" for name, word in entries]
    words.write_text("\n".join(["name: bands", "classes:", *lines]) + "\n")
    labels, lesson = tmp_path / "labels", tmp_path / "lesson"
    reader = colour_model.write(tmp_path, 64, 48)
    wishes = {"gate_share": 0.4, "steps": 2, "replay_frames": 0}
    first = helpers.begin(tmp_path / "first", small_bundle, many_pictures, **wishes)
    with open_session(first) as session:
        helpers.annotator(Classroom(session)).answer("teach", 4)

    def run(*arguments):
        return CliRunner().invoke(app, [*map(str, arguments)])

    done = run("label", many_pictures, "-o", labels, "--words", words, "--teacher", reader)
    assert done.exit_code == 0, done.output
    chosen = [part for key, value in wishes.items() for part in ("--choose", f"{key}={value}")]
    taught = ("teach", many_pictures, "-o", lesson, "--bundle", small_bundle, *chosen)
    done = run(*taught, "--teacher", labels, "--headless", first / CLICKS)
    # Nothing was proven yet.
    assert done.exit_code == 1, done.output
    with open_session(lesson) as session:
        assert session.settings.teacher.frames == len(session.frames)
        for name in list(session.frames)[:3]:
            said = session.taught_by(name)
            bands = np.repeat([helpers.names.index(n) for n in ("sky", "grass", "earth")], 16)
            assert (said == bands[:, None]).mean() > 0.95
        room = Classroom(session)
        while room.teacher_more:
            assert helpers.annotator(room).answer("gate", 1)
        takes = [verdict.name for verdict in room.teacher_verdicts() if verdict.takes]
    assert "sky" in takes
