"""What can be said of pictures that are unlike those that the model was trained on."""

from __future__ import annotations

from seg_perception.core.issue_kinds.kind import IssueKind

UNFAMILIAR = IssueKind(
    "unfamiliar",
    "its pictures are unlike what the model knows: {times:.1f} times the distance of known places, "
    "since {seconds} s",
    "look whether lens, light and place are such as the model was trained on; till then don't lean "
    "on its labels",
    "a place, a light, a lens or a fault that the model has not learnt: labels mean little there, "
    "and the confidence in them does not show it",
    "look at the pictures: night, dirt, a camera upside down, red and blue swapped; for another "
    "kind of place teach or train the model, or fit the familiarity to pictures of yours "
    "([familiarity](../how_to/familiarity.md))",
    "warning",
)
WAS_UNFAMILIAR = IssueKind(
    "was_unfamiliar",
    "its pictures were unlike what the model knows: for {seconds:.0f} s, up to {times:.1f} times "
    "the distance of known places",
    "look at them; `seg-perception mine` chooses such frames for labelling",
    "as `unfamiliar`, once it is over",
    "as for `unfamiliar`",
    "warning",
)
