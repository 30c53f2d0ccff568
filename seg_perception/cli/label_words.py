"""`seg-perception label --words`: a teacher that reads text labels what words name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from seg_perception.cli.options import bag_config, end, parse_setting, print_json, remapped
from seg_perception.core.errors import ConfigError, EngineError
from seg_perception.core.extras import INSTALL_TRAINING

if TYPE_CHECKING:
    from pydantic import BaseModel

    from seg_perception.open_vocabulary.frames import FrameSource
    from seg_perception.open_vocabulary.geometry.agreement import Agreement
    from seg_perception.open_vocabulary.prompts import MaskMaker
    from seg_perception.open_vocabulary.pruning import Pruning
    from seg_perception.open_vocabulary.run import LabellingCost, LabellingSummary, WordRun
    from seg_perception.open_vocabulary.teacher import Teacher

    Settings = TypeVar("Settings", bound=BaseModel)

_BAGS = (".mcap", ".db3", ".bag")
WordsFile = Annotated[
    Path | None, typer.Option(help="words.yaml: classes, and the phrases that stand for them.")
]
TeacherSource = Annotated[
    str,
    typer.Option(
        help="With --words: folder or owner/name of SAM 3, CLIPSeg, Grounding DINO or OWLv2, or a "
        "bundle. Of a bag with lidar and odometry, alone: geometry."
    ),
]
MasksBy = Annotated[
    str, typer.Option(help="Of a teacher that finds boxes: folder or owner/name of SAM 2 or SAM 3.")
]
Prompts = Annotated[
    str,
    typer.Option(
        help="Point --masks-by at what is known: boxes or coarse (of a labelled folder), cuboids "
        "(of a bag), a teaching's clicks.jsonl, or cuboids of a segments.ai export, FILE.json."
    ),
]
Device = Annotated[str, typer.Option(help="With --words: cpu or cuda; default: what is there.")]
Batch = Annotated[int, typer.Option(min=1, help="With --words: pictures at once.")]
Prune = Annotated[
    list[str] | None,
    typer.Option(
        help="With --words: how a preview leaves words out, as key=value, such as cap=20."
    ),
]

Agree = Annotated[
    list[str] | None,
    typer.Option(
        help="With --teacher geometry: when views of a place agree, as key=value: views, share, "
        "apart_m, voxel_m."
    ),
]


@dataclass(frozen=True)
class WordOptions:
    """Who is asked for what."""

    words: Path | None
    teacher: str
    masks_by: str
    prompts: str
    device: str
    batch: int
    prune: tuple[str, ...]
    agree: tuple[str, ...] = ()


@dataclass(frozen=True)
class BagOptions:
    """What is read of a bag or video."""

    every: int
    config: Path | None
    settings: Iterable[str] | None
    remap: Iterable[str] | None


def expect_no_views(given: Sequence[object]) -> None:
    """Refuse options that a teacher does not know.

    Raises:
        ConfigError: there is one.
    """
    if given:
        msg = "--scale, --flip and --video are for a bundle's labels: leave them out with --words"
        raise ConfigError(msg)


def label_words(
    source: Path,
    output: Path,
    asked: WordOptions,
    bag: BagOptions,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Label a bag, images or a video, and say what was found.

    Raises:
        ConfigError: words or teacher are missing.
        EngineError: torch or transformers are.
    """
    if asked.words is None or not asked.teacher:
        lacking = "--words words.yaml" if asked.words is None else "--teacher FOLDER"
        msg = f"{lacking} is missing: words need a teacher, and a teacher needs words; add it"
        raise ConfigError(msg)
    from seg_perception.open_vocabulary.labelling import WordLabeller
    from seg_perception.open_vocabulary.run import WordRun
    from seg_perception.open_vocabulary.words import Words

    words, pruning = Words.load(asked.words), _pruning(asked.prune)
    frames = frames_of(source, output, bag)
    teacher = _teacher(asked)
    labeller = WordLabeller(teacher, words, pruning)
    run = WordRun(labeller, words, {"pruning": pruning.model_dump()}, asked.batch, used_memory)
    finish(run, frames, output, as_json)


