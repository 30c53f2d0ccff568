"""From what a user asks for to a job: what is scored, with what, against which truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seg_perception.config import Config
from seg_perception.config.full_names import with_full_names
from seg_perception.core.errors import ConfigError, EvaluationError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import NANOSECONDS
from seg_perception.evaluation.ground_truth_topics import (
    assign_truth,
    core_streams,
    pictures_of,
    recorded_streams,
)
from seg_perception.evaluation.job import Job, Shard, StreamGroundTruth
from seg_perception.evaluation.ontologies import (
    recorded_ontology,
    stated_ontology,
)
from seg_perception.evaluation.options import EvaluateOptions
from seg_perception.evaluation.plan_files import expect_no_corruptions, plan_files, truth_fields
from seg_perception.evaluation.protocol import OWN, Protocol
from seg_perception.evaluation.truth_classes import truth_classes
from seg_perception.inference.bundle import Bundle, sha256
from seg_perception.inspection.facts import BagFacts
from seg_perception.inspection.read import read_facts
from seg_perception.inspection.suggest import find_fixed_frame, suggest_parameters
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.remapped_bag import RemappedBag

_NANOSECONDS_PER_MS = 1_000_000
_BAGS = (".mcap", ".db3", ".bag", ".zstd")


def plan(paths: Sequence[Path], options: EvaluateOptions) -> Job:
    """Look at the inputs and decide what is to be done.

    Args:
        paths: one or more recordings, or one data set.
        options: see there.

    Raises:
        SegPerceptionError: inputs that can't be read, a truth that is not found, a protocol
            that does not fit.
    """
    if not paths:
        msg = "nothing to score: name a recording or a data set"
        raise ConfigError(msg)
    bags = [path for path in paths if is_bag(path)]
    if not bags:
        if options.odometry:
            msg = f"--odometry {options.odometry}: {paths[0]} is a data set, which has no motion"
            raise ConfigError(msg)
        if options.remap:
            msg = f"--remap {options.remap[0]}: {paths[0]} is a data set, which has no topics"
            raise ConfigError(msg)
        if len(paths) > 1:
            msg = f"{paths[1]}: expected one data set at a time, or recordings"
            raise ConfigError(msg)
        return plan_files(paths[0], options)
    if len(bags) < len(paths):
        other = next(path for path in paths if path not in bags)
        msg = f"{other}: expected a recording as the others are: .mcap, .db3, .bag, or a folder"
        raise ConfigError(msg)
    expect_no_corruptions(options, str(bags[0]))
    return _plan_bags(bags, options)


def is_bag(path: Path) -> bool:
    """Whether a path is a recording rather than a data set.

    Raises:
        EvaluationError: nothing is there.
    """
    if not path.exists():
        msg = f"{path} not found: expected a recording or a data set"
        raise EvaluationError(msg)
    if path.is_file():
        return True
    return (path / "metadata.yaml").is_file() or any(
        entry.suffix in _BAGS for entry in path.iterdir()
    )


def _plan_bags(bags: Sequence[Path], options: EvaluateOptions) -> Job:
    if options.truth_bag is not None and len(bags) > 1:
        msg = f"--truth-bag {options.truth_bag}: expected one recording beside it, got {len(bags)}"
        raise ConfigError(msg)
    first = RemappedBag.of(bags[0], options.remap)
    facts = read_facts(first)
    _expect_messages(facts)
    recorded = recorded_ontology(first) if options.labels != "model" else None
    if options.labels == "recorded" and recorded is None:
        recorded = stated_ontology(options, bags[0])
    protocol = Protocol.load(options.protocol or OWN)
    if recorded is not None:
        return _plan_recorded(bags, options, facts, recorded, protocol)
    return _plan_core(bags, options, facts, protocol)


def _plan_core(
    bags: Sequence[Path], options: EvaluateOptions, facts: BagFacts, protocol: Protocol
) -> Job:
    given = suggest_parameters(facts) if options.parameters is None else options.parameters
    parameters = Config.from_parameters({**given, **options.settings}, str(bags[0]))
    config = with_full_names(parameters, facts.topics)
    bundle = Bundle.load(config.segmentation.bundle)
    return Job(
        kind="bag",
        protocol=protocol,
        **truth_fields(truth_classes(options, protocol, bundle.ontology)),
        model_ontology=bundle.ontology,
        model_name=str(bundle),
        model_sha256=sha256(bundle.model_path),
        parameters=config.to_parameters(),
        streams=_with_truth(core_streams(config), facts, options),
        latency_ns=round(options.latency_ms * _NANOSECONDS_PER_MS),
        shards=_shards(bags, options),
        **_common(options),
    )


def _plan_recorded(
    bags: Sequence[Path],
    options: EvaluateOptions,
    facts: BagFacts,
    ontology: Ontology,
    protocol: Protocol,
) -> Job:
    if options.odometry:
        msg = (
            f"--odometry {options.odometry}: {bags[0]} has its labels, which no motion changes; "
            "add --labels model to label it anew"
        )
        raise ConfigError(msg)
    found = recorded_streams(facts)
    if not found:
        msg = f"{bags[0]}: no recorded labels: expected topics such as …/semantic/label_image"
        raise EvaluationError(msg)
    streams = _with_truth(found, facts, options)
    clouds = [entry.labels for entry in streams if entry.kind != "image"]
    fixed_frame = find_fixed_frame(facts, clouds) if clouds else ""
    parameters = {"transforms.fixed_frame": fixed_frame, **options.settings}
    return Job(
        kind="labelled bag",
        protocol=protocol,
        **truth_fields(truth_classes(options, protocol, ontology)),
        model_ontology=ontology,
        model_name=f"labels recorded in {bags[0].name}",
        parameters=parameters,
        streams=streams,
        image_topics=pictures_of(streams, facts),
        shards=_shards(bags, options),
        **_common(options),
    )


def _common(options: EvaluateOptions) -> dict[str, Any]:
    return {
        "class_mappings": options.class_mappings,
        "partial": options.partial,
        "remap": options.remap,
        "odometry": options.odometry,
        "cuboids": options.cuboids,
        "conditions": options.conditions,
        "tolerance_ns": round(options.tolerance_s * NANOSECONDS),
        "boundary": options.boundary,
        "pictures": options.pictures,
    }


def _with_truth(
    streams: Sequence[StreamGroundTruth], facts: BagFacts, options: EvaluateOptions
) -> tuple[StreamGroundTruth, ...]:
    if options.cuboids is None:
        source = facts if options.truth_bag is None else read_facts(options.truth_bag)
        return tuple(assign_truth(streams, source, options.truth))
    clouds = tuple(entry for entry in streams if entry.kind != "image")
    if not clouds:
        msg = f"--cuboids {options.cuboids.file}: no cloud among {[e.stream for e in streams]}"
        raise ConfigError(msg)
    return clouds


def _shards(bags: Sequence[Path], options: EvaluateOptions) -> tuple[Shard, ...]:
    """One a recording, with names that tell them apart."""
    shards = []
    names: set[str] = set()
    for number, path in enumerate(bags):
        with BagReader(RemappedBag.of(path, options.remap)) as bag:
            if not bag.message_count:
                msg = f"{path}: the bag holds no message; record it again"
                raise EvaluationError(msg)
            size = bag.message_count
        truth = "" if options.truth_bag is None else str(options.truth_bag)
        # Two labellings of one drive are one sequence: their runs can be compared.
        stem = (options.truth_bag or path).stem
        name = stem if stem not in names else f"{stem} ({number})"
        names.add(name)
        shards.append(
            Shard(number=number, sequence=name, path=str(path), truth_path=truth, size=size)
        )
    return tuple(shards)


def _expect_messages(facts: BagFacts) -> None:
    if not facts.message_count:
        msg = f"{facts.path}: the bag holds no message; record it again"
        raise EvaluationError(msg)
