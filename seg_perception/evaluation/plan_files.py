"""From a data set to a job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from seg_perception.config import Config
from seg_perception.core.errors import ConfigError, DatasetError, EvaluationError
from seg_perception.core.ontology import Ontology
from seg_perception.corruptions.catalogue import corruptions_named
from seg_perception.datasets.labelled_folder import LabelledFolder
from seg_perception.datasets.layouts import (
    CLOUD_LAYOUTS,
    IMAGE_LAYOUTS,
    find_scans,
    guess_layout,
    open_folder,
)
from seg_perception.datasets.mapping import LabelMapping, find_mapping
from seg_perception.datasets.mask_folders import MASK_SUFFIXES
from seg_perception.datasets.pairs import ImagePair
from seg_perception.datasets.plain_folder import ONTOLOGY
from seg_perception.datasets.semantic_kitti import LABEL_SUFFIX, CloudPair
from seg_perception.evaluation.job import FilePair, Job, LabelledFiles, Shard, StreamGroundTruth
from seg_perception.evaluation.options import EvaluateOptions
from seg_perception.evaluation.protocol import OWN, Protocol
from seg_perception.evaluation.run_files import CAMERA
from seg_perception.evaluation.truth_classes import TruthClasses, truth_classes
from seg_perception.evaluation.truth_files import ONE_SEQUENCE
from seg_perception.inference.bundle import Bundle, sha256

# The frames of a shard: few enough that a lost one costs little.
_FRAMES = 64
# A data set of one sequence is cut into so many blocks for the bootstrap.
_BLOCKS = 64
_PROTOCOLS = {"goose": "goose_2026", "rellis": "rellis"}
Pairs = Sequence[ImagePair | CloudPair]


def plan_files(root: Path, options: EvaluateOptions) -> Job:
    """Find the files of a data set, and what labels them.

    Raises:
        SegPerceptionError: files are missing, or a protocol that does not fit.
    """
    layout = options.layout or guess_layout(root)
    protocol = Protocol.load(options.protocol or _usual_protocol(root, layout, options))
    folder = _open(root, layout, options)
    pairs: Pairs = find_scans(root, layout, options.split) if folder is None else folder.pairs
    if options.predictions is not None:
        return _plan_predictions(root, options, protocol, pairs, folder)
    if folder is None:
        msg = (
            f"{root}: scans without images can't be labelled here; score labels of somebody else "
            "by --predictions FOLDER"
        )
        raise EvaluationError(msg)
    given = options.parameters or {}
    core = {k: v for k, v in given.items() if k.partition(".")[0] in ("segmentation", "output")}
    camera = {"cameras": [CAMERA], f"camera.{CAMERA}.image_topic": "/images"}
    config = Config.from_parameters({**core, **camera, **options.settings}, str(root))
    bundle = Bundle.load(config.segmentation.bundle)
    truth = truth_classes(options, protocol, bundle.ontology, folder)
    return Job(
        kind="data set",
        protocol=protocol,
        **truth_fields(truth, folder),
        model_ontology=bundle.ontology,
        model_name=str(bundle),
        model_sha256=sha256(bundle.model_path),
        class_mappings=options.class_mappings,
        partial=options.partial,
        parameters=config.to_parameters(),
        streams=(_stream(root, str(root)),),
        files=_files(folder, options, truth),
        conditions=_conditions(pairs, options),
        corruptions=tuple(c.name for c in corruptions_named(options.corruptions)),
        boundary=options.boundary,
        pictures=options.pictures,
        shards=_shards(pairs, {}),
    )


def expect_no_corruptions(options: EvaluateOptions, what: str) -> None:
    """Refuse to spoil what is not labelled from pictures of a data set.

    Raises:
        ConfigError: corruptions were asked for.
    """
    if options.corruptions:
        msg = (
            f"--corruptions: expected the folder of a data set whose images the model labels, got "
            f"{what}; score such a folder, or leave the option away"
        )
        raise ConfigError(msg)


def _usual_protocol(root: Path, layout: str, options: EvaluateOptions) -> str:
    """The data set's own; else categories, where a mapping knows no finer ones."""
    path = None if options.truth_ontology or options.same_ids else find_mapping(root)
    if layout not in _PROTOCOLS and path is not None and LabelMapping.load(path).grouping:
        return "categories"
    return _PROTOCOLS.get(layout, OWN)


def _plan_predictions(
    root: Path,
    options: EvaluateOptions,
    protocol: Protocol,
    pairs: Pairs,
    labelled: LabelledFolder | None,
) -> Job:
    folder = options.predictions or root
    expect_no_corruptions(options, f"labels in {folder}")
    model = _predicted_ontology(folder, options, protocol)
    truth = truth_classes(options, protocol, model, labelled)
    stream = _stream(root, str(folder))
    if labelled is None:
        stream = stream.model_copy(update={"stream": "scans", "kind": "lidar"})
    return Job(
        kind="predictions",
        protocol=protocol,
        **truth_fields(truth, labelled),
        model_ontology=model,
        model_name=f"labels in {folder}",
        class_mappings=options.class_mappings,
        partial=options.partial,
        streams=(stream,),
        files=None if labelled is None else _files(labelled, options, truth),
        conditions=_conditions(pairs, options),
        boundary=options.boundary,
        pictures=options.pictures,
        shards=_shards(pairs, _predicted(folder, root, pairs)),
    )


