"""`python -m bench.graph`: our node and the usual one on the same bag, in turns, in one run."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from bench.graph import tables
from bench.graph.recordings import LOADS, Load, recording, simulate
from bench.graph.summary import Summary, read_truth, summarize
from bench.graph.trial import OURS, USUAL, Trial, run_trial
from seg_perception.config import Config
from seg_perception.core.json_document import dump_json
from seg_perception.core.ontology import Ontology
from seg_perception.demo.processes import expect_ros
from seg_perception.inference.bundle import Bundle
from seg_perception.simulation.config import SimulationConfig


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every load, print the tables, leave them and result.json in the folder."""
    options = parser().parse_args(arguments)
    expect_ros()
    world = SimulationConfig(duration_s=options.seconds, seed=options.seed)
    document: dict[str, Any] = {"world": world.model_dump(), "threads": options.threads}
    texts = []
    for load in LOADS:
        if load.name.replace(" ", "_") in options.loads:
            text, document[load.name] = run_load(load, world, options)
            texts.append(text)
    (options.folder / "result.json").write_text(dump_json(document))
    (options.folder / "tables.md").write_text("\n\n".join(texts) + "\n")
    print("\n\n".join(texts))
    return 0


def run_load(load: Load, world: SimulationConfig, options: argparse.Namespace) -> tuple[str, Any]:
    """Both nodes under one load: tables, and the same for machines."""
    drive, bag = simulate(options.folder, world), recording(options.folder, world, load)
    config, file = write_parameters(load, world, options)
    trials: dict[str, list[Trial]] = {OURS.name: [], USUAL.name: []}
    for number in range(options.trials):
        for system in (OURS, USUAL) if number % 2 == 0 else (USUAL, OURS):
            start = time.monotonic()
            folder = options.folder / "trials" / f"{load.name}_{number}_{system.name}"
            shutil.rmtree(folder, ignore_errors=True)
            trials[system.name].append(run_trial(system, bag, file, config, folder))
            seconds = time.monotonic() - start
            print(f"{load.name}, trial {number + 1}, {system.name}: {seconds:.0f} s", flush=True)
    truth = read_truth(drive, world.lidar_truth_topic)
    ontologies = Bundle.load(config.segmentation.bundle).ontology, Ontology.load(world.ontology)
    found: dict[str, Summary] = {
        name: summarize(of_one, truth, ontologies) for name, of_one in trials.items()
    }
    reports = [one.report for one in trials[OURS.name]]
    table = tables.comparison(load.name, found[OURS.name], found[USUAL.name])
    text = f"{table}\n\n{tables.stages(load.name, reports)}"
    return text, {name: asdict(entry) for name, entry in found.items()} | {"reports": reports}


def write_parameters(
    load: Load, world: SimulationConfig, options: argparse.Namespace
) -> tuple[Config, Path]:
    """The parameter file of both nodes."""
    values: dict[str, Any] = {
        "cameras": list(load.cameras),
        "lidars": ["top"],
        "lidar.top.topic": world.lidar_topic,
        "transforms.fixed_frame": world.odom_frame,
        "segmentation.bundle": options.bundle,
        "segmentation.threads": options.threads,
    }
    for camera, topic in zip(load.cameras, load.image_topics(world), strict=True):
        values[f"camera.{camera}.image_topic"] = topic
    file = options.folder / f"parameters_{len(load.cameras)}.yaml"
    file.write_text(yaml.safe_dump({"/**": {"ros__parameters": values}}))
    return Config.from_parameters(values, str(file)), file


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="python -m bench.graph", description=__doc__)
    names = [load.name.replace(" ", "_") for load in LOADS]
    made.add_argument("--folder", type=Path, default=Path("runs/bench_graph"))
    made.add_argument("--seconds", type=float, default=10.0, help="of the simulated drive")
    made.add_argument("--seed", type=int, default=1, help="of the forest")
    made.add_argument("--trials", type=int, default=2, help="of each node under each load")
    made.add_argument("--threads", type=int, default=1, help="of one inference")
    made.add_argument("--bundle", default="field_tiny", help="the model of both nodes")
    made.add_argument("--loads", nargs="+", choices=names, default=names)
    return made


if __name__ == "__main__":
    sys.exit(main())
