"""One log of what is amiss: events are counted, states hold."""

from __future__ import annotations

import pytest

from seg_perception.core.errors import CloudError, ImageError
from seg_perception.core.issue_kinds.clocks import STRAY_TIMES
from seg_perception.core.issue_kinds.lenses import NO_CAMERA_INFO
from seg_perception.core.issue_kinds.places import BAD_TRANSFORM, OUT_OF_VIEW
from seg_perception.core.issue_log import Issue, IssueLog

STRAY = {"field": "t", "points": 9, "effect": "they count at the stamp"}


def lines(log: IssueLog) -> list[str]:
    return [str(issue) for issue in log.all()]


def test_an_event_is_told_each_time_and_kept_once_with_its_first_sentence() -> None:
    told: list[Issue] = []
    log = IssueLog(told.append)
    log.add(STRAY_TIMES, "lidar.top", stray=3, **STRAY)
    log.add(STRAY_TIMES, "lidar.top", stray=4, **STRAY)
    log.add(STRAY_TIMES, "lidar.rear", stray=5, **STRAY)
    sentence = "of 9 points have a time more than a second off the stamp; they count at the stamp"
    assert lines(log) == [
        f"lidar.top: field 't': 3 {sentence} (2 times)",
        f"lidar.rear: field 't': 5 {sentence}",
    ]
    assert [(issue.stream, issue.count) for issue in told] == [
        ("lidar.top", 1),
        ("lidar.top", 2),
        ("lidar.rear", 1),
    ]
    assert "4 of 9" in told[1].sentence


def test_a_state_holds_until_it_is_released_and_is_told_when_it_changes() -> None:
    told: list[Issue] = []
    log = IssueLog(told.append)
    log.hold(NO_CAMERA_INFO, "camera.front", topic="/a", others="", camera="front")
    log.hold(NO_CAMERA_INFO, "camera.front", topic="/a", others="", camera="front")
    assert (len(told), [issue.is_state for issue in log.all()]) == (1, [True])
    log.hold(NO_CAMERA_INFO, "camera.front", topic="/b", others="", camera="front")
    assert (len(told), len(log.all())) == (2, 1)
    assert "/b" in lines(log)[0]
    log.release(NO_CAMERA_INFO, "camera.front")
    log.release(NO_CAMERA_INFO, "camera.front")
    assert log.all() == []


def test_errors_of_messages_are_told_apart_by_stream_and_reason() -> None:
    log = IssueLog()
    log.add_error("camera.front", ImageError("too short"))
    log.add_error("camera.front", CloudError("no x"))
    log.add_error("camera.rear", ImageError("too long"))
    log.add_error("camera.front", ImageError("too short by more"))
    assert lines(log) == [
        "camera.front: too short (2 times)",
        "camera.front: no x",
        "camera.rear: too long",
    ]
    assert [issue.code for issue in log.all()] == ["bad_image", "bad_cloud", "bad_image"]
    assert {issue.level for issue in log.all()} == {"note"}


def test_an_unforeseen_error_keeps_its_traceback_once_for_each_type() -> None:
    log = IssueLog()
    for error in (ValueError("first"), ValueError("second"), KeyError("third")):
        log.add_unforeseen("lidar.top", error)
    first, other = log.all()
    assert (first.count, other.count) == (2, 1)
    assert "ValueError: first" in first.traceback
    assert first.sentence == (
        "a fault of this program: ValueError: first; report it with the traceback in the log"
    )


def test_what_happened_long_ago_is_not_lately(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]
    monkeypatch.setattr("seg_perception.core.issue_log.time.monotonic", lambda: now_s[0])
    log = IssueLog()
    log.add_error("camera.front", ImageError("too short"))
    log.hold(OUT_OF_VIEW, "lidar.top", share=0.005)
    now_s[0] = 104.0
    assert len(log.lately(5.0)) == 2
    now_s[0] = 106.0
    (issue,) = log.lately(5.0)
    assert str(issue) == (
        "lidar.top: 0.5% of the points lie before a camera; probably a body frame where an optical "
        "one was expected: set camera.NAME.frame_convention to auto, or check the tf"
    )


def test_an_issue_for_machines() -> None:
    log = IssueLog()
    log.hold(NO_CAMERA_INFO, "camera.front", topic="/a", others="", camera="front")
    assert log.all()[0].to_json() == {
        "code": "no_camera_info",
        "level": "error",
        "stream": "camera.front",
        "sentence": "no camera_info on /a, so points can't be labelled; publish or record it, or "
        "set camera.front.camera_info_topic",
        "mend": "publish or record it, or set camera.front.camera_info_topic",
        "count": 0,
    }


def test_a_number_that_is_missing_is_an_error() -> None:
    with pytest.raises(KeyError, match="topic"):
        IssueLog().add(NO_CAMERA_INFO, "camera.front", camera="front")


def test_issues_of_several_frames_are_told_apart() -> None:
    log = IssueLog()
    for child in ("gps", "imu", "gps"):
        log.add(BAD_TRANSFORM, "/tf", child=child, error="zeros")
    assert lines(log) == [
        "/tf: transform of 'gps' refused: zeros (2 times)",
        "/tf: transform of 'imu' refused: zeros",
    ]


def test_twenty_thousand_names_fill_neither_memory_nor_a_sentence() -> None:
    told: list[Issue] = []
    log = IssueLog(told.append)
    names = [f"frame_{n}" for n in range(20_000)]
    for child in names:
        log.add(BAD_TRANSFORM, "/tf", child=child, error="zeros")
    log.add(BAD_TRANSFORM, "/tf", child="frame_0", error=f"expected one of {names}")
    assert len(log.all()) == 33
    last = log.all()[-1]
    assert (last.count, last.stream) == (20_000 - 32, "")
    assert last.sentence == (
        "/tf: transform of 'frame_32' refused: zeros (and others, too many to be named)"
    )
    assert told[-1].sentence.startswith("transform of 'frame_0' refused: expected one of ['fr")
    assert told[-1].sentence.endswith("'frame_19999']")
    assert max(len(issue.sentence) for issue in told) == 600


def test_a_mend_is_not_cut_off_by_what_comes_before_it() -> None:
    long = "x" * 5000
    issue = Issue.of(NO_CAMERA_INFO, long, topic=long, others="", camera="front")
    assert issue.sentence.endswith("set camera.front.camera_info_topic")
    assert len(issue.stream) == 200
