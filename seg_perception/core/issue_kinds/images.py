"""What can be amiss with the pixels of images."""

from __future__ import annotations

from seg_perception.core.issue_kinds.kind import IssueKind

BIT_DEPTH = IssueKind(
    "bit_depth",
    "its 16-bit images are read as {found} bits, into which the brightest pixel so far fits",
    "set camera.{camera}.bit_depth if they hold others",
    "a camera sends 10, 12 or 14 bits in 16: how many it does not say",
    "nothing where it is right; else set `camera.NAME.bit_depth`",
    "note",
)
BIT_DEPTH_EXCEEDED = IssueKind(
    "bit_depth",
    "bit_depth is {bits}, and a pixel is {largest}: what is brighter is taken as white",
    "set camera.{camera}.bit_depth to {found}, or to 0",
    "the images hold more bits than was configured",
    "set `camera.NAME.bit_depth` to what the camera sends, or leave it at 0",
    "warning",
)
PERHAPS_DEPTHS = IssueKind(
    "perhaps_depths",
    "its images are encoded as 16UC1, as depths are",
    "if they are, set camera.{camera}.image_topic to the camera's pictures",
    "a depth image is read as a dark picture, and its labels mean nothing",
    "look at the label image; name the topic of the pictures, or let the driver send mono16",
    "warning",
)
