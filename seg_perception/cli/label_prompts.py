"""`seg-perception label --prompts`: outlines of what is known to be in pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seg_perception.cli.label_words import (
    BagOptions,
    WordOptions,
    finish,
    frames_of,
    is_bag,
    mask_maker,
    used_memory,
)
from seg_perception.cli.options import bag_config, remapped
from seg_perception.core.errors import ConfigError

if TYPE_CHECKING:
    from seg_perception.open_vocabulary.frames import FrameSource
    from seg_perception.open_vocabulary.pointing.known import Pointer
    from seg_perception.open_vocabulary.words import Words

    Asked = tuple[Pointer, Words, FrameSource]

_CUBOIDS = "cuboids"
_RULES = "viking_hill"


def label_known(
    source: Path,
    output: Path,
    asked: WordOptions,
    bag: BagOptions,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Draw the outlines of what is known to be in pictures.

    Raises:
        ConfigError: who draws is missing, or words are given, too, or nobody knows such prompts.
        EngineError: torch or transformers are missing.
    """
    if asked.words is not None or asked.teacher or not asked.masks_by:
        msg = (
            "--prompts needs --masks-by FOLDER, which draws the outlines, and nothing else: what "
            "is there is known; leave out --words and --teacher"
        )
        raise ConfigError(msg)
    from seg_perception.open_vocabulary.oracle import OracleLabeller
    from seg_perception.open_vocabulary.run import WordRun

    pointer, words, frames = _pointed(source, output, asked.prompts, bag)
    labeller = OracleLabeller(pointer, mask_maker(asked), words)
    finish(WordRun(labeller, words, {}, asked.batch, used_memory), frames, output, as_json)


def _pointed(source: Path, output: Path, prompts: str, bag: BagOptions) -> Asked:
    if prompts in ("boxes", "coarse"):
        return _of_masks(source, prompts, bag)
    if prompts.endswith(".jsonl"):
        return _of_clicks(source, output, Path(prompts), bag)
    if prompts == _CUBOIDS or prompts.endswith(".json"):
        return _of_cuboids(source, output, prompts, bag)
    msg = (
        f"--prompts {prompts}: expected boxes or coarse (of a labelled folder), cuboids (of a bag "
        "with vision_msgs/Detection3DArray), a teaching's clicks.jsonl, or a segments.ai export of "
        "cuboids, FILE.json"
    )
    raise ConfigError(msg)


def _of_masks(source: Path, prompts: str, bag: BagOptions) -> Asked:
    from seg_perception.datasets.layouts import open_folder
    from seg_perception.open_vocabulary.pointing.truth import MaskPointer, TruthFrames, words_of

    folder = open_folder(source)
    words = words_of(folder)
    pointer = MaskPointer(folder, words, "boxes" if prompts == "boxes" else "coarse")
    return pointer, words, TruthFrames(folder, bag.every)


def _of_clicks(source: Path, output: Path, record: Path, bag: BagOptions) -> Asked:
    from seg_perception.open_vocabulary.pointing.clicks import ClickedFrames, ClickPointer

    pointer = ClickPointer(record)
    return pointer, pointer.words, ClickedFrames(frames_of(source, output, bag), pointer)


def _of_cuboids(source: Path, output: Path, prompts: str, bag: BagOptions) -> Asked:
    from seg_perception.open_vocabulary.pointing.cuboids import of_detections, of_export

    if not is_bag(source):
        msg = f"{source}: cuboids are projected into the pictures of a bag with /tf and camera_info"
        raise ConfigError(msg)
    named = remapped(source, bag.remap)
    config = bag_config(named, bag.config, bag.settings)
    pointer = (
        of_detections(named, config)
        if prompts == _CUBOIDS
        else of_export(named, config, Path(prompts), _RULES)
    )
    return pointer, pointer.words, frames_of(source, output, bag)
