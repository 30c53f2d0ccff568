"""`seg-perception teach`: clicks on a drive make a better model, and prove it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seg_perception.cli.options import AsJson, Remap, RobotFile, end, parse_setting, print_json
from seg_perception.core.errors import TeachingError
from seg_perception.core.extras import INSTALL_TEACHING, INSTALL_TRAINING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seg_perception.teaching.choice import ChosenFrame
    from seg_perception.teaching.config import TeachingConfig
    from seg_perception.teaching.session import NamedTeacher


def command(  # noqa: PLR0913 (an option each)
    sources: Annotated[
        list[Path] | None, typer.Argument(help="Bags, or folders of images, of your terrain.")
    ] = None,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="New folder: frames, clicks, models.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on in a folder that was begun; no sources then.")
    ] = None,
    headless: Annotated[
        Path | None,
        typer.Option(help="A record of clicks in place of the page: train, prove, write, end."),
    ] = None,
    bundle: Annotated[str, typer.Option(help="Shipped name, folder or zip.")] = "field_tiny",
    old: Annotated[
        list[Path] | None,
        typer.Option(help="Bag or image folder of a place that it knows and must not forget."),
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option(help="A bundle, or a folder of labels, for the classes it proves better at."),
    ] = None,
    teacher_class: Annotated[
        list[str] | None, typer.Option(help="A class that the teacher may label; all without it.")
    ] = None,
    config: RobotFile = None,
    remap: Remap = None,
    choose: Annotated[
        list[str] | None,
        typer.Option("--choose", help="How much, as key=value, such as frames=40 or seed=2."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the page; 0: a free one.")] = 8770,
    as_json: AsJson = False,
) -> None:
    """Teach a model your terrain by clicks on a page, and hand it out only if it is better.

    seg-perception teach forest.mcap -o lesson

    seg-perception teach --resume lesson

    seg-perception teach --resume lesson --headless clicks.jsonl

    Some stretches of the drive are kept aside before anything is learnt; the model is proven on
    points there. Exit code 1: headless, and the gate did not let the model out.
    """
    _expect_installed(page=headless is None)
    folder = _folder(sources or [], output, resume)
    if resume is None:
        taught_by = _teacher(teacher, teacher_class or [], bundle)
        places = sources or [], old or []
        _begin(folder, places, bundle, config, remap, choose or [], taught_by)
    elif teacher is not None:
        msg = "--resume goes on with the teacher that it was begun with: leave --teacher out"
        raise TeachingError(msg)
    if headless is not None:
        _run_headless(folder, headless, as_json=as_json)
        return
    _serve(folder, port)


def _folder(sources: list[Path], output: Path | None, resume: Path | None) -> Path:
    if resume is not None:
        if sources or output is not None:
            msg = "--resume goes on with its own frames: leave sources and --output out"
            raise TeachingError(msg)
        return resume
    if not sources or output is None:
        msg = "expected bags or image folders and -o FOLDER, or --resume FOLDER"
        raise TeachingError(msg)
    return output


def _begin(
    folder: Path,
    places: tuple[list[Path], list[Path]],
    bundle: str,
    config: Path | None,
    remap: list[str] | None,
    choose: list[str],
    teacher: NamedTeacher | None,
) -> None:
    """Make the folder; `places` are those to teach, and old ones."""
    from seg_perception.core.draft_folder import expect_new
    from seg_perception.inference.bundle import Bundle
    from seg_perception.teaching.config import parse_teaching
    from seg_perception.teaching.learning.torch_head import teachable
    from seg_perception.teaching.session import begin

    expect_new(folder, TeachingError)
    loaded = Bundle.load(bundle)
    # Said before minutes are spent on choosing frames.
    teachable(loaded)
    sources, old = places
    wishes = parse_teaching(dict(map(parse_setting, choose)))
    fewer = wishes.model_copy(update={"frames": wishes.old_frames, "gate_share": 0.0})
    begin(
        folder,
        loaded,
        bundle,
        [str(source) for source in sources],
        (f for source in sources for f in _chosen(source, bundle, config, remap, wishes)),
        (f for source in old for f in _chosen(source, bundle, config, remap, fewer)),
        wishes,
        teacher=teacher,
    )


def _teacher(named: str | None, classes: list[str], bundle: str) -> NamedTeacher | None:
    from seg_perception.inference.bundle import Bundle
    from seg_perception.teaching.teacher_labels import open_teacher

    if named is None:
        if classes:
            msg = "--teacher-class names what a teacher may label: name one with --teacher"
            raise TeachingError(msg)
        return None
    return named, open_teacher(named, Bundle.load(bundle).ontology, classes)


def _chosen(
    source: Path,
    bundle: str,
    config: Path | None,
    remap: list[str] | None,
    wishes: TeachingConfig,
) -> Iterator[ChosenFrame]:
    from seg_perception.cli.options import bag_config, remapped
    from seg_perception.cli.progress import stoppable_step
    from seg_perception.evaluation.plan import is_bag
    from seg_perception.teaching.choice import choose_of_bag, choose_of_folder

    if not is_bag(source):
        return choose_of_folder(source, wishes, stoppable_step)
    bag = remapped(source, remap)
    chosen = bag_config(bag, config, [f"segmentation.bundle={bundle}"])
    return choose_of_bag(bag, chosen, wishes, stoppable_step)


def _serve(folder: Path, port: int) -> None:
    from seg_perception.teaching.classroom import Classroom
    from seg_perception.teaching.server import serve
    from seg_perception.teaching.session import open_session

    def told(address: str) -> None:
        typer.echo(f"teaching {folder}: open {address} (Ctrl-C ends; --resume {folder} goes on)")

    with open_session(folder) as session:
        end(session.record.notes, ())
        serve(Classroom(session), port, told)


def _run_headless(folder: Path, clicks: Path, *, as_json: bool) -> None:
    from seg_perception.teaching.headless import teach_headless
    from seg_perception.teaching.session import open_session

    with open_session(folder) as session:
        result = teach_headless(session, clicks)
    if as_json:
        print_json(result.to_json())
    else:
        typer.echo(str(result))
    end(result.notes, ())
    if not result.verdict.passed:
        raise typer.Exit(1)


def _expect_installed(*, page: bool) -> None:
    """Expect what training needs, and what serves the page.

    Raises:
        TeachingError: a package is not installed.
    """
    from importlib.util import find_spec

    needed = {"torch": INSTALL_TRAINING, "onnx": INSTALL_TRAINING}
    if page:
        needed |= {"starlette": INSTALL_TEACHING, "uvicorn": INSTALL_TEACHING}
    for name, mend in needed.items():
        if find_spec(name) is None:
            msg = f"teach needs {name}, which is not installed: {mend}"
            raise TeachingError(msg)
