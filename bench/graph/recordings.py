"""The bags that are played: a simulated drive, with one camera and with four."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seg_perception.config.input_topics import TF, TF_STATIC
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.messages import stamp_to_ns
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.drive import write_bag

_FRONT = "front"


@dataclass(frozen=True)
class Load:
    """What a node has to do.

    Attributes:
        name: of a section of the table.
        cameras: names. The first is the simulator's own; the others send the same pictures
            from the same place under topics of their own: it is their work that counts.
    """

    name: str
    cameras: Sequence[str]

    def image_topics(self, world: SimulationConfig) -> list[str]:
        """Where the cameras' images are."""
        return [_renamed(world.image_topic, camera) for camera in self.cameras]

    def info_topics(self, world: SimulationConfig) -> list[str]:
        """Where the cameras' calibrations are."""
        return [_renamed(world.camera_info_topic, camera) for camera in self.cameras]


LOADS = (Load("one camera", (_FRONT,)), Load("four cameras", (_FRONT, "left", "right", "rear")))


def simulate(folder: Path, world: SimulationConfig) -> Path:
    """The drive with its truth; simulated where the folder does not have it yet."""
    bag, description = folder / "drive.mcap", folder / "drive.json"
    wanted = world.model_dump_json()
    if bag.exists() and description.exists() and description.read_text() == wanted:
        return bag
    folder.mkdir(parents=True, exist_ok=True)
    for old in (description, *folder.glob("drive*.mcap")):
        old.unlink(missing_ok=True)
    write_bag(bag, world)
    description.write_text(wanted)
    return bag


def recording(folder: Path, world: SimulationConfig, load: Load) -> Path:
    """What is played under a load: the inputs alone, and not compressed."""
    drive = simulate(folder, world)
    bag = folder / f"drive_{len(load.cameras)}.mcap"
    if not bag.exists():
        _write(drive, bag, _targets(world, load))
    return bag


def messages(bag: Path, topic: str) -> Iterator[tuple[int, int, Any]]:
    """Stamp (ns), log time (ns) and message of every message of a topic."""
    with BagReader(bag) as reader:
        for entry in reader.messages([topic]):
            yield stamp_to_ns(entry.message.header.stamp), entry.log_time_ns, entry.message


def _targets(world: SimulationConfig, load: Load) -> dict[str, list[str]]:
    """Topics of the drive that are played, and under which names."""
    alone = (world.lidar_topic, TF, TF_STATIC)
    return {topic: [topic] for topic in alone} | {
        world.camera_info_topic: load.info_topics(world),
        world.image_topic: load.image_topics(world),
    }


def _write(source: Path, target: Path, targets: dict[str, list[str]]) -> None:
    with BagReader(source) as bag, BagWriter(target, "none") as out:
        for message in bag.messages(targets):
            for topic in targets[message.topic]:
                raw, time_ns = bytes(message.raw), message.log_time_ns
                out.write_raw(topic, message.type, raw, time_ns, message.latched)


def _renamed(topic: str, camera: str) -> str:
    return topic.replace(f"/{_FRONT}/", f"/{camera}/")
