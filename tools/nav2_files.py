"""Write config/nav2: Nav2's parameters for each shipped ontology. python -m tools.nav2_files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.core.resources import config_path
from seg_perception.robots.nav2 import nav2_parameters

FOLDER = Path(__file__).resolve().parents[1] / "config" / "nav2"
# A robot with one lidar, and all that we publish for Nav2.
ROBOT = {
    "cameras": ["front"],
    "camera.front.image_topic": "/camera/front/image_raw",
    "lidars": ["top"],
    "lidar.top.topic": "/lidar/top/points",
    "output.nav2_semantic_cloud": True,
    "costmap.obstacles": True,
    "costmap.grid": True,
    "map.enabled": True,
}


def texts() -> Iterator[tuple[str, str]]:
    """Every file: its name and its text."""
    config = Config.from_parameters(ROBOT)
    for path in sorted(config_path("ontology").glob("*.yaml")):
        yield path.name, nav2_parameters(config, Ontology.load(path.stem))


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in texts():
        (FOLDER / name).write_text(text, encoding="utf-8")
