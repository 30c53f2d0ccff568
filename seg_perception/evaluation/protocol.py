"""How labels are scored, as data: one YAML file a protocol in `config/protocols/`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from seg_perception.core.errors import ConfigError
from seg_perception.core.resources import config_names, named_config
from seg_perception.core.validation import load_model
from seg_perception.evaluation.document import Document

OWN = "own"


class Mean(Document):
    """A mean over the IoU of classes.

    Attributes:
        name: of the metric.
        over: which classes count: `union`, those that truth or prediction has; `truth`, those
            that the truth has; `all`, where an absent class is 0; `nonzero`, those above 0.
    """

    name: str = Field(min_length=1)
    over: Literal["union", "truth", "all", "nonzero"] = "union"


class ClassMapping(Document):
    """The classes that are told apart, in one way of looking at labels.

    Attributes:
        name: `fine`, `coarse`, ...
        grouping: of the ontology, whose groups are the classes; empty: its own classes are.
        moved: classes that belong to another group here than in the ontology.
        exclude_ignored: whether the true pixels of classes that the ontology ignores do not count.
        excluded_classes: more classes of the ontology whose true pixels do not count.
        excluded_groups: groups whose true pixels do not count.
        excluded_prediction: a counted pixel that is predicted as an excluded class is `wrong`
            (missed by its true class), or its pair is `dropped`.
        means: the first one is the class mapping's headline.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    grouping: str = ""
    moved: Mapping[str, str] = {}
    exclude_ignored: bool = True
    excluded_classes: tuple[str, ...] = ()
    excluded_groups: tuple[str, ...] = ()
    excluded_prediction: Literal["wrong", "dropped"] = "wrong"
    means: tuple[Mean, ...] = Field(default=(Mean(name="miou"),), min_length=1)


class Protocol(Document):
    """What is counted, and what of it becomes the result.

    Attributes:
        name: of the file.
        title: one line for people.
        source: where the rules come from.
        choices: sentences about what the sources leave open or disagree on.
        ontology: of the truth; empty: the model's.
        names_truth: whether somebody must say which ontology the truth has.
        class_mappings: the first one ranks the frames.
        composite: weights of metrics such as `fine.miou`; empty where there is none.
        unlabelled_points: which points of a cloud that got no label count as missed:
            those that the truth calls `visible`, `all`, or `none`. Coverage counts all.
        ranges_m: limits of the range slices of clouds.
        boundary_ratio: width of the boundary zone as a share of the image's diagonal.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    source: str = ""
    choices: tuple[str, ...] = ()
    ontology: str = ""
    names_truth: bool = False
    class_mappings: tuple[ClassMapping, ...] = Field(min_length=1)
    composite: Mapping[str, float] = {}
    unlabelled_points: Literal["visible", "all", "none"] = "visible"
    ranges_m: tuple[float, ...] = (0.0, 10.0, 20.0, 30.0, 50.0, 100.0)
    boundary_ratio: float = Field(default=0.005, gt=0, lt=0.5)

    @model_validator(mode="after")
    def _consistent(self) -> Protocol:
        names = [mapping.name for mapping in self.class_mappings]
        if len(set(names)) != len(names):
            msg = f"class_mappings {names}: expected different names"
            raise ValueError(msg)
        known = {
            f"{mapping.name}.{mean.name}"
            for mapping in self.class_mappings
            for mean in mapping.means
        }
        if unknown := sorted(set(self.composite) - known):
            msg = f"composite names {unknown}: expected some of {sorted(known)}"
            raise ValueError(msg)
        if list(self.ranges_m) != sorted(set(self.ranges_m)):
            msg = "ranges_m: expected rising limits"
            raise ValueError(msg)
        return self

    @classmethod
    def load(cls, name_or_path: str | Path) -> Protocol:
        """Read a shipped protocol by its name, or any YAML file by its path.

        Raises:
            ConfigError: no such file, or it is not a protocol.
        """
        path = named_config("protocols", name_or_path)
        expected = f"a protocol's .yaml file, or one of the names {shipped()}"
        return load_model(cls, path, expected, ConfigError)


def shipped() -> list[str]:
    """Names of the protocols that come with the package."""
    return config_names("protocols")
