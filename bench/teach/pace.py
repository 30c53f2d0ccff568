"""How long a teaching lets somebody wait, in CPU seconds of one thread.

    python -m bench.teach.pace BUNDLE DRIVE.mcap [--clicks 60] [-o FOLDER]

DRIVE is of `seg-perception simulate`: its truth answers. Prints what the first and the next redraw
after a click take, what goes on behind the first one, the training, and the bundle on the disk.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from bench.teach.carried_clicks import Drive, read_drive
from seg_perception.teaching.classroom import Classroom
from seg_perception.teaching.clicks import Part


def main() -> None:
    """Answer, train, prove and hand out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle")
    parser.add_argument("drive", type=Path)
    parser.add_argument("--clicks", type=int, default=60)
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/bench_teach/carried"))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    folder = options.output / f"{options.drive.stem}_pace"
    begun = options.output / options.drive.stem
    read_drive(options.drive, options.bundle, begun, 24)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(begun, folder)
    drive = read_drive(options.drive, options.bundle, folder, 24)
    room = Classroom(drive.session)
    frame = drive.session.of_part("teach")[0].name
    _answer(drive, room, "teach", options.clicks)
    _, first_s = _timed(lambda: room.labels("preview", frame))
    _, others_s = _timed(room.preview.wait)
    _answer(drive, room, "teach", 1)
    _, next_s = _timed(lambda: room.labels("preview", frame))
    number, train_s = _timed(lambda: _train(room))
    while room.verdict(number).decision == "ask more" and _answer(drive, room, "gate", 1):
        pass
    verdict = room.verdict(number)
    out_s = None
    if verdict.passed:
        _, out_s = _timed(lambda: room.release(number, folder / "out"))
    told = {
        "first redraw": first_s,
        "other frames, behind it": others_s,
        "next redraw": next_s,
        "training": train_s,
        "bundle": out_s,
    }
    print(json.dumps({**told, "verdict": str(verdict), "points": verdict.asked}, indent=1))


def _train(room: Classroom) -> int:
    number = room.train()
    room.rounds.wait()
    return number


def _answer(drive: Drive, room: Classroom, part: Part, count: int) -> bool:
    """Answer so many questions with the truth; whether there were so many."""
    for _ in range(count):
        question = room.question(part, "bench")
        if question is None:
            return False
        frame = drive.session.frames[question.frame]
        truth = drive.truth[frame.stamp_ns]
        label = int(np.asarray(truth)[question.y, question.x])
        room.answer(question, drive.names.get(label, ""), "bench")
    return True


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What it gives, and the CPU seconds that it and the processes it waited for took."""
    before = _cpu_s()
    found = work()
    return found, round(_cpu_s() - before, 2)


def _cpu_s() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(found.ru_utime + found.ru_stime for found in both)


if __name__ == "__main__":
    main()