def label_by_geometry(
    source: Path,
    output: Path,
    asked: WordOptions,
    bag: BagOptions,
    bundle: str,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Label a bag's pictures by what many views of a place say of it.

    Raises:
        ConfigError: something is given that geometry does not know.
    """
    if asked.words is not None or asked.masks_by or asked.prompts or asked.prune:
        msg = (
            "--teacher geometry has the model's own classes: leave out --words, --masks-by, "
            "--prompts and --prune"
        )
        raise ConfigError(msg)
    from seg_perception.cli.progress import progress_bar
    from seg_perception.open_vocabulary.frames import BagFrames
    from seg_perception.open_vocabulary.geometry.labeller import open_drive
    from seg_perception.open_vocabulary.run import WordRun

    if not is_bag(source):
        msg = f"{source}: geometry needs a bag with lidar and odometry, got pictures alone"
        raise ConfigError(msg)
    agreement = _agreement(asked.agree)
    named = remapped(source, bag.remap)
    config = bag_config(named, bag.config, [f"segmentation.bundle={bundle}", *(bag.settings or ())])
    frames = BagFrames(named, config, bag.every)
    with progress_bar("looking at the drive") as advance:
        labeller, words = open_drive(named, config, agreement, advance)
    decides = {"agreement": agreement.model_dump()}
    run = WordRun(labeller, words, decides, asked.batch, _process_memory)
    finish(run, frames, output, as_json)


def finish(run: WordRun, frames: FrameSource, output: Path, as_json: bool) -> None:  # noqa: FBT001
    """Run it, and say what came of it."""
    from seg_perception.cli.progress import stoppable_step

    def tell(cost: LabellingCost) -> None:
        typer.echo(f"{run.labeller.description}: {cost}", err=True)

    summary = run.label(frames, output, stoppable_step, tell)
    if as_json:
        print_json(summary.to_json())
    else:
        _print(summary)
    end(summary.notes, [])


def _agreement(given: Sequence[str]) -> Agreement:
    from seg_perception.open_vocabulary.geometry.agreement import Agreement

    return _of_settings(Agreement, given, "--agree")


def _pruning(given: Sequence[str]) -> Pruning:
    from seg_perception.open_vocabulary.pruning import Pruning

    return _of_settings(Pruning, given, "--prune")


def _of_settings(model: type[Settings], given: Sequence[str], option: str) -> Settings:
    from pydantic import ValidationError

    from seg_perception.core.validation import explain

    try:
        return model.model_validate(dict(map(parse_setting, given)))
    except ValidationError as error:
        known = ", ".join(model.model_fields)
        msg = f"{explain(error, option)}; expected values of {known}"
        raise ConfigError(msg) from error


def is_bag(source: Path) -> bool:
    """Whether it is a recording, not pictures."""
    from seg_perception.evaluation.plan import is_bag as holds_bag

    return source.suffix in _BAGS if source.is_file() else source.exists() and holds_bag(source)


def frames_of(source: Path, output: Path, bag: BagOptions) -> FrameSource:
    """The pictures of a bag, a folder or a video."""
    from seg_perception.open_vocabulary.frames import BagFrames, PhotoFrames

    if not is_bag(source):
        return PhotoFrames(source, output, bag.every)
    named = remapped(source, bag.remap)
    return BagFrames(named, bag_config(named, bag.config, bag.settings), bag.every)


def _teacher(asked: WordOptions) -> Teacher:
    with _what_training_needs():
        from seg_perception.open_vocabulary.teachers.choice import open_teacher
    return open_teacher(asked.teacher, asked.masks_by, asked.device)


def mask_maker(asked: WordOptions) -> MaskMaker:
    """What --masks-by names.

    Raises:
        EngineError: torch or transformers are missing.
    """
    with _what_training_needs():
        from seg_perception.open_vocabulary.teachers.choice import open_masks
        from seg_perception.open_vocabulary.teachers.folder import choose_device
    return open_masks(asked.masks_by, "", choose_device(asked.device))


@contextmanager
def _what_training_needs() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        msg = f"teachers need what training needs ({error}): {INSTALL_TRAINING}"
        raise EngineError(msg) from error


def used_memory() -> int:
    """The most that was held at once: of a GPU where torch used one, else of this process."""
    from seg_perception.open_vocabulary.teachers.folder import used_bytes

    return used_bytes()


def _process_memory() -> int:
    """The most bytes that this process held at once."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _print(summary: LabellingSummary) -> None:
    shares = sorted(summary.pixels.items(), key=lambda entry: -entry[1])
    for name, share in shares:
        typer.echo(f"{name}: {share:.1%} of the pixels")
    typer.echo(f"without a label: {summary.unlabelled:.1%}, of these open {summary.open:.1%}")
    typer.echo(
        f"{summary.output}: labels of {summary.frames} pictures by {summary.teacher}; on average "
        f"{summary.asked:.1f} of {summary.classes} classes were looked for"
    )
    typer.echo(f"look at {summary.output}/overlays; regions.jsonl beside it says who said what")
