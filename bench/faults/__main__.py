"""How soon a fault of a camera is named, and how often a sound one is.

    python -m bench.faults BAG [BAG ...] [--at 20]
    python -m bench.faults [BAG ...] --sound MINUTES

Every recording is replayed sound, and once with each fault planted into its pictures. With
`--sound` recordings are replayed sound only, and then simulated drives of three worlds until they
are so long together; what is done already in `--output` is not done again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2

from bench.faults.plants import PLANTS
from bench.faults.sound import drive
from bench.faults.trial import Outcome, Trials


def main() -> None:
    """Replay them all and print a table."""
    options = _options()
    cv2.setNumThreads(1)
    if options.sound:
        _drive_sound(options)
        return
    print("| recording | fault | named after | as | also said | not trusted |")
    print("|---|---|---|---|---|---|")
    for bag in options.bags:
        trials = Trials(bag)
        print(_sound(bag.stem, trials.run()), flush=True)
        for name, make in PLANTS.items():
            if options.faults is None or name in options.faults:
                plant = make()
                until_s = options.at + plant.length_s
                outcome = trials.run(plant, at_s=options.at, until_s=until_s)
                print(_line(bag.stem, name, plant.words, outcome, options.at), flush=True)


def _drive_sound(options: argparse.Namespace) -> None:
    print("| drive | seconds | said | not trusted |")
    print("|---|---|---|---|")
    drives = []
    for one in drive(options.sound, options.output, options.bags):
        drives.append(one)
        said = ", ".join(f"`{code}` at {at_s:.0f} s" for code, at_s in one.said.items())
        cells = one.name, f"{one.seconds:.0f}", said, f"{one.degraded} of {one.pictures}"
        print(f"| {' | '.join(cells)} |", flush=True)
    seconds = sum(one.seconds for one in drives)
    silent = sum(not one.said for one in drives)
    print(f"{seconds / 60:.1f} minutes; nothing was said in {silent} of {len(drives)} drives")


def _sound(bag: str, sound: Outcome) -> str:
    said = ", ".join(f"`{code}` at {at_s:.0f} s" for code, at_s in sound.said.items())
    trust = f"{sound.degraded} of {sound.pictures}"
    return f"| {bag}, {sound.seconds:.0f} s | none | | | {said} | {trust} |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.faults")
    parser.add_argument("bags", type=Path, nargs="*")
    parser.add_argument("--sound", type=float, metavar="MINUTES", help="sound drives alone")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/bench_faults"))
    parser.add_argument("--at", type=float, default=20.0, help="second of the fault")
    parser.add_argument("--faults", nargs="*", help="only these, by the table's names")
    return parser.parse_args()


def _line(bag: str, name: str, words: frozenset[str], outcome: Outcome, at_s: float) -> str:
    after = {code: when - at_s for code, when in outcome.said.items()}
    named = [code for code in after if code in words]
    others = [f"`{code}` after {s:.1f} s" for code, s in after.items() if code not in words]
    first = min((after[code] for code in named), default=None)
    cells = (
        bag,
        name,
        "never" if first is None else f"{first:.1f} s",
        ", ".join(f"`{code}`" for code in named),
        ", ".join(others),
        f"{outcome.degraded} of {outcome.pictures}",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
