"""A bag in, a folder of frames to label out."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from seg_perception.active_learning.candidate import Candidate
from seg_perception.active_learning.config import MiningConfig
from seg_perception.active_learning.folder import LabellingFolder
from seg_perception.active_learning.index import FrameCards, draw_index
from seg_perception.active_learning.observer import Observer
from seg_perception.active_learning.pieces import NotInPiecesError, observe_in_pieces
from seg_perception.active_learning.selection import Choice, Selection
from seg_perception.active_learning.summary import SUMMARY, MiningSummary, frame_name
from seg_perception.config import Config
from seg_perception.config.full_names import with_full_names
from seg_perception.core.atomic_write import write_file
from seg_perception.core.draft_folder import draft_folder
from seg_perception.core.errors import BagError, DatasetError
from seg_perception.core.issue_kinds.inputs import BAG_DAMAGED, IN_ONE_PIECE, STOPPED
from seg_perception.core.issue_log import Issue
from seg_perception.core.json_document import dump_json
from seg_perception.core.message_accounting import stream
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import CameraFrame, LabelMap
from seg_perception.inference.bundle import Bundle, sha256
from seg_perception.inference.engine import Engine, create_engine
from seg_perception.inference.segmenter import Segmenter
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.messages import header_of, stamp_to_ns
from seg_perception.io.remapped_bag import BagSource
from seg_perception.io.video import Decoded
from seg_perception.io.video_packets import is_video
from seg_perception.pipeline.camera_images import CameraImages
from seg_perception.replay.decoding import ImageDecoder, make_frame
from seg_perception.replay.inputs import Inputs, find_inputs
from seg_perception.replay.replay import OnProgress, feed_all
from seg_perception.replay.session import Session
from seg_perception.reports.page import write_page

INDEX = "index.html"
_CUT = (BAG_DAMAGED.code, STOPPED.code)
Step = Callable[[str], AbstractContextManager[OnProgress]]


@dataclass(frozen=True, eq=False)
class _Source:
    """What is read, and with what."""

    reader: BagReader
    inputs: Inputs
    config: Config
    engine: Engine


@dataclass(frozen=True, eq=False)
class Survey:
    """A bag after one pass.

    Attributes:
        source: what was read, and with what.
        mining: by which weights frames are chosen.
        observer: what it saw.
        images: what it knows of the cameras' pixels.
        frames: labelled ones by camera.
        notes, problems: for people.
    """

    source: _Source
    mining: MiningConfig
    observer: Observer
    images: CameraImages
    frames: dict[str, int]
    notes: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def ontology(self) -> Ontology:
        """The model's."""
        return self.source.engine.bundle.ontology

    @property
    def candidates(self) -> list[Candidate]:
        """Frames that may be chosen, in order of time."""
        return self.observer.buffer.candidates()

    def choose(self, candidates: list[Candidate] | None = None) -> list[Choice]:
        """The most valuable of some candidates, or of all."""
        among = self.candidates if candidates is None else candidates
        return Selection(among, self.observer.frequency, self.mining, self.ontology).choose()

    def take(
        self, choices: list[Choice], advance: OnProgress
    ) -> Iterator[tuple[Choice, CameraFrame, LabelMap]]:
        """Read frames and label them at their own size, in the order of the bag."""
        return _take(self.source, self.images, choices, advance)


def _silent(_what: str) -> AbstractContextManager[OnProgress]:
    return nullcontext(lambda _done, _total: None)


def mine(
    bag: BagSource,
    output: str | Path,
    config: Config,
    mining: MiningConfig,
    step: Step = _silent,
    pieces: int = 1,
) -> MiningSummary:
    """Choose the frames of a bag that are worth labelling, and write them with pre-labels.

    The bag is read twice: once to look at every frame, once to take the chosen ones. Memory
    does not grow with the bag, and the same bag gives the same frames.

    Args:
        bag: any recording that `BagReader` takes.
        output: a new folder; it appears when it is complete.
        config: as for a replay.
        mining: how many frames, by which weights.
        step: makes a progress bar for a step that is named.
        pieces: into so many the bag is cut by time, each for a process; the frames are the same.

    Raises:
        BagError: the bag can't be read, has no camera, or none of its images can be used.
        BundleError, EngineError: the model can't be loaded or proven.
        DatasetError: the output is there already, or the model's classes do not fit masks.
    """
    start = time.perf_counter()
    with (
        draft_folder(Path(output), DatasetError) as draft,
        survey(bag, config, mining, step, pieces) as found,
    ):
        with LabellingFolder(draft, found.ontology) as folder:
            choices = found.choose()
            cards = FrameCards(found.ontology)
            with step("writing the chosen frames") as advance:
                for choice, frame, label_map in found.take(choices, advance):
                    folder.add(frame_name(choice), frame.image, label_map.labels)
                    cards.add(choice, frame.image, label_map.labels)
        summary = MiningSummary(
            bag=Path(bag),
            output=Path(output),
            config=mining,
            frames=found.frames,
            compared=found.observer.compared,
            choices=tuple(choices),
            engine=found.source.engine.description,
            model_sha256=sha256(found.source.engine.bundle.model_path),
            ontology=found.ontology.name,
            wall_s=time.perf_counter() - start,
            notes=(*found.notes, *_too_few(choices, found, mining)),
            problems=found.problems,
        )
        write_file(draft / SUMMARY, dump_json(summary.to_json()), DatasetError)
        write_page(draft / INDEX, draw_index(summary, cards))
    return summary


