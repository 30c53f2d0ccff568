"""What true ids mean: an ontology's classes, or by a mapping those of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seg_perception.core.errors import ConfigError, DatasetError
from seg_perception.core.ontology import Ontology, shipped
from seg_perception.core.resources import config_names, config_path
from seg_perception.core.validation import read_yaml
from seg_perception.datasets.labelled_folder import LabelledFolder
from seg_perception.datasets.mapping import IGNORE, LabelMapping, find_mapping, is_mapping
from seg_perception.datasets.names_ontology import ontology_of
from seg_perception.datasets.viking_hill import CuboidRules
from seg_perception.evaluation.options import EvaluateOptions
from seg_perception.evaluation.protocol import Protocol

_SUFFIXES = (".yaml", ".yml", ".json")
_MAPPINGS = "training", "mappings"
_IGNORED = "#000000"
OPTION = "--truth-ontology"
SAME_IDS = "--same-ids"


@dataclass(frozen=True)
class TruthClasses:
    """What true ids mean.

    Attributes:
        ontology: of the true ids.
        origin: what they were taken for, and why: half a sentence behind "true ids are".
        meanings: the model's classes that each id may be, the likeliest first; empty: the ids
            are known by the ontology's names.
        assumed: whether nobody has said so.
    """

    ontology: Ontology
    origin: str
    meanings: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    assumed: bool = False


def truth_classes(
    options: EvaluateOptions,
    protocol: Protocol,
    model: Ontology,
    folder: LabelledFolder | None = None,
) -> TruthClasses:
    """What true ids mean: as the user says, the protocol, or the data set; else the model's own.

    Args:
        options: what the user asks for.
        protocol: how labels are scored.
        model: the ontology of the labels.
        folder: of the true labels; None for bags and scans.

    Raises:
        ConfigError: what was named can't be understood, does not fit the protocol, or the
            protocol needs a name and there is none.
        DatasetError: a mapping that the model's ontology does not fit.
    """
    found = _stated(options, protocol, model)
    if found is None and not options.same_ids:
        found = _found(protocol, model, folder)
    if found is not None:
        return _fitting(found, protocol, model)
    if protocol.names_truth and not options.same_ids:
        msg = (
            f"protocol {protocol.name} compares a truth and a model of different ontologies: name "
            f"the truth's by {OPTION}, put a mapping.yaml beside the images, or say {SAME_IDS} if "
            f"the true ids are those of {model.name}"
        )
        raise ConfigError(msg)
    if options.same_ids:
        return TruthClasses(model, f"those of the model, {model.name} ({SAME_IDS})")
    return TruthClasses(model, f"those of the model, {model.name}: nothing says so", assumed=True)


def read_classes(name_or_path: str, model: Ontology) -> TruthClasses:
    """What a file says of true ids, an ontology or a mapping, shipped under a name or at a path.

    Raises:
        ConfigError: no such file, or it is neither.
        DatasetError: a mapping that the model's ontology does not fit.
    """
    path, origin = Path(name_or_path), f"{OPTION} {name_or_path}"
    if path.suffix in _SUFFIXES:
        data = read_yaml(path, "an ontology or a label mapping, a YAML file", ConfigError)
        if is_mapping(data):
            return _mapped(LabelMapping.parse(data, path), model, origin)
        if isinstance(data, dict) and "classes" in data:
            return TruthClasses(Ontology.parse(data, str(path)), f"those of {path} ({OPTION})")
    if name_or_path in shipped():
        ontology = Ontology.load(name_or_path)
        return TruthClasses(ontology, f"those of {ontology.name} ({OPTION})")
    mappings = config_names("/".join(_MAPPINGS))
    if name_or_path in mappings:
        mapping = LabelMapping.load(config_path(*_MAPPINGS, f"{name_or_path}.yaml"))
        return _mapped(mapping, model, origin)
    msg = (
        f"{origin}: expected an ontology or a label mapping: a YAML file, an ontology of "
        f"{shipped()}, or a mapping of {mappings}"
    )
    raise ConfigError(msg)


def _stated(options: EvaluateOptions, protocol: Protocol, model: Ontology) -> TruthClasses | None:
    if options.truth_ontology:
        if options.same_ids:
            msg = f"{OPTION} {options.truth_ontology}: expected either it or {SAME_IDS}"
            raise ConfigError(msg)
        return read_classes(options.truth_ontology, model)
    if options.cuboids is not None and not protocol.ontology:
        ontology = Ontology.load(CuboidRules.load(options.cuboids.rules).ontology)
        return TruthClasses(ontology, f"those of the cuboids, {ontology.name}")
    return None


def _found(
    protocol: Protocol, model: Ontology, folder: LabelledFolder | None
) -> TruthClasses | None:
    path = None if folder is None else find_mapping(folder.root)
    if path is not None and protocol.ontology in ("", model.name):
        return _mapped(LabelMapping.load(path), model, str(path))
    if protocol.ontology:
        ontology = model if protocol.ontology == model.name else Ontology.load(protocol.ontology)
        return TruthClasses(ontology, f"those of {ontology.name}, protocol {protocol.name}'s")
    if folder is not None and folder.ontology is not None:
        named = folder.ontology
        same = named.ids == model.ids
        origin = f"named by {named.source or named.name}"
        return TruthClasses(model if same else named, origin)
    return None


def _fitting(found: TruthClasses, protocol: Protocol, model: Ontology) -> TruthClasses:
    scored = model if found.meanings else found.ontology
    if protocol.ontology and protocol.ontology != scored.name:
        msg = (
            f"{found.origin}: the true ids become classes of {scored.name}, and protocol "
            f"{protocol.name} is for {protocol.ontology}; choose another protocol, for instance "
            "categories"
        )
        raise ConfigError(msg)
    same = not found.meanings and found.ontology.name == model.name
    if same and found.ontology.ids == model.ids:
        return TruthClasses(model, found.origin)
    return found


def _mapped(mapping: LabelMapping, model: Ontology, origin: str) -> TruthClasses:
    """Each id as the classes that it may be, in the colour of the first."""
    sets = mapping.sets(model)
    known = {i: ids for i, ids in sets.items() if ids or i != IGNORE}
    if not any(known.values()):
        msg = f"{origin}: every id is ignored, expected some with a class of {model.name}"
        raise DatasetError(msg)
    names = {i: mapping.names[i] for i in known}
    looks = {c.id: c.color for c in model.classes}
    colors = {i: looks[ids[0]] if ids else _IGNORED for i, ids in known.items()}
    return TruthClasses(
        ontology_of(names, mapping.source, origin, colors),
        f"mapped to {model.name} by {origin}",
        {i: tuple(model.names[number] for number in ids) for i, ids in known.items()},
    )
