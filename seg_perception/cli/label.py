"""`seg-perception label`: label images from many views of each, or what words name in anything."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from seg_perception.cli.label_prompts import label_known
from seg_perception.cli.label_words import (
    Agree,
    BagOptions,
    Batch,
    Device,
    MasksBy,
    Prompts,
    Prune,
    TeacherSource,
    WordOptions,
    WordsFile,
    expect_no_views,
    label_by_geometry,
    label_words,
)
from seg_perception.cli.options import (
    AsJson,
    Remap,
    RobotFile,
    Settings,
    VideoFile,
    print_json,
)


def command(  # noqa: PLR0913 (each is an option of the command line)
    images: Annotated[
        Path,
        typer.Argument(
            help="An image, a folder of them with sub-folders, a video; with --words a bag, too."
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the labels; new.")],
    *,
    bundle: Annotated[str, typer.Option(help="Shipped name, folder or zip.")] = "field_tiny",
    scale: Annotated[
        list[float] | None, typer.Option(min=0.05, help="Of the base; repeat for more.")
    ] = None,
    flip: Annotated[bool, typer.Option("--flip", help="Also look at the mirror image.")] = False,
    stride: Annotated[
        float, typer.Option(min=0.05, max=1, help="Of windows, as a share of their side.")
    ] = 0.5,
    base: Annotated[
        Literal["network", "image"], typer.Option(help="Scale 1 is the network's or image's size.")
    ] = "network",
    every: Annotated[
        int, typer.Option(min=1, help="Of a video or bag, each so-many-th picture.")
    ] = 1,
    video: VideoFile = None,
    words: WordsFile = None,
    teacher: TeacherSource = "",
    masks_by: MasksBy = "",
    prompts: Prompts = "",
    device: Device = "",
    batch: Batch = 1,
    prune: Prune = None,
    agree: Agree = None,
    config: RobotFile = None,
    settings: Settings = None,
    remap: Remap = None,
    as_json: AsJson = False,
) -> None:
    """Label images offline, with windows, scales and mirror images; too slow for a robot.

    seg-perception label photo.jpg -o labels

    seg-perception label photos -o labels --scale 1 --scale 1.5 --flip

    seg-perception label drive.mp4 -o labels --every 10 --video labelled.mp4

    seg-perception label forest.mcap -o labels --words words.yaml --teacher facebook/sam3

    Writes a PNG of class ids at each image's size (nearly black to look at), what the ids mean as
    ontology.yaml and legend.png, and the colours over the images in overlays/.
    `evaluate --predictions` scores such a folder. With --words a teacher that reads text labels
    what they name, for annotators and training, in the form that `mine` writes; with
    --teacher geometry a bag's pictures get what many views of a place agree on.
    """
    if words is not None or teacher or masks_by or prompts:
        seen = tuple(agree or ())
        asked = WordOptions(
            words, teacher, masks_by, prompts, device, batch, tuple(prune or ()), seen
        )
        bag = BagOptions(every, config, settings, remap)
        expect_no_views([*(scale or []), *filter(None, [flip, video])])
        if teacher == "geometry":
            label_by_geometry(images, output, asked, bag, bundle, as_json)
            return
        label_them = label_known if prompts else label_words
        label_them(images, output, asked, bag, as_json)
        return
    from contextlib import closing

    from seg_perception.cli.progress import progress_bar
    from seg_perception.cli.tables import video_line
    from seg_perception.config import SegmentationConfig
    from seg_perception.inference.augmented import AugmentedSegmenter, ViewPlan
    from seg_perception.inference.bundle import Bundle
    from seg_perception.inference.engine import create_engine
    from seg_perception.io.video_writer import check_video_file
    from seg_perception.replay.labelled_folder import LabelledFolder, label_files
    from seg_perception.replay.photo_sources import open_source

    if video is not None:
        check_video_file(video)
    source = open_source(images, output, every)
    plan = ViewPlan(scales=tuple(scale or [1.0]), flip=flip, stride=stride, base=base)
    engine = create_engine(Bundle.load(bundle), SegmentationConfig(bundle=bundle))
    with closing(engine), progress_bar("labelling") as advance:
        folder = LabelledFolder(output, engine.bundle.ontology)
        segmenter = AugmentedSegmenter(engine, plan)
        count, film = label_files(segmenter, source, folder, video, advance)
    for note in source.notes:
        typer.echo(f"note: {note}", err=True)
    if as_json:
        done = {"output": str(output), "images": count, "engine": engine.description}
        filmed = {} if film is None else {"video": asdict(film)}
        print_json({**done, "views": plan.model_dump(), **filmed, "notes": list(source.notes)})
        return
    typer.echo(f"{output}: labels of {count} images by {engine.description}")
    typer.echo(f"look at {output / 'overlays'}, {output / 'legend.png'} says what the colours mean")
    if film is not None:
        typer.echo(video_line(film))