@contextmanager
def survey(
    bag: BagSource,
    config: Config,
    mining: MiningConfig,
    step: Step = _silent,
    pieces: int = 1,
) -> Iterator[Survey]:
    """Look at every frame of a bag; what is known of them, and a way to take some.

    Args:
        bag, config, mining, step, pieces: as in `mine`.

    Raises:
        BagError: the bag can't be read, has no camera, or none of its images can be used.
        BundleError, EngineError: the model can't be loaded or proven.
    """
    config = config.model_copy(update={"radars": {}})
    with BagReader(bag) as reader:
        config = with_full_names(config, {topic.name for topic in reader.topics})
        inputs = find_inputs(reader, config)
        bundle = Bundle.load(config.segmentation.bundle)
        with closing(create_engine(bundle, config.segmentation, config.tensorrt)) as engine:
            source = _Source(reader, inputs, config, engine)
            with step("looking at every frame") as advance:
                yield _look(bag, source, mining, pieces, advance)


def _look(
    bag: BagSource, source: _Source, mining: MiningConfig, pieces: int, advance: OnProgress
) -> Survey:
    """Look at every frame of the bag, in pieces where they give what the whole gives.

    Raises:
        BagError: no image could be labelled.
    """
    if pieces == 1:
        return _survey(source, mining, *_observe(source, mining, advance))
    opened = source.reader, source.inputs, source.config, source.engine
    try:
        found = observe_in_pieces(bag, opened, mining, pieces, advance)
    except NotInPiecesError as error:
        whole = _survey(source, mining, *_observe(source, mining, advance))
        said = str(Issue.of(IN_ONE_PIECE, "", reason=error))
        return replace(whole, notes=(*whole.notes, said))
    return _survey(source, mining, *found)


def _observe(
    source: _Source, mining: MiningConfig, advance: OnProgress
) -> tuple[Observer, Session]:
    observer = Observer(source.config, mining, source.engine.bundle.ontology)
    segmenter = Segmenter(source.engine, source.config.segmentation)
    session = Session(source.config, segmenter, source.inputs, observer)
    observer.follow(session.perception.motion)
    feed_all(session, source.reader, source.inputs.topics, advance)
    observer.finish()
    return observer, session


def _survey(source: _Source, mining: MiningConfig, observer: Observer, session: Session) -> Survey:
    counts = session.perception.accounting.snapshot()
    frames = {
        name: counts[stream("camera", name)].published for name in source.inputs.images.values()
    }
    issues = session.issues()
    damage = tuple(str(issue) for issue in issues if issue.code in _CUT)
    notes = tuple(str(issue) for issue in issues if issue.code not in _CUT)
    if not any(frames.values()):
        why = "; ".join([*damage, *notes]) or "the bag has none"
        msg = f"{source.reader.path}: no image could be labelled: {why}"
        raise BagError(msg)
    return Survey(source, mining, observer, session.camera_images, frames, notes, damage)


def _take(
    source: _Source, images: CameraImages, choices: list[Choice], advance: OnProgress
) -> Iterator[tuple[Choice, CameraFrame, LabelMap]]:
    """Read the chosen frames and label them at their own size, in the order of the bag.

    `images` has seen all of them, and knows what their pixels mean.
    """
    enlarged = source.config.segmentation.model_copy(update={"output_size": "input"})
    segmenter = Segmenter(source.engine, enlarged)
    wanted = {(c.candidate.camera, c.candidate.stamp_ns): c for c in choices}
    for decoded in _decode(source, wanted):
        choice = wanted.pop(_frame_key(source, decoded.tag), None)
        if choice is not None:
            advance(len(choices) - len(wanted), len(choices))
            camera = choice.candidate.camera
            pixels = images.rgb(camera, decoded.pixels(), decoded.tag.message)
            frame = make_frame(camera, decoded.tag, pixels, None)
            yield choice, frame, segmenter.segment(frame)


def _decode(source: _Source, wanted: Collection[tuple[str, int]]) -> Iterator[Decoded[BagMessage]]:
    """Wanted images, as long as there are any; of video streams all, since each needs the last."""
    decoder = ImageDecoder()
    for message in source.reader.messages(set(source.inputs.images)):
        if not wanted:
            return
        if _frame_key(source, message) in wanted or is_video(message.message):
            yield from decoder.take(message)
    yield from decoder.finish()


def _frame_key(source: _Source, message: BagMessage) -> tuple[str, int]:
    stamp_ns = stamp_to_ns(header_of(message.message).stamp)
    return source.inputs.images[message.topic], stamp_ns


def _too_few(choices: list[Choice], found: Survey, mining: MiningConfig) -> list[str]:
    if len(choices) == mining.count:
        return []
    total = sum(found.frames.values())
    if len(choices) == total:
        return [f"{mining.count} frames were asked for; the bag has {total}, and all are taken"]
    msg = (
        f"{mining.count} frames were asked for and {len(choices)} of {total} are taken: "
        f"no more lie min_gap_s ({mining.min_gap_s:g} s) apart"
    )
    return [msg]