def _open(root: Path, layout: str, options: EvaluateOptions) -> LabelledFolder | None:
    """The images; None where there are scans alone.

    Raises:
        DatasetError: there are neither.
    """
    try:
        return open_folder(root, layout, options.split) if layout in IMAGE_LAYOUTS else None
    except DatasetError:
        if options.predictions is None or layout not in CLOUD_LAYOUTS:
            raise
        return None


def truth_fields(truth: TruthClasses, folder: LabelledFolder | None = None) -> dict[str, Any]:
    """What a job says of the true ids, and of the folder that they were found in."""
    found = () if folder is None else (f"{folder.root}: {folder.description}", *folder.notes)
    return {
        "remarks": (*found, f"true ids are {truth.origin}"),
        "truth_ontology": truth.ontology,
        "truth_meanings": truth.meanings,
        "truth_origin": truth.origin,
        "truth_assumed": truth.assumed,
    }


def _files(folder: LabelledFolder, options: EvaluateOptions, truth: TruthClasses) -> LabelledFiles:
    """Colours of masks may be those of an ontology that somebody named."""
    painted = not truth.assumed and not truth.meanings
    return LabelledFiles(
        root=str(folder.root), layout=folder.layout, split=options.split, painted=painted
    )


def _predicted_ontology(folder: Path, options: EvaluateOptions, protocol: Protocol) -> Ontology:
    """As named, as `label` wrote it beside the predictions, or the truth's.

    Raises:
        ConfigError: nothing says it.
    """
    beside = folder / ONTOLOGY
    if options.model_ontology:
        return Ontology.load(options.model_ontology)
    if beside.is_file():
        return Ontology.load(beside)
    named = options.truth_ontology or protocol.ontology
    if not named:
        msg = f"--predictions {folder}: no {ONTOLOGY} in it: name its ontology by --model-ontology"
        raise ConfigError(msg)
    return Ontology.load(named)


def _stream(root: Path, labels: str) -> StreamGroundTruth:
    return StreamGroundTruth(stream="images", kind="image", labels=labels, truth=str(root))


def _predicted(folder: Path, root: Path, pairs: Pairs) -> dict[str, Path]:
    """The label file of each pair: under its sequence or not, named as its truth or its image.

    `label` keeps the folders of the images.

    Raises:
        EvaluationError: one is missing.
    """
    found = {}
    for pair in pairs:
        places = list(_label_places(folder, root, pair))
        chosen = next((place for place in places if place.is_file()), None)
        if chosen is None:
            msg = (
                f"{folder}: no labels of {pair.key}: expected "
                f"{' or '.join(str(p) for p in places[:2])}"
            )
            raise EvaluationError(msg)
        found[pair.key] = chosen
    return found


def _label_places(folder: Path, root: Path, pair: ImagePair | CloudPair) -> Iterable[Path]:
    """Where the labels of a pair may lie."""
    source = pair.image if isinstance(pair, ImagePair) else pair.cloud
    masks = pair.labels.suffix in (*MASK_SUFFIXES, LABEL_SUFFIX)
    suffix = pair.labels.suffix if masks else MASK_SUFFIXES[0]
    names = [pair.labels.name] if masks else []
    names = list(dict.fromkeys([*names, f"{pair.name}{suffix}", f"{source.stem}{suffix}"]))
    yield from (folder / pair.sequence / name for name in names)
    yield from (folder / name for name in names)
    # The image's place below the data set, or below its folder of images or its split.
    parts = source.relative_to(root).with_suffix(suffix).parts if root in source.parents else ()
    yield from (folder.joinpath(*parts[first:]) for first in range(len(parts)))


def _conditions(pairs: Pairs, options: EvaluateOptions) -> dict[str, dict[str, str]]:
    """What the layout tells of each sequence, and what the user says of it."""
    found: dict[str, dict[str, str]] = {}
    for pair in pairs:
        found.setdefault(pair.sequence or ONE_SEQUENCE, {}).update(pair.conditions)
    for sequence, conditions in options.conditions.items():
        if sequence not in found:
            msg = f"conditions of {sequence!r}: no such sequence among {sorted(found)[:8]}"
            raise ConfigError(msg)
        found[sequence].update(conditions)
    return found


def _shards(pairs: Pairs, predicted: dict[str, Path]) -> tuple[Shard, ...]:
    files = list(_file_pairs(pairs, predicted))
    return tuple(
        Shard(number=number, size=len(chunk), pairs=tuple(chunk))
        for number, start in enumerate(range(0, len(files), _FRAMES))
        for chunk in [files[start : start + _FRAMES]]
    )


def _file_pairs(pairs: Pairs, predicted: dict[str, Path]) -> Iterable[FilePair]:
    alone = len({pair.sequence for pair in pairs}) == 1
    length = max(1, -(-len(pairs) // _BLOCKS))
    for number, pair in enumerate(pairs):
        sequence = pair.sequence or ONE_SEQUENCE
        first = number // length * length
        yield FilePair(
            source=str(pair.image if isinstance(pair, ImagePair) else pair.cloud),
            truth=str(pair.labels),
            predicted=str(predicted.get(pair.key, "")),
            sequence=sequence,
            unit=f"{sequence} frames {first}-{first + length - 1}" if alone else sequence,
            name=pair.name,
            stamp_ns=pair.stamp_ns,
        )
