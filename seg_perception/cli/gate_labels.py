"""`seg-perception gate-labels`: of a teacher's labels those classes that it tells better."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seg_perception.cli.options import AsJson, end, print_json


def command(
    labels: Annotated[Path, typer.Argument(help="Folder that `label --words` wrote.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="New folder for training.")],
    *,
    truth: Annotated[Path, typer.Option(help="Labelled pictures that were held out.")],
    teacher: Annotated[
        Path, typer.Option(help="The same teacher's labels of the held-out pictures.")
    ],
    bundle: Annotated[
        str, typer.Option(help="The student: shipped name, folder or zip.")
    ] = "field_tiny",
    as_json: AsJson = False,
) -> None:
    """Keep those classes of a teacher's labels that it tells better than the student.

    seg-perception gate-labels labels -o gated --truth held_out --teacher held_out_labels

    Judged by IoU on pictures that neither learnt from: a class passes where its gain is more than
    chance (at most 5 % for all classes together). What does not pass has no label then.
    """
    from contextlib import closing

    from seg_perception.config import SegmentationConfig
    from seg_perception.core.issue_log import IssueLog
    from seg_perception.inference.augmented import AugmentedSegmenter, ViewPlan
    from seg_perception.inference.bundle import Bundle
    from seg_perception.inference.engine import create_engine
    from seg_perception.open_vocabulary.gating import HeldOut, judge_labels, write_gated

    issues = IssueLog()
    engine = create_engine(Bundle.load(bundle), SegmentationConfig(bundle=bundle))
    with closing(engine):
        segmenter = AugmentedSegmenter(engine, ViewPlan())
        verdicts = judge_labels(
            HeldOut(truth, teacher),
            lambda image: segmenter.label(image)[0],
            engine.bundle.ontology,
            issues,
        )
    notes = list(map(str, issues.all()))
    end(notes, [])
    for verdict in verdicts:
        typer.echo(str(verdict), err=as_json)
    shares = write_gated(labels, output, verdicts)
    if as_json:
        document = {"verdicts": [verdict.to_json() for verdict in verdicts], "pixels": shares}
        print_json({"output": str(output), **document, "notes": notes})
        return
    kept = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
    typer.echo(f"{output}: labels of {kept} of the pixels; train on it as on any labelled folder")
