"""Replay bags with two checkouts and compare every message of the results, byte by byte.

    python -m tools.compare_replays OLD_CHECKOUT BAG [BAG ...] [--set KEY=VALUE ...]

Parameters are named as the old checkout names them and are translated for this one by
config/renamed_parameters.yaml. The bags of public data sets are those that the tests write:
`pytest test/real --basetemp FOLDER` leaves them in FOLDER.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from seg_perception.io.bag_reader import BagReader

ROOT = Path(__file__).resolve().parent.parent
Messages = Mapping[str, Sequence[tuple[int, bytes]]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare; the exit code is 1 where a message differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path, help="checkout of an earlier version")
    parser.add_argument("bags", type=Path, nargs="+")
    parser.add_argument("--set", dest="settings", action="append", default=[])
    parser.add_argument("--latency", default="0", help="as for seg-perception replay")
    options = parser.parse_args(arguments)
    differing = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, bag in enumerate(options.bags):
            print(bag)
            old, new = (Path(folder, f"{number}_{name}.mcap") for name in ("old", "new"))
            replay(options.old, bag, old, options.latency, options.settings)
            replay(ROOT, bag, new, options.latency, list(map(renamed, options.settings)))
            for line, is_same in compared(messages(old), messages(new)):
                print(f"  {line}")
                differing += not is_same
    print(f"{differing} topics differ" if differing else "all messages have the same bytes")
    return 1 if differing else 0


def replay(checkout: Path, bag: Path, output: Path, latency: str, settings: Sequence[str]) -> None:
    """Label a bag with the code of a checkout; inputs that come to nothing are no failure."""
    options = [option for setting in settings for option in ("--set", setting)]
    command = [sys.executable, "-m", "seg_perception.cli", "replay", str(bag), "-o", str(output)]
    done = subprocess.run(
        [*command, "--latency", latency, *options],
        cwd=checkout,
        env={"PYTHONPATH": str(checkout), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if not output.is_file():
        sys.exit(f"{checkout} wrote nothing:\n{done.stdout}{done.stderr}")


def renamed(setting: str) -> str:
    """A setting under the names of this checkout; the longest old name counts."""
    names = yaml.safe_load((ROOT / "config" / "renamed_parameters.yaml").read_text())["parameters"]
    key, equals, value = setting.partition("=")
    for old in sorted(names, key=len, reverse=True):
        if key == old or key.startswith(f"{old}."):
            return f"{names[old]}{key[len(old) :]}{equals}{value}"
    return setting


def messages(bag: Path) -> Messages:
    """The log time and the bytes of every message, by topic."""
    found: defaultdict[str, list[tuple[int, bytes]]] = defaultdict(list)
    with BagReader(bag) as reader:
        for message in reader.messages():
            found[message.topic].append((message.log_time_ns, bytes(message.raw)))
    return found


def compared(old: Messages, new: Messages) -> Iterator[tuple[str, bool]]:
    """A line for each topic, and whether its messages are the same."""
    for topic in sorted({*old, *new}):
        before, after = old.get(topic, ()), new.get(topic, ())
        pairs = zip(before, after, strict=False)
        first = next((index for index, (a, b) in enumerate(pairs) if a != b), None)
        if first is None and len(before) == len(after):
            yield f"same      {len(after):5} {topic}", True
        elif first is None:
            yield f"DIFFERENT {topic}: {len(before)} messages before, {len(after)} after", False
        else:
            yield f"DIFFERENT {topic}: from message {first} of {len(before)} on", False


if __name__ == "__main__":
    sys.exit(main())
