"""What of a bundle still holds after its head was taught."""

from __future__ import annotations

from dataclasses import dataclass

from seg_perception.inference.bundle import Bundle
from seg_perception.inference.manifest import Familiarity
from seg_perception.inference.onnx.graph import keep_outputs, made_alike


@dataclass(frozen=True)
class Inherited:
    """What a taught bundle takes from the one before, and what it can't.

    Attributes:
        model: bytes of the taught ONNX file, without outputs that nothing explains any more.
        familiarity: of the bundle before; None where it had none, or its layer was taught.
        gaussians: bytes of its file.
        notes: what is left out, and how it is made anew.
    """

    model: bytes
    familiarity: Familiarity | None
    gaussians: bytes
    notes: tuple[str, ...]

    @classmethod
    def of(cls, before: Bundle, model: bytes) -> Inherited:
        """Compare a taught model with the bundle that it was taught from."""
        notes = []
        if gone := left_out(before):
            notes.append(f"left out, since only the plain graph is taught: {', '.join(gone)}")
        if before.manifest.confidence is not None:
            notes.append(
                "the confidence's calibration is left out: it was measured on the model before; "
                "`seg-perception bundle calibrate-confidence` measures the taught one"
            )
        told = before.manifest.familiarity
        if told is None:
            return cls(model, None, b"", tuple(notes))
        if made_alike(before.model_path.read_bytes(), model, told.output):
            gaussians = (before.folder / told.file).read_bytes()
            return cls(model, told, gaussians, tuple(notes))
        notes.append(
            f"familiarity is left out: it was fitted on {told.layer}, which was taught, so that "
            "its distances no longer hold; `seg-perception bundle fit-familiarity` fits it anew"
        )
        plain = keep_outputs(model, before.manifest.pixel_outputs)
        return cls(plain, None, b"", tuple(notes))


def left_out(bundle: Bundle) -> list[str]:
    """Variants of the model before that the taught bundle does not have."""
    manifest = bundle.manifest
    return [variant.name for variant in manifest.variants if variant.file != manifest.model]
