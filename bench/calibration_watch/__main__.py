"""How soon a knocked camera is named while driving, how often a sound one is, and what it costs.

    python -m bench.calibration_watch [--minutes 5] [--real FOLDER] [-o FOLDER]

Seven simulated drives, one of them with three cameras, which are kept in the folder; each is
driven sound, with the front camera turned in the middle, and with another lens. The public drive
of KITTI (`kitti_drive`) too, where its folder is given.
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
_FOCALS = (0.8, 1.25, 0.9)
_AXES = ("pitch", "yaw", "roll")
_KNOCKS_DEG = np.array([[1, 0, 0], [0, -1, 0], [0, 0, 1], [0, 0.5, 0], [-3, 0, 0]], float)


@dataclass(frozen=True, eq=False)
class Driven:
    """A drive: its name, what is seen, and from where."""

    name: str
    glimpses: Sequence[Glimpse]
    mounted: Rig

    @property
    def every_s(self) -> float:
        """From one glimpse to the next."""
        return every_s(len(self.mounted.cameras))


def main() -> None:
    """Drive them all."""
    options = _options()
    cv2.setNumThreads(1)
    print("| drive | knocked | named after | said before | moments | searches | can't tell |")
    print("|---|---|---|---|---|---|---|")
    outcomes = []
    for driven in _drives(options):
        sound = drive(driven.glimpses, driven.mounted, every_s=driven.every_s)
        outcomes.append(sound)
        print(_line(driven.name, "no", sound), flush=True)
    for driven in _drives(options):
        for focal in _FOCALS[: options.lenses]:
            changed = _knocked(driven, np.zeros(3), focal)
            outcomes.append(changed)
            print(_line(driven.name, f"focal length x{focal:g}", changed), flush=True)
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
    parser.add_argument("--lenses", type=int, default=len(_FOCALS), help="of each drive")
    parser.add_argument("--drives", nargs="*", help="only these, by the table's names")
    parser.add_argument("--real", type=Path, help="folder of public recordings")
    return parser.parse_args()


def _drives(options: argparse.Namespace) -> Iterator[Driven]:
    """Those that are asked for; only they are made."""

    def is_wanted(name: str) -> bool:
        return not options.drives or name in options.drives

    if options.real and is_wanted("KITTI"):
        folder = options.real / "kitti_drive"
        seen = list(kitti_glimpses(folder, EVERY_S))
        height, width = seen[0].images.shape[1:3]
        yield Driven("KITTI", seen, kitti_rig(folder, (width, height)))
    for name, config in _worlds(60 * options.minutes):
        if is_wanted(name):
            yield _simulated(name, config, options.output)


def _simulated(name: str, config: SimulationConfig, folder: Path) -> Driven:
    cameras = rig.mounted_cameras(config)
    mounted = Rig(
        rig.calibration(config),
        False,
        np.stack([camera.T_base_camera for camera in cameras]),
        rig.T_BASE_LIDAR,
        config.odom_frame,
    )
    return Driven(name, list(glimpses(folder, config, every_s(len(cameras)))), mounted)


def every_s(cameras: int) -> float:
    """The more cameras, the longer it takes until one is looked at again."""
    return EVERY_S * (1 + cameras) / 2


def _worlds(duration_s: float) -> Iterator[tuple[str, SimulationConfig]]:
    kinds = (
        ("forest", "forest", 0, False),
        ("forest, traffic", "forest", 8, False),
        ("forest, dense traffic", "forest", 16, False),
        ("empty field", "field", 0, False),
        ("field, traffic", "field", 8, False),
        ("another forest", "forest", 0, False),
        ("forest, three cameras", "forest", 8, True),
    )
    for seed, (name, scene, traffic, side_cameras) in enumerate(kinds, 1):
        yield (
            name,
            SimulationConfig.model_validate(
                {
                    "seed": seed,
                    "scene": scene,
                    "traffic": traffic,
                    "side_cameras": side_cameras,
                    "duration_s": duration_s,
                    "speed_mps": 2.0,
                    "camera_width": 640,
                    "camera_height": 360,
                    "lidar_beams": 64,
                }
            ),
        )


def _knocked(driven: Driven, knock_deg: np.ndarray, focal: float = 1.0) -> Outcome:
    every = driven.every_s
    middle = len(driven.glimpses) // 2
    first = max(0, middle - round(_BEFORE_S / every))
    seen = driven.glimpses[first : middle + round(_AFTER_S / every)]
    knock = Knock((middle - first) * every, knock_deg, focal)
    return drive(seen, driven.mounted, knock, every_s=every)


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
