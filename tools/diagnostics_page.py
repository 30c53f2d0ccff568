"""Write docs/reference/diagnostics.md from the catalogue. python -m tools.diagnostics_page."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from seg_perception.core.drop_reasons import DROP_REASONS
from seg_perception.core.issue_kinds import (
    calibration,
    clocks,
    clouds,
    engines,
    familiarity,
    frames,
    images,
    inputs,
    labels,
    lenses,
    messages,
    pictures,
    places,
    views,
)
from seg_perception.core.issue_kinds.kind import IssueKind
from tools.reference_page import REFERENCE, code, table

PAGE = REFERENCE / "diagnostics.md"
_PARTS = {
    "Inputs": inputs,
    "Images": images,
    "Pictures": pictures,
    "What pictures show": views,
    "Familiarity": familiarity,
    "Lenses": lenses,
    "Clouds": clouds,
    "Time": clocks,
    "Place": places,
    "Calibration while driving": calibration,
    "Frames": frames,
    "Single messages": messages,
    "Engine": engines,
    "Labels from words, truth and drives": labels,
}
_HEAD = """# What is said of the inputs, and what to do

Written by `python -m tools.diagnostics_page` from the catalogue in
`seg_perception/core/issue_kinds/`.

Node, replay, evaluation and `seg-perception inspect` speak from one log of issues, in the same
words. An issue has a code for programs, the stream that it is about (`camera.front`,
`lidar.top`, `/tf`), a sentence with the numbers that were seen, and the mend. In the tables
below braces stand for these numbers.

- **Live**: `/diagnostics` and the `warnings` of `~/status` hold what is wrong now. What holds
  is told until it is mended; what happens counts for 5 s. Nothing is said when all is well.
  Notes, and single faulty messages, stand in the log only, at most one line a kind every ten
  seconds.
- **Offline**: the summary of a replay (`--json`: `issues`), the notes and problems of an
  evaluation, and `inspect --json`. An *error* ends a replay with exit code 2; what could be
  labelled is kept.

What each fault does, and the test that shows it, stands in [faults](faults.md).

"""
_ENGINE = """`SegmentationStatus.engine_state` says whether the engine that runs is the one asked
for (`VALIDATED`) or another one (`FALLBACK`); then the reasons stand among the warnings, one for
each engine that was tried. A node that can't work at all publishes one diagnostic of level
ERROR with the reason, and stays unconfigured; `ros2 lifecycle set /perception_node configure`
tries again.

"""
_REASONS = """## Why messages are dropped

The words under which [the ledger](../architecture.md#the-ledger) counts messages that end
without a result.

"""
_STAGES = """## Where the time goes

`~/status` holds the percentiles of every stage and stream over the last period (`latencies`), and the
account that a node prints at its end those since activation:

| stage | camera | lidar, radar |
|---|---|---|
| `wait` | from the message's arrival until it is decoded for the engine | from its arrival until labels and transforms for it are there, decoding included |
| `decode` | message to pixels, JPEG and PNG included | message to points |
| `prepare` | pixels to the network's picture | |
| `ready` | from there until the engine is free | |
| `segment` | the network | |
| `finish` | from what it says to the label map that clouds and publishers get | |
| `transfer` | | from the last label map to labelled points; what can be done before, is |
| `publish` | everything that is subscribed, made and sent | the same |
| `total` | from the sensor's stamp to the end of publishing | the same |
| `gap` | | no duration: the time between the cloud and each label map that it got its labels from |

`total` less the other stages of its stream is the way from the sensor to this node. In the half for the
clouds of a split graph a camera's stream has `wait`, `decode` (of its label image) and `total`.
"""  # noqa: E501 (a line a row)


def kinds(part: ModuleType) -> list[IssueKind]:
    """The kinds of one part of the catalogue, in its order."""
    return [value for value in vars(part).values() if isinstance(value, IssueKind)]


def page() -> str:
    """The whole page as Markdown."""
    return _HEAD + "".join(_parts()) + _REASONS + _reasons() + _STAGES


def _parts() -> Iterator[str]:
    for title, part in _PARTS.items():
        yield f"## {title}\n\n" + (_ENGINE if part is engines else "")
        yield table(["code", "level", "it says", "it means", "do"], map(_row, kinds(part)))


def _row(kind: IssueKind) -> list[str]:
    said = "; ".join(filter(None, (kind.text, kind.mend)))
    return [code(kind.code), kind.level, code(said), kind.means, kind.advice]


def _reasons() -> str:
    rows = [[code(word), reason.means, reason.mend] for word, reason in DROP_REASONS.items()]
    return table(["reason", "it means", "do"], rows)


if __name__ == "__main__":
    PAGE.write_text(page())
