"""How a bag is replayed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seg_perception.core.issue_log import Issue


@dataclass(frozen=True)
class ReplayOptions:
    """How a bag is replayed.

    Attributes:
        latency_ms: 0 labels every frame; else the drops of a machine that needs this
            long for a frame are imitated, in message time.
        with_inputs: copy every topic of the bag, not only transforms and lenses.
        map_file: a new .pcd or .ply file for the map of the whole bag; None: no map.
        video: a new .mp4 file of overlays and clouds; None: no video.
        motion: what is to be said of an odometry that the bag lacks.
        guesses: what to tell of a configuration that was guessed; None: it was not guessed.
        threads: that decode, draw and compress, beside those that read, label and write; 1: one
            reads and decodes, one does everything else; 0: one for each processor. The bag is the
            same.
        pieces: into so many the bag is cut by time, each for a process; the bag is the same.
    """

    latency_ms: float = 0.0
    with_inputs: bool = False
    map_file: Path | None = None
    video: Path | None = None
    guesses: tuple[Issue, ...] | None = None
    motion: tuple[Issue, ...] = ()
    threads: int = 0
    pieces: int = 1


AS_IT_IS = ReplayOptions()
