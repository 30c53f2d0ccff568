"""`make bench-calibration`: planted turns in simulated drives and public recordings.

    python -m bench.calibration [--real FOLDER] [-o runs/bench_calibration]

Prints, for each source and number of moments, how often the search speaks, is right, certifies a
wrong calibration or calls the true one off; lists each of the latter; writes result.json. The
rule's thresholds were fixed beforehand, on other recordings.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from bench.calibration.planted import Case, cases
from bench.calibration.recordings import mismatched, recordings
from bench.calibration.worlds import worlds
from seg_perception.alignment.evidence import Evidence
from seg_perception.alignment.rotation_search import search_rotation
from seg_perception.alignment.verdict import judge


def main() -> None:
    """Run all of it."""
    options = _options()
    options.output.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[Case]] = {}
    for source, case in _all_cases(options):
        found.setdefault(source, []).append(case)
        print(_line(case), flush=True)
    spoke = list(_spoken(options.real)) if options.real else []
    for source, some in found.items():
        _summarise(source, some)
    if options.real:
        print(f"pictures with another moment's scan: spoke in {len(spoke)} {spoke or ''}")
    document = [
        {"source": source, **_json(case)} for source, some in found.items() for case in some
    ]
    (options.output / "result.json").write_text(json.dumps({"cases": document, "spoke": spoke}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.calibration")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/bench_calibration"))
    parser.add_argument("--real", type=Path, help="folder of public recordings")
    parser.add_argument("--worlds", type=int, default=3, help="simulated worlds; 0: none")
    parser.add_argument("--beams", type=int, nargs="+", default=[32, 128])
    parser.add_argument("--seconds", type=float, default=12.0, help="length of a simulated drive")
    return parser.parse_args()


def _all_cases(options: argparse.Namespace) -> Iterator[tuple[str, Case]]:
    if options.real:
        for seed, (name, moments) in enumerate(recordings(options.real)):
            yield from (("recordings", case) for case in cases(name, moments, seed))
    for beams in options.beams if options.worlds else ():
        drives = worlds(options.output, options.worlds, beams, options.seconds)
        for seed, (name, moments) in enumerate(drives):
            yield from (("simulated", case) for case in cases(name, moments, seed))


def _spoken(folder: Path) -> Iterator[str]:
    for name, moments in mismatched(folder):
        if judge(search_rotation(Evidence(moments)))[0] != "undecided":
            yield name


def _summarise(source: str, some: Sequence[Case]) -> None:
    for label, chosen in _by_moments(some):
        spoken = [case for case in chosen if case.level != "undecided"]
        left = np.abs([case.left_deg for case in spoken]) if spoken else np.zeros((1, 3))
        print(
            f"{source}, {label}: {len(chosen)} planted, spoke in {len(spoken)}, right in "
            f"{sum(case.is_right for case in spoken)}, false good "
            f"{sum(case.is_false_good for case in chosen)}, false alarms "
            f"{sum(case.is_false_alarm for case in chosen)} of "
            f"{sum(case.is_true for case in chosen)}; error of pitch, yaw, roll: median "
            f"{_triple(np.median(left, axis=0))}, 95 % {_triple(np.quantile(left, 0.95, axis=0))}"
        )
    for case in some:
        if case.is_false_good or case.is_false_alarm:
            print(f"  false: {_line(case)}")


def _by_moments(some: Sequence[Case]) -> Iterator[tuple[str, list[Case]]]:
    few = {"one moment": (1, 1), "two and three": (2, 3), "four or more": (4, 10_000)}
    for label, (least, most) in few.items():
        if chosen := [case for case in some if least <= case.moments <= most]:
            yield label, chosen


def _line(case: Case) -> str:
    return (
        f"{case.recording} ({case.moments}): planted {_triple(case.planted_deg)}, "
        f"{case.level}, left {_triple(case.left_deg)}"
    )


def _json(case: Case) -> dict[str, object]:
    return {
        "recording": case.recording,
        "moments": case.moments,
        "planted_deg": case.planted_deg.tolist(),
        "left_deg": case.left_deg.tolist(),
        "level": case.level,
    }


def _triple(values: np.ndarray) -> str:
    return "/".join(f"{value:.2f}" for value in values)


if __name__ == "__main__":
    main()
