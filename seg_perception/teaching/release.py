"""A taught and proven model goes out: a bundle with its lineage, masks, and what changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.active_learning.folder import LabellingFolder
from seg_perception.core.draft_folder import draft_folder, expect_new
from seg_perception.core.errors import BundleError, DatasetError, TeachingError
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.bundle_writer import BundleSource, Golden, VariantSource, write_bundle
from seg_perception.inference.manifest import Manifest, Training
from seg_perception.teaching.gate import Verdict
from seg_perception.teaching.inherited import Inherited
from seg_perception.teaching.learning.graph_runner import Labeller
from seg_perception.teaching.learning.models import TaughtModels
from seg_perception.teaching.session import Session

_SUFFIX = "_taught"


def write_taught(
    session: Session,
    models: TaughtModels,
    number: int,
    facts: Mapping[str, Any],
    verdict: Verdict,
    folder: Path,
) -> tuple[str, ...]:
    """Write the bundle of a round, if the gate lets it out.

    Args:
        session: what was taught.
        models: gives the round's weights.
        number: of the round.
        facts: what the round says of itself.
        verdict: of the gate on this round.
        folder: of the bundle; new.

    Returns:
        What the bundle before had and this one can't have, for people.

    Raises:
        TeachingError: the gate did not say that it is better.
        BundleError: the folder is in use, or the disk refuses.
    """
    if not verdict.passed:
        msg = f"round {number} can't go out. {verdict}"
        raise TeachingError(msg)
    expect_new(folder, BundleError)
    before = session.bundle.manifest
    found = Inherited.of(session.bundle, models.model(number))
    manifest = models.manifest(number).model_copy(update={"familiarity": found.familiarity})
    source = BundleSource(
        name=before.name if before.name.endswith(_SUFFIX) else f"{before.name}{_SUFFIX}",
        version=f"{before.version}+{facts['clicks_sha256'][:8]}",
        ontology=manifest.ontology,
        input=manifest.input,
        output=manifest.output,
        model=found.model,
        licence=before.licence,
        licence_text=_licence(session.bundle),
        notice=before.notice,
        golden=_golden(session.bundle, Labeller(found.model, manifest)),
        variants=[VariantSource(None, v.sampling, v.precision) for v in _plain(before)],
        opset=before.opset,
        training=_lineage(session, facts, verdict),
        familiarity=found.familiarity,
        gaussians=found.gaussians,
    )
    write_bundle(folder, source)
    return found.notes


def write_masks(session: Session, models: TaughtModels, number: int, folder: Path) -> int:
    """Write the taught frames with a round's labels, for CVAT, COCO and training; tells how many.

    Raises:
        DatasetError: the folder is in use, or the disk refuses.
    """
    frames = session.of_part("teach")
    ontology = models.manifest(number).ontology
    with draft_folder(folder, DatasetError) as draft, LabellingFolder(draft, ontology) as masks:
        for frame in frames:
            labels = models.label(number, frame.name)[0]
            size = frame.width, frame.height
            whole = session.store.preprocessing.restore(labels, size, ontology.unknown_id)
            large = cv2.resize(whole, size, interpolation=cv2.INTER_NEAREST_EXACT)
            mask: NDArray[np.uint8] = np.asarray(large, np.uint8)
            masks.add(frame.name, session.store.image(frame.name), mask)
    return len(frames)


def _plain(manifest: Manifest) -> list[Any]:
    return [variant for variant in manifest.variants if variant.file == manifest.model]


def _licence(bundle: Bundle) -> str:
    name = bundle.manifest.licence_file
    return (bundle.folder / name).read_text(encoding="utf-8") if name else ""


def _golden(bundle: Bundle, labeller: Labeller) -> list[Golden]:
    """The frames of the bundle before, with what the taught model says of them."""
    return [(frame.image, *labeller.label(frame.image)[:2]) for frame in bundle.golden]


def _lineage(session: Session, facts: Mapping[str, Any], verdict: Verdict) -> Training:
    before = session.bundle.manifest.training
    frames = len({click.frame for click in session.record.clicks if click.part == "teach"})
    taught = f"{facts['clicks']} clicks on {frames} frames of {', '.join(session.settings.sources)}"
    details: dict[str, str | int | float] = {
        "parent": f"{session.bundle.manifest.name} {session.bundle.manifest.version}",
        "parent_model_sha256": session.settings.model_sha256,
        "clicks_sha256": facts["clicks_sha256"],
        "clicks": facts["clicks"],
        "method": f"{facts['method']}, taught by clicks",
        "steps": facts["steps"],
        "gate": str(verdict),
        "gate_points": verdict.asked,
        "gate_new_right": verdict.new_right,
        "gate_old_right": verdict.old_right,
    }
    if session.settings.teacher is not None:
        details["teacher"] = session.settings.teacher.source
        details["teacher_sha256"] = session.settings.teacher.sha256
        details["teacher_classes"] = ", ".join(facts["teacher_classes"]) or "none"
    return Training(
        command="seg-perception teach",
        date=datetime.now(timezone.utc).date().isoformat(),
        seed=int(facts["seed"]),
        datasets=(*before.datasets, taught),
        details=details,
    )
