"""What can be amiss with what a camera shows, told from its labels and from scans."""

from __future__ import annotations

from seg_perception.core.issue_kinds.kind import IssueKind
from seg_perception.core.issue_kinds.pictures import DEGRADED

CONTRADICTED = IssueKind(
    "labels_contradicted",
    "{share_percent} % of the points of {sensor} that it sees can't be what its labels say: sky "
    "where something returns a pulse, or ground overhead",
    "look whether its picture is burnt out or foggy, or the tf between the two is far off"
    + DEGRADED,
    "the labels of the picture and the points of the lidar are not of the same place, or the "
    "network takes what stands there for sky",
    "look at the overlay: burnt out pictures want a shorter exposure; outlines beside their "
    "objects want `seg-perception check-calibration BAG`; sky where there is none, another model",
    "warning",
)
