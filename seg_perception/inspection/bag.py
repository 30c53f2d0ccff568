"""What a bag holds, how to label it, and what is missing for that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from seg_perception.config import Config
from seg_perception.core.issue_kinds.clouds import SENSOR_GUESSED, UNREAD_CLOUD
from seg_perception.core.issue_kinds.inputs import NO_CAMERA, NO_CLOUD
from seg_perception.core.issue_kinds.places import AT_REST, TAKEN_AS_BODY_FRAME
from seg_perception.core.issue_log import Issue
from seg_perception.inspection.corrected_mount import corrected_mounts
from seg_perception.inspection.facts import BagFacts, TopicFacts
from seg_perception.inspection.issues import find_issues
from seg_perception.inspection.read import read_facts
from seg_perception.inspection.recorded_sensors import recorded_sensors
from seg_perception.inspection.suggest import suggest_parameters
from seg_perception.io.remapped_bag import BagSource
from seg_perception.pipeline.corrected_mount import CorrectedMount

# What is left out, taken for something, or taken as at rest.
_GUESSED_OF_SENSORS = {kind.code for kind in (SENSOR_GUESSED, AT_REST, TAKEN_AS_BODY_FRAME)}
_NO_SENSOR = {NO_CAMERA.code, NO_CLOUD.code}
_GUESSED = {UNREAD_CLOUD.code, *_GUESSED_OF_SENSORS}


@dataclass(frozen=True, eq=False)
class BagInspection:
    """A bag that was looked into.

    Attributes:
        facts: what it holds.
        parameters: flat parameters with which it can be replayed.
        issues: what is amiss.
        mounts: of corrected cameras, what to publish in place of their transforms.
    """

    facts: BagFacts
    parameters: Mapping[str, Any]
    issues: tuple[Issue, ...]
    mounts: tuple[CorrectedMount, ...] = ()

    @property
    def runnable(self) -> bool:
        """Whether a replay would label anything."""
        return bool(self.parameters["cameras"])

    def guesses(self, config: Config) -> tuple[Issue, ...]:
        """What to tell whoever uses parameters that were found, not given.

        Args:
            config: made of these parameters, and of others that were given.
        """
        return tuple(i for i in self.issues if i.code in _GUESSED and _holds(i, config))

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "kind": "bag",
            "path": str(self.facts.path),
            "duration_s": self.facts.duration_s,
            "messages": self.facts.message_count,
            "topics": [_topic(topic) for topic in self.facts.topics.values()],
            "transforms": [asdict(edge) for edge in self.facts.edges],
            "parameters": dict(self.parameters),
            "issues": [issue.to_json() for issue in self.issues],
            **({"mounts": [mount.to_json() for mount in self.mounts]} if self.mounts else {}),
        }


def inspect_bag(path: BagSource, config: Config | None = None) -> BagInspection:
    """Look into a bag; reads the first messages of its topics, not the whole.

    Args:
        path: the bag.
        config: of the robot, to judge the bag by; None: what the bag suggests.

    Raises:
        BagError: it can't be opened.
    """
    facts = read_facts(path)
    if config is not None:
        return _by_config(facts, config)
    parameters = suggest_parameters(facts)
    issues = find_issues(facts, Config.from_parameters(parameters, str(path)))
    return BagInspection(facts, parameters, tuple(issues))


def _by_config(facts: BagFacts, config: Config) -> BagInspection:
    recorded, missing = recorded_sensors(facts, config)
    # What was given is not guessed, and of what was not recorded that is said.
    left_out = _GUESSED_OF_SENSORS | (_NO_SENSOR if missing else set())
    issues = [issue for issue in find_issues(facts, recorded) if issue.code not in left_out]
    mounts = tuple(corrected_mounts(facts, recorded))
    return BagInspection(facts, recorded.to_parameters(), (*missing, *issues), mounts)


def suggest_config(inspection: BagInspection) -> Config:
    """The configuration with which a bag is replayed when none is given."""
    return Config.from_parameters(inspection.parameters, str(inspection.facts.path))


def _holds(guess: Issue, config: Config) -> bool:
    """Whether a guess is not overruled by what was given."""
    if guess.code == AT_REST.code:
        return not config.transforms.fixed_frame
    kind, _, name = guess.stream.partition(".")
    sensors = dict(config.sensors_by_kind)
    return kind not in sensors or name in sensors[kind]


def _topic(topic: TopicFacts) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": topic.name,
        "type": topic.type,
        "count": topic.count,
        "rate_hz": topic.rate_hz,
    }
    if topic.frame_id:
        entry["frame_id"] = topic.frame_id
    if topic.image is not None:
        entry["image"] = asdict(topic.image)
    if topic.cloud is not None:
        entry["cloud"] = topic.cloud.to_json()
    if topic.camera_info is not None:
        info = topic.camera_info
        entry["camera_info"] = {
            "width": info.width,
            "height": info.height,
            "distortion_model": info.distortion_model,
            "problem": info.problem,
        }
    return entry
