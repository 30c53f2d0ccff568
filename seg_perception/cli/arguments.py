"""Options that several commands on a bag have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RobotFile = Annotated[
    Path | None,
    typer.Option(help="ROS parameter file of the robot; without it the bag is inspected."),
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="One parameter as key=value; repeatable.")
]
LatencyMs = Annotated[
    float, typer.Option(min=0, help="Imitate a machine that needs so many ms for a frame.")
]
LabelTopics = Annotated[
    list[str] | None,
    typer.Option(help="CAMERA=TOPIC of label images in the bag; without them the model runs."),
]
