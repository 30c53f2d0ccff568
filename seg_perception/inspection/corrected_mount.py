"""The cameras that a configuration corrects, and what to publish in place of their transforms."""

from __future__ import annotations

from collections.abc import Iterator

from seg_perception.config import Config
from seg_perception.inspection.facts import BagFacts
from seg_perception.pipeline.camera_correction import correction_of
from seg_perception.pipeline.corrected_mount import CorrectedMount, corrected_mount


def corrected_mounts(facts: BagFacts, config: Config) -> Iterator[CorrectedMount]:
    """One for each camera that the configuration corrects."""
    frames = {
        name: camera.frame_id or facts.topics[camera.image_topic].frame_id
        for name, camera in config.cameras.items()
    }
    for name, camera in config.cameras.items():
        correction = correction_of(camera)
        if correction.is_none:
            continue
        given = camera.frame_convention
        convention = None if given == "auto" else given
        frame = frames[name]
        edge = next((one for one in facts.edges if one.static and one.child == frame), None)
        of_tf = None if edge is None else (edge.parent, facts.tree.lookup(edge.parent, frame, 0))
        yield corrected_mount(name, correction, frames, convention, of_tf)
