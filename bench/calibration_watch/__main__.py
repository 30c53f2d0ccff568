"""How soon a knocked camera is named while driving, how often a sound one is, and what it costs.

    python -m bench.calibration_watch [--minutes 5] [--real FOLDER] [-o FOLDER]

Six simulated drives, which are kept in the folder; each is driven sound, and with the camera
turned in the middle. The public drive of KITTI (`kitti_drive`) too, where its folder is given.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from bench.calibration_watch.drive import Knock, Outcome, Rig, drive
from bench.calibration_watch.drives import Glimpse, glimpses
from bench.calibration_watch.kitti import kitti_glimpses, kitti_rig
from seg_perception.simulation import rig
from seg_perception.simulation.config import SimulationConfig

# From one moment to the next: a little less than `calibration.interval_s`, so that all are taken.
EVERY_S = 3.0
# Of a drive, so much before the knock is driven, and so much after it (second).
_BEFORE_S, _AFTER_S = 60.0, 90.0
_AXES = ("pitch", "yaw", "roll")
_KNOCKS_DEG = np.array([[1, 0, 0], [0, -1, 0], [0, 0, 1], [0, 0.5, 0], [-3, 0, 0]], float)


@dataclass(frozen=True, eq=False)
class Driven:
    """A drive: its name, what is seen, and from where."""

    name: str
    glimpses: Sequence[Glimpse]
    mounted: Rig


def main() -> None:
    """Drive them all."""
    options = _options()
    cv2.setNumThreads(1)
    print("| drive | knocked | named after | said before | moments | searches | can't tell |")
    print("|---|---|---|---|---|---|---|")
    outcomes = []
    for driven in _drives(options):
        sound = drive(driven.glimpses, driven.mounted, every_s=EVERY_S)
        outcomes.append(sound)
        print(_line(driven.name, "no", sound), flush=True)
    for driven in _drives(options):
        for knock_deg in _KNOCKS_DEG[: options.knocks]:
            knocked = _knocked(driven, knock_deg)
            outcomes.append(knocked)
            print(_line(driven.name, _words(knock_deg), knocked), flush=True)
    _costs(outcomes)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.calibration_watch")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/bench_calibration_watch"))
    parser.add_argument("--minutes", type=float, default=5.0, help="length of each drive")
    parser.add_argument("--knocks", type=int, default=len(_KNOCKS_DEG), help="of each drive")
    parser.add_argument("--drives", nargs="*", help="only these, by the table's names")
    parser.add_argument("--real", type=Path, help="folder of public recordings")
    return parser.parse_args()


def _drives(options: argparse.Namespace) -> Iterator[Driven]:
    chosen = options.drives
    return (driven for driven in _all_drives(options) if not chosen or driven.name in chosen)


def _all_drives(options: argparse.Namespace) -> Iterator[Driven]:
    if options.real:
        folder = options.real / "kitti_drive"
        seen = list(kitti_glimpses(folder, EVERY_S))
        height, width = seen[0].image.shape[:2]
        yield Driven("KITTI", seen, kitti_rig(folder, (width, height)))
    for name, config in _worlds(60 * options.minutes):
        mounted = Rig(
            rig.calibration(config),
            False,
            rig.T_BASE_CAMERA @ rig.OPTICAL_FROM_BODY,
            rig.T_BASE_LIDAR,
            config.odom_frame,
        )
        yield Driven(name, list(glimpses(options.output, config, EVERY_S)), mounted)


def _worlds(duration_s: float) -> Iterator[tuple[str, SimulationConfig]]:
    kinds = (
        ("forest", "forest", 0),
        ("forest, traffic", "forest", 8),
        ("forest, dense traffic", "forest", 16),
        ("empty field", "field", 0),
        ("field, traffic", "field", 8),
        ("another forest", "forest", 0),
    )
    for seed, (name, scene, traffic) in enumerate(kinds, 1):
        yield (
            name,
            SimulationConfig.model_validate(
                {
                    "seed": seed,
                    "scene": scene,
                    "traffic": traffic,
                    "duration_s": duration_s,
                    "speed_mps": 2.0,
                    "camera_width": 640,
                    "camera_height": 360,
                    "lidar_beams": 64,
                }
            ),
        )


def _knocked(driven: Driven, knock_deg: np.ndarray) -> Outcome:
    middle = len(driven.glimpses) // 2
    first = max(0, middle - round(_BEFORE_S / EVERY_S))
    seen = driven.glimpses[first : middle + round(_AFTER_S / EVERY_S)]
    knock = Knock((middle - first) * EVERY_S, knock_deg)
    return drive(seen, driven.mounted, knock, every_s=EVERY_S)


def _words(knock_deg: np.ndarray) -> str:
    axis = int(np.abs(knock_deg).argmax())
    return f"{_AXES[axis]} {knock_deg[axis]:+g}°"


def _line(name: str, knocked: str, outcome: Outcome) -> str:
    named = "never" if outcome.named_s is None else f"{outcome.named_s:.0f} s"
    cells = (name, knocked, named, outcome.early, outcome.moments, outcome.searches)
    return f"| {' | '.join(map(str, cells))} | {outcome.unknown:.0%} |"


def _costs(outcomes: Sequence[Outcome]) -> None:
    """Processor time of the moments, from drives that started no search; and of the searches."""
    quiet = [outcome for outcome in outcomes if not outcome.searches and outcome.moments]
    if quiet:
        share = sum(one.cpu_s[0] for one in quiet) / sum(one.seconds for one in quiet)
        a_moment = sum(one.cpu_s[0] for one in quiet) / sum(one.moments for one in quiet)
        print(f"without suspicion: {share:.1%} of a core, {1000 * a_moment:.0f} ms a moment")
    if searched := [outcome.cpu_s[1] for outcome in outcomes if outcome.searches]:
        print(f"the longest search of each drive: {np.median(searched):.1f} s of a core (median)")


if __name__ == "__main__":
    main()
