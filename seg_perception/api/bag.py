"""A recording, as images, clouds, lenses and transforms."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from seg_perception.api.bag_images import BagImages
from seg_perception.api.bag_message import BagCloud, BagImage
from seg_perception.api.bag_transforms import BagTransforms
from seg_perception.api.camera import Camera
from seg_perception.api.notices import warn_of
from seg_perception.config.input_topics import IMAGE_TYPES, POINT_TYPES
from seg_perception.core.errors import BagError, SegPerceptionError
from seg_perception.core.issue_log import Issue, IssueLog
from seg_perception.core.types import NANOSECONDS
from seg_perception.geometry.transforms import TransformTree
from seg_perception.io.bag_message import TopicInfo
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.remapped_bag import RemappedBag

if TYPE_CHECKING:
    from typing_extensions import Self

Item = TypeVar("Item", BagImage, BagCloud)


class Bag:
    """A recording; iterating gives its images and clouds in the order of recording.

    Memory does not grow with the bag: one message at a time is held, and a minute of transforms.

    Attributes:
        path: of the recording.
        topics: all of them, with type and number of messages.
        start_ns, end_ns: when the first and the last message were recorded.
    """

    def __init__(
        self,
        path: str | Path,
        topics: Collection[str] | str | None = None,
        start_s: float = 0.0,
        end_s: float | None = None,
        camera_info: Mapping[str, str] | None = None,
        odometry_topic: str = "",
        remap: Iterable[str] = (),
    ) -> None:
        """Open it; arguments and errors as for `read_bag`."""
        self.path = Path(path).expanduser()
        self._remapped = RemappedBag.of(self.path, remap)
        self._is_closed = False
        self._issues = IssueLog(_tell)
        self._bag = BagReader(self._remapped)
        self.topics: tuple[TopicInfo, ...] = self._bag.topics
        self.start_ns, self.end_ns = self._bag.start_ns, self._bag.end_ns
        self._first_ns = self.start_ns + round(start_s * NANOSECONDS)
        until_s = self.duration_s if end_s is None else end_s
        self._last_ns = self.start_ns + round(until_s * NANOSECONDS)
        if not start_s <= until_s:
            self._bag.close()
            msg = (
                f"{self.path}: expected start_s before end_s, in seconds of its "
                f"{self.duration_s:.1f} s, got {start_s:g} and {until_s:g}"
            )
            raise BagError(msg)
        self._odometry_topic = odometry_topic
        self._camera_info = camera_info or {}
        self._sensors = self._chosen({topics} if isinstance(topics, str) else topics)
        self._images(self._sensors)

    @property
    def duration_s(self) -> float:
        """From the first message to the last."""
        return (self.end_ns - self.start_ns) / NANOSECONDS

    @property
    def issues(self) -> list[Issue]:
        """What was found amiss so far: messages that were left out, odd lenses, bad transforms."""
        return self._issues.all()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is amiss with the file; empty for a sound recording."""
        return (*self._bag.remarks, *self._bag.warnings)

    def __iter__(self) -> Iterator[BagImage | BagCloud]:
        """Images and clouds, from the start, in the order of recording."""
        return self._read(self._sensors)

    def images(self, topic: str = "") -> Iterator[BagImage]:
        """The images of one topic, or of all.

        Raises:
            BagError: no such topic of images.
        """
        return self._only(BagImage, IMAGE_TYPES, topic)

    def clouds(self, topic: str = "") -> Iterator[BagCloud]:
        """The clouds of one topic, or of all.

        Raises:
            BagError: no such topic of clouds.
        """
        return self._only(BagCloud, POINT_TYPES, topic)

    def camera(self, topic: str = "") -> Camera:
        """The lens of an image topic: that of its first camera_info.

        Args:
            topic: of images; empty: the only one.

        Raises:
            BagError: no such topic, several, or no camera_info beside it.
        """
        name = topic or self._only_image_topic()
        camera = self._images([name]).camera(name) if name in self._sensors else None
        if camera is None:
            msg = (
                f"{self.path}: expected an image topic with a sound camera_info, got {name!r}; "
                "name its topic: read_bag(..., camera_info={image topic: topic})"
            )
            raise BagError(msg)
        return camera

    def transform(self, target: str, source: str, stamp_ns: int) -> NDArray[np.float64]:
        """What maps points of `source` into `target` at a time, as tf2 has it.

        Times forward are read on; going back by more than a minute reads the bag anew.

        Returns:
            float64 (4, 4), T_target_source, metre.

        Raises:
            TransformError: a frame is not known, or not at that time.
        """
        self._expect_open()
        return self._transforms.lookup(target, source, stamp_ns)

    def tree_around(self, first_ns: int, last_ns: int) -> TransformTree:
        """The transforms from `first_ns` to `last_ns`, for `Model.paint(transforms=bag)`."""
        self._expect_open()
        return self._transforms.tree_around(first_ns, last_ns)

    def close(self) -> None:
        """Give back files; nothing can be read any more."""
        self._is_closed = True
        self._bag.close()
        if "_transforms" in self.__dict__:
            self._transforms.close()

    def __enter__(self) -> Self:
        """Use as a context."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def __repr__(self) -> str:
        """Path, length and topics of sensors."""
        lines = [f"  {t.name}: {t.count} {t.type}" for t in self.topics]
        return "\n".join([f"<Bag {self.path}, {self.duration_s:.1f} s", *lines]) + ">"

    def _repr_html_(self) -> str:
        """What a notebook shows: the topics as a table."""
        cells = [(t.name, t.type, str(t.count)) for t in self.topics]
        rows = "".join(
            f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in cells
        )
        title = html.escape(f"{self.path.name}, {self.duration_s:.1f} s")
        return f"<p>{title}</p><table><tr><th>topic<th>type<th>messages</tr>{rows}</table>"

    @cached_property
    def _transforms(self) -> BagTransforms:
        return BagTransforms(self._remapped, self._odometry_topic, self._issues)

    def _chosen(self, wanted: Collection[str] | None) -> dict[str, str]:
        """Types of the topics that are read, by name."""
        sensors = {
            t.name: t.type
            for t in self.topics
            if t.count and t.type in (*IMAGE_TYPES, *POINT_TYPES)
        }
        if wanted is None:
            return sensors
        if foreign := sorted(set(wanted) - set(sensors)):
            self._bag.close()
            names = sorted(sensors)
            msg = f"{self.path}: expected topics of images or clouds, {names}, got {foreign}"
            raise BagError(msg)
        return {name: kind for name, kind in sensors.items() if name in wanted}

    def _only(self, kind: type[Item], types: Collection[str], topic: str) -> Iterator[Item]:
        named = {name: t for name, t in self._sensors.items() if t in types}
        if topic not in named and (topic or not named):
            what = "images" if types is IMAGE_TYPES else "clouds"
            msg = f"{self.path}: expected a topic of {what}, one of {sorted(named)}, got {topic!r}"
            raise BagError(msg)
        chosen = {topic: named[topic]} if topic else named
        return (item for item in self._read(chosen) if isinstance(item, kind))

    def _images(self, topics: Collection[str]) -> BagImages:
        """A new pass over images.

        Raises:
            BagError: a named topic of lenses that the bag does not have.
        """
        self._expect_open()
        images = [name for name in topics if self._sensors[name] in IMAGE_TYPES]
        return BagImages(self._bag, images, self._camera_info, self._issues)

    def _expect_open(self) -> None:
        if self._is_closed:
            msg = f"{self.path}: expected an open bag, got a closed one; read it inside of `with`"
            raise BagError(msg)

    def _only_image_topic(self) -> str:
        named = sorted(name for name, t in self._sensors.items() if t in IMAGE_TYPES)
        if len(named) != 1:
            msg = f"{self.path}: expected the name of an image topic, one of {named}; pass it"
            raise BagError(msg)
        return named[0]

    def _read(self, topics: Mapping[str, str]) -> Iterator[BagImage | BagCloud]:
        """Images and clouds within the time that is read."""
        found = self._take_all(topics) if topics else iter(())
        return (item for item in found if item.log_time_ns >= self._first_ns)

    def _take_all(self, topics: Mapping[str, str]) -> Iterator[BagImage | BagCloud]:
        """From the start on: a stream of video has to be decoded from there."""
        images = self._images(topics)
        for message in self._bag.messages({*topics, *images.lens_topics}):
            if message.log_time_ns > self._last_ns:
                break
            try:
                if message.topic not in topics:
                    images.take_lens(message)
                elif topics[message.topic] in IMAGE_TYPES:
                    yield from images.take(message)
                else:
                    yield BagCloud(message)
            except SegPerceptionError as error:
                self._issues.add_error(message.topic, error)
        yield from images.finish()


def _tell(issue: Issue) -> None:
    """Warn of what is odd, and of the first message of each kind that is left out."""
    if issue.count <= 1:
        warn_of([issue])


def read_bag(
    path: str | Path,
    *,
    topics: Collection[str] | str | None = None,
    start_s: float = 0.0,
    end_s: float | None = None,
    camera_info: Mapping[str, str] | None = None,
    odometry_topic: str = "",
    remap: Iterable[str] = (),
) -> Bag:
    """Open a recording: ROS 2 mcap and db3, ROS 1 bag; no ROS is needed.

        with read_bag("my_bag") as bag:
            for image in bag.images("/front/image_raw"):
                labels = model.label(image)

    Args:
        path: a file or a folder.
        topics: of images and clouds that are read; None: all.
        start_s, end_s: seconds since the recording began.
        camera_info: topics of camera_info by image topic, where they do not lie beside it.
        odometry_topic: nav_msgs/Odometry that moves its child frame where /tf does not.
        remap: rules such as `/tf:=/a200_0000/tf`: what is read as the first name is the bag's
            second, as of a node with `-r`.

    Raises:
        BagError: nothing there, nothing that can be read, or topics that it does not have.
        ConfigError: a rule of `remap` that is none.
    """
    return Bag(path, topics, start_s, end_s, camera_info, odometry_topic, remap)
