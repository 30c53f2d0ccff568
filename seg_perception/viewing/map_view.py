"""Shows a point file: the map of a recording, coloured by class."""

from __future__ import annotations

from pathlib import Path

from seg_perception.core.ontology import Ontology
from seg_perception.io.class_comments import classes_of
from seg_perception.io.point_file_reader import PointFile, read_points
from seg_perception.viewing.bag_view import Open
from seg_perception.viewing.legends import Legend
from seg_perception.viewing.point_colors import height_colors
from seg_perception.viewing.streams import CloudView, Views
from seg_perception.viewing.summary import ViewSummary

_MAP = CloudView(frame="", shown=(), hidden=())


def view_map(path: Path, open_recording: Open, ontology: Ontology | None) -> ViewSummary:
    """Show a point file.

    Args:
        path: ends in .ply or .pcd.
        open_recording: opens the recording for the views that it is given.
        ontology: names and colours of the classes; None: as the file has them.

    Raises:
        ConfigError: it can't be read.
    """
    found = read_points(path)
    classes = map_classes(found, ontology, path)
    ids = found.labels if classes is not None else None
    summary = ViewSummary(classes=classes.names if classes else {})
    if found.labels is not None and classes is None:
        summary.notes.append(f"{path} does not name its classes; --ontology NAME or FILE does")
    with open_recording(Views((), (_MAP,), legend=classes is not None)) as recording:
        if classes is not None:
            recording.classes(Legend.of(classes), always=True)
        colors = found.colors if found.colors is not None else height_colors(found.xyz)
        recording.map(found.xyz, ids, None if ids is not None else colors)
    summary.clouds[str(path)] = 1
    return summary


def map_classes(found: PointFile, ontology: Ontology | None, path: Path) -> Ontology | None:
    """The classes of a point file's labels; None where nobody names them."""
    return ontology or classes_of(found.comments, path.name)
