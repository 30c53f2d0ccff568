"""Frames that two runs see differently."""

from seg_perception.evaluation.report.changes import Run, changed_frames, pictured_changes
from seg_perception.reports.embedded_images import ImageEmbedder


def test_frames_are_paired_by_their_names(runs):
    changes = changed_frames(*runs)
    # Each frame loses two of 96 columns: one percentage point here.
    assert [change.difference for change in changes] == [-1.0] * 4
    assert [change.key[2] for change in changes] == ["one_0", "one_1", "one_2", "one_3"]
    assert [change.pictured for change in changes] == [True, True, True, False]


def test_gains_follow_regressions(make_run):
    before = Run.read(make_run("before").write())
    run = make_run("after", grass=24)
    run.write()
    lines = (run.folder / "frames.jsonl").read_text().splitlines()
    lines[0] = lines[0].replace('"miou":88.0', '"miou":95.0')
    lines[1] = lines[1].replace('"miou":87.5', '"miou":70.0')
    (run.folder / "frames.jsonl").write_text("\n".join(lines) + "\n")
    changes = changed_frames(before, Run.read(run.folder))
    assert [(c.key[2], c.difference) for c in changes] == [("one_1", -17.5), ("one_0", 7.0)]


def test_pictures_show_image_and_truth_once_and_both_predictions(runs):
    views = pictured_changes(*runs, ImageEmbedder(10**7))
    assert [name for name, _ in views[0].pictures] == [
        *("image", "truth", "before: prediction", "before: difference"),
        *("after: prediction", "after: difference"),
    ]
