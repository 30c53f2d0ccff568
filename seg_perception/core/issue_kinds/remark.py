"""What is amiss with a message, as seen by who decodes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seg_perception.core.issue_kinds.kind import IssueKind


@dataclass(frozen=True)
class Remark:
    """One thing that is amiss, as seen by who does not know whose message it is.

    Attributes:
        kind: what.
        numbers: those that its text asks for; the sensor is named by who says it.
    """

    kind: IssueKind
    numbers: Mapping[str, Any] = field(default_factory=dict)
