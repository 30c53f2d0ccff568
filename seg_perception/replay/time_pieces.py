"""A recording cut by time: pieces that begin earlier than they count, to know what the whole knows.

What a replay remembers is short but for a few things: transforms, label maps, waiting clouds and
the last scans. A piece is fed that much before its first moment, and nothing of it counts. Whether
that was enough is seen: of the last moments before a piece both it and the piece before it take
the digest of what they would write, and what was in flight.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from seg_perception.config import Config
from seg_perception.config.input_topics import TF_STATIC
from seg_perception.core.errors import ConfigError
from seg_perception.core.types import NANOSECONDS
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.pipeline.frame_convention import MOST_SCANS
from seg_perception.pipeline.picture_watch import MEMORY_NS
from seg_perception.pipeline.scan_buffer import buffer_size
from seg_perception.replay.inputs import Inputs
from seg_perception.replay.session import END_OF_TIME_NS

# Of the last moments before a piece, both neighbours tell what they would write.
_WATCHED_S = 1.0
# Beside what is configured.
_MARGIN_S = 0.5


@dataclass(frozen=True)
class TimePiece:
    """A part of a recording's log time (ns).

    Attributes:
        number: its place.
        start_ns, end_ns: what counts, the end excluded.
        sensors_ns: images and clouds are fed from here on.
        state_ns: everything else is.
        watched_s: how long before its start and its end it is watched (second).
    """

    number: int
    start_ns: int
    end_ns: int
    sensors_ns: int
    state_ns: int
    watched_s: float = _WATCHED_S

    @property
    def is_first(self) -> bool:
        """Whether nothing comes before it."""
        return self.number == 0

    @property
    def is_last(self) -> bool:
        """Whether it ends with the recording."""
        return self.end_ns == END_OF_TIME_NS

    def watches(self, log_time_ns: int) -> bool:
        """Whether a moment is one of the last before its end."""
        return self.end_ns - self.watched_s * NANOSECONDS <= log_time_ns < self.end_ns

    def watches_neighbour(self, log_time_ns: int) -> bool:
        """Whether a moment is one of the last before its start."""
        return self.start_ns - self.watched_s * NANOSECONDS <= log_time_ns < self.start_ns

    @property
    def from_the_start(self) -> TimePiece:
        """The same piece, fed from the recording's beginning: it knows what the whole knows."""
        return TimePiece(self.number, self.start_ns, self.end_ns, 0, 0, self.watched_s)


def cut(reader: BagReader, count: int, lead_s: float, buffer_s: float) -> list[TimePiece]:
    """Pieces of equal length; fewer where they would be shorter than what comes before each.

    Args:
        reader: of the recording.
        count: how many are asked for.
        lead_s: how long before a piece its sensors are fed (second).
        buffer_s: how much longer before it transforms are.
    """
    most = int(reader.duration_s / lead_s)
    pieces = max(1, min(count, most))
    length_ns = (reader.end_ns - reader.start_ns) // pieces + 1
    starts = [reader.start_ns + n * length_ns for n in range(pieces)]
    return [
        TimePiece(
            number=n,
            start_ns=start,
            end_ns=starts[n + 1] if n + 1 < pieces else END_OF_TIME_NS,
            sensors_ns=max(0, start - round(lead_s * NANOSECONDS)) if n else 0,
            state_ns=max(0, start - round((lead_s + buffer_s) * NANOSECONDS)) if n else 0,
        )
        for n, start in enumerate(starts)
    ]


def lead_s(reader: BagReader, inputs: Inputs, config: Config) -> float:
    """How long before a piece images and clouds are fed to a session (second)."""
    synchronizer = config.synchronizer
    waiting_s = 2 * (synchronizer.max_wait_s + synchronizer.max_gap_s)
    convention = any(c.frame_convention == "auto" for c in config.cameras.values())
    scans = max(buffer_size(config), MOST_SCANS if convention else 0) + 2
    images_s = messages_s(reader, inputs.images, 1)
    clouds_s = messages_s(reader, inputs.clouds, scans)
    pictures_s = MEMORY_NS / NANOSECONDS + _WATCHED_S if config.pictures.watch else 0.0
    return max(waiting_s + _WATCHED_S, pictures_s, images_s, clouds_s) + _MARGIN_S


def messages_s(reader: BagReader, topics: Collection[str], count: int) -> float:
    """How long so many messages of each topic take, half as much again, and a watch (second)."""
    counts = [topic.count for topic in reader.topics if topic.name in topics and topic.count]
    spans = [1.5 * count * reader.duration_s / number for number in counts]
    return max(spans, default=0.0) + _WATCHED_S


def expect_short_memory(config: Config, latency_ms: float) -> None:
    """Refuse pieces where a replay remembers all that came before.

    Raises:
        ConfigError: says which parameter.
    """
    reasons = {
        "map.enabled": config.map.enabled,
        "memory.enabled": config.memory.enabled,
        "calibration.follow": config.calibration.follow,
        "--latency": latency_ms > 0,
    }
    if long := [name for name, is_set in reasons.items() if is_set]:
        msg = (
            f"pieces of time can't give what the whole gives with {long[0]}, which remembers the "
            "recording from its beginning; leave one of the two out"
        )
        raise ConfigError(msg)


def piece_messages(
    reader: BagReader,
    piece: TimePiece,
    topics: set[str],
    undecoded: Collection[str],
    sensors: Collection[str],
) -> Iterator[BagMessage]:
    """What is fed of a recording for a piece, in the order of the whole.

    Args:
        reader: of the recording.
        piece: that is worked on.
        topics, undecoded: as for `BagReader.messages`.
        sensors: those of the topics that are costly, and are fed from a later moment on.
    """
    if piece.state_ns and TF_STATIC in topics:
        for message in reader.messages({TF_STATIC}):
            if message.log_time_ns >= piece.state_ns:
                break
            yield message
    for message in reader.messages(topics, undecoded, piece.state_ns):
        if message.log_time_ns >= piece.end_ns:
            return
        if message.log_time_ns >= piece.sensors_ns or message.topic not in sensors:
            yield message


class PieceClock:
    """Tells who works on a piece, message by message, when it is watched and when it counts."""

    def __init__(
        self,
        piece: TimePiece,
        watch: Callable[[bool], None],
        begin: Callable[[], None],
    ) -> None:
        """Start before the first message.

        Args:
            piece: that is worked on.
            watch: told whether what is written from now on is watched.
            begin: called before the first message that counts.
        """
        self._piece, self._watch, self._begin = piece, watch, begin
        self._has_begun = False
        if piece.is_first:
            self.at(piece.start_ns)

    def at(self, log_time_ns: int) -> None:
        """A message of this time is fed next."""
        if not self._has_begun and log_time_ns >= self._piece.start_ns:
            self._has_begun = True
            self._begin()
        watched = self._piece.watches if self._has_begun else self._piece.watches_neighbour
        self._watch(watched(log_time_ns))

    def end(self) -> None:
        """No message comes any more; a piece without one begins at its end."""
        if not self._has_begun:
            self._has_begun = True
            self._begin()
