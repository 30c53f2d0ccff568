"""A recording of Rerun's, read back with its own reader."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seg_perception.replay import replay
from seg_perception.viewing import ViewOptions, ViewSummary, view_bag
from seg_perception.viewing.recording import saved_recording

pytest.importorskip("rerun", reason="the extra [view] is not installed")
WHOLE = ViewOptions()


class Rrd:
    """What a file holds, by entity and component, as Python has it."""

    def __init__(self, path: Path) -> None:
        from rerun.chunk import RrdReader

        reader = RrdReader(path)
        self.chunks = list(reader.stream())
        self.blueprints = len(reader.blueprints())
        self.timelines = {name for chunk in self.chunks for name in chunk.timeline_names}
        self.entities = {chunk.entity_path for chunk in self.chunks}

    def rows(
        self, entity: str, component: str, timeline: str = "stamp"
    ) -> list[tuple[int | None, Any]]:
        """Stamp (ns; None at all times) and value of each time that a component was set."""
        found = []
        for chunk in self.chunks:
            batch = chunk.to_record_batch()
            if chunk.entity_path != entity or component not in batch.schema.names:
                continue
            values = batch.column(component).to_pylist()
            stamps: list[int | None] = [None] * len(values)
            if not chunk.is_static:
                stamps = np.asarray(batch.column(timeline)).astype("int64").tolist()
            found += [row for row in zip(stamps, values, strict=True) if row[1] is not None]
        return sorted(found, key=lambda row: row[0] or 0)

    def one(self, entity: str, component: str) -> Any:
        """The value that is set once, for all times."""
        ((stamp, value),) = self.rows(entity, component)
        assert stamp is None
        return value[0]

    def classes(self) -> dict[int, tuple[str, str]]:
        """Name and colour by class id."""
        context = self.one("/", "AnnotationContext:context")
        return {
            entry["class_id"]: (
                entry["class_description"]["info"]["label"],
                f"#{entry['class_description']['info']['color'] >> 8:06x}",
            )
            for entry in context
        }


@pytest.fixture(name="rrd")
def rrd_fixture():
    """The reader of a file."""
    return Rrd


@pytest.fixture
def open3d():
    """Open3D, where it is."""
    try:
        import open3d
    except (ImportError, OSError) as error:
        pytest.skip(f"the extra [open3d] is not installed, or the system lacks a library: {error}")
    return open3d


@pytest.fixture
def labelled(world):
    """The labelled bag of a world, and what its view holds, for events and options of the test."""

    def make(events=None, *, options=WHOLE, **parameters: Any) -> tuple[Rrd, ViewSummary]:
        out = world.folder / "out.mcap"
        replay(world.bag(events), out, world.config(**parameters))
        return show(out, options)

    return make


def show(bag: Path, options: ViewOptions = WHOLE) -> tuple[Rrd, ViewSummary]:
    """The view of a bag."""
    file = bag.with_suffix(".rrd")
    summary = view_bag(bag, partial(saved_recording, file), options, lambda *_: None)
    return Rrd(file), summary


@pytest.fixture(name="show")
def show_fixture():
    """What a bag's view holds."""
    return show
