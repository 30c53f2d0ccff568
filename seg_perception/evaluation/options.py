"""What a user asks for when something is to be scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from seg_perception.evaluation.job import CuboidSource


@dataclass(frozen=True)
class EvaluateOptions:
    """How inputs are scored; an empty value is found or guessed.

    Attributes:
        protocol: name or file.
        truth_ontology: an ontology or mapping of the true ids, where the protocol leaves it open.
        same_ids: the true ids are the model's own, whatever they look like.
        model_ontology: of labels that say nothing about themselves.
        class_mappings: of the protocol; empty: all.
        partial: score a model although its classes differ from the truth's.
        truth: topics, `STREAM=TOPIC` or `TOPIC`.
        truth_bag: a recording that has the truth of the one recording.
        remap: rules for the names of topics of the recordings, without the truth's bag.
        odometry: what finds the robot's motion where recordings lack it.
        cuboids: truth of clouds.
        labels: whether labels in a bag are scored as recorded, or made anew.
        parameters: flat, of the core; None: the bag is inspected.
        settings: over them, parsed.
        layout, split: of a data set.
        predictions: folder with labels of somebody else.
        conditions: of sequences, by name.
        tolerance_s: largest distance of two stamps.
        corruptions: names, or `all`; the pictures of a data set are spoilt by each.
        latency_ms: of a machine whose drops are imitated.
        boundary: whether boundaries are measured.
        pictures: how many worst and typical frames keep their pictures.
    """

    protocol: str = ""
    truth_ontology: str = ""
    same_ids: bool = False
    model_ontology: str = ""
    class_mappings: tuple[str, ...] = ()
    partial: bool = False
    truth: tuple[str, ...] = ()
    truth_bag: Path | None = None
    remap: tuple[str, ...] = ()
    odometry: str = ""
    cuboids: CuboidSource | None = None
    labels: Literal["auto", "recorded", "model"] = "auto"
    parameters: Mapping[str, Any] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    layout: str = ""
    split: str = ""
    predictions: Path | None = None
    conditions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    tolerance_s: float = 0.005
    corruptions: tuple[str, ...] = ()
    latency_ms: float = 0.0
    boundary: bool = True
    pictures: int = 4


@dataclass(frozen=True)
class ExecutionOptions:
    """What does the work.

    Attributes:
        processes: on this machine.
        address: of a Ray cluster; empty: none is used.
        cpus, gpus: what a shard needs of the cluster.
        keep: where the labelled bag is kept, of a single bag in one process.
        pieces: into so many each bag is cut by time.
    """

    processes: int = 1
    address: str = ""
    cpus: float = 1.0
    gpus: float = 0.0
    keep: str = ""
    pieces: int = 1
