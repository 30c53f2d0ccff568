"""Which part of a recording is shown."""

from __future__ import annotations

from dataclasses import dataclass

from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology


@dataclass(frozen=True)
class ViewOptions:
    """What is shown of a recording, and as what.

    Attributes:
        ontology: names and colours of the classes; None: as the recording has them.
        truth_ontology: of labels that the recording's legend does not speak of; None: `ontology`.
        start_s, end_s: from the recording's beginning; None: to its end.
        max_hz: of the images and clouds of each sensor; None: all.
    """

    ontology: Ontology | None = None
    truth_ontology: Ontology | None = None
    start_s: float = 0.0
    end_s: float | None = None
    max_hz: float | None = None

    def __post_init__(self) -> None:
        """Check the times.

        Raises:
            ConfigError: the end is not behind the start.
        """
        if self.end_s is not None and self.end_s <= self.start_s:
            msg = f"expected --to behind --from, got {self.start_s:g} s to {self.end_s:g} s"
            raise ConfigError(msg)
