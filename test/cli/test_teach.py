"""`seg-perception teach` on the command line."""

from __future__ import annotations

import json
import socket

import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app

pytest.importorskip("torch")
pytest.importorskip("starlette", reason="the page's server is not installed: extra [teach]")


def run(*arguments):
    return CliRunner().invoke(app, ["teach", *map(str, arguments)])


def test_it_says_what_it_needs(tmp_path):
    for arguments in ((), (tmp_path,), ("-o", tmp_path / "out")):
        done = run(*arguments)
        assert done.exit_code == 2
        assert "expected bags or image folders and -o FOLDER, or --resume FOLDER" in done.output


def test_resume_takes_no_other_frames(tmp_path):
    done = run(tmp_path, "--resume", tmp_path)
    assert done.exit_code == 2
    assert "leave sources and --output out" in done.output


def test_a_folder_that_is_no_teaching_is_said(tmp_path):
    for folder, says in ((tmp_path, "session.json not found"), (tmp_path / "none", "not found")):
        done = run("--resume", folder)
        assert done.exit_code == 2
        assert says in done.output


def test_a_folder_that_is_in_use_is_refused_before_a_bag_is_read(tmp_path):
    (tmp_path / "here").write_text("")
    done = run("no_such.mcap", "-o", tmp_path)
    assert done.exit_code == 2
    assert "expected a new folder" in done.output


def test_a_model_that_can_not_be_taught_is_refused_before_a_bag_is_read(tmp_path, colour_model):
    bundle = colour_model.write(tmp_path / "colours", 32, 16)
    done = run("no_such.mcap", "-o", tmp_path / "out", "--bundle", bundle)
    assert done.exit_code == 2
    assert "can't be taught" in done.output
    assert not (tmp_path / "out").exists()


def test_a_folder_without_images_is_said(tmp_path):
    (tmp_path / "empty").mkdir()
    done = run(tmp_path / "empty", "-o", tmp_path / "out")
    assert done.exit_code == 2
    assert "expected a bag, or a folder with images" in done.output
    assert not (tmp_path / "out").exists()


def test_unknown_wishes_name_all_of_them(tmp_path):
    (tmp_path / "in").mkdir()
    done = run(tmp_path / "in", "-o", tmp_path / "out", "--choose", "frame=3")
    assert done.exit_code == 2
    assert "expected values of frames, gate_frames" in done.output


def test_a_taken_port_is_said():
    from seg_perception.core.errors import TeachingError
    from seg_perception.teaching.server import _listen

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(TeachingError, match=r"can't be listened on .*--resume FOLDER --port"):
            _listen(taken.getsockname()[1])


def test_headless_needs_its_record(tmp_path):
    done = run("--resume", tmp_path, "--headless", tmp_path / "clicks.jsonl", "--json")
    assert done.exit_code == 2
    assert json.dumps("session.json")[1:-1] in done.output


def test_a_teacher_belongs_to_a_new_teaching(tmp_path):
    done = run("--resume", tmp_path, "--teacher", "field_tiny")
    assert done.exit_code == 2
    assert "leave --teacher out" in done.output


def test_a_class_without_a_teacher_is_said(tmp_path):
    done = run(tmp_path, "-o", tmp_path / "lesson", "--teacher-class", "grass")
    assert done.exit_code == 2
    assert "name one with --teacher" in done.output
