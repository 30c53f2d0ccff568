"""Which of a bundle's ONNX files an entry of the chain means."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import get_args

from seg_perception.core.errors import NoVariantError
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.manifest import FloatPrecision, Precision, Sampling, Variant
from seg_perception.inference.operator_scan import uses_operator

PLAIN = "plain"
# GridSample is known to be wrong in several versions of TensorRT: only who asks for it gets it.
_SAMPLINGS: tuple[Sampling, ...] = ("gather", "none")
_DERIVABLE: tuple[FloatPrecision, ...] = get_args(FloatPrecision)


@dataclass(frozen=True)
class ModelVariant:
    """One ONNX file of a bundle.

    Attributes:
        name: sampling and precision, or `plain` where the bundle does not tell.
        file: path in the bundle.
        precision: of its products, after the builder's pass where it is derived.
        derived: the file is float32, and the builder makes the islands.
        agreement: share of the golden labels that INT8 was measured to reach on the worst frame;
            1 for every other precision, which must reach them all.
    """

    name: str
    file: str
    precision: Precision
    derived: bool = False
    agreement: float = 1.0


def find_variant(bundle: Bundle, choice: str) -> ModelVariant:
    """The file that an entry of the chain means.

    Args:
        bundle: the model.
        choice: a variant such as `gather_fp32`; a precision alone, which takes the variant without
            GridSample, or derives it from the one in float32; or `plain`, the file that ONNX
            Runtime takes.

    Raises:
        NoVariantError: the bundle has no such variant; the text names those that it has.
    """
    manifest = bundle.manifest
    plain = next((v for v in manifest.variants if v.file == manifest.model), None)
    if choice == PLAIN:
        return _variant(plain) if plain else _untold(bundle)
    found = _carried(bundle, choice) or _derived(bundle, choice)
    if found is None and plain is None and _samples(bundle):
        msg = (
            f"{manifest.model} holds GridSample, which several versions of TensorRT compute "
            "wrongly: `seg-perception import` of the ONNX file writes the form without it"
        )
        raise NoVariantError(msg)
    if found is None:
        has = ", ".join(variant.name for variant in manifest.variants) or f"{PLAIN} alone"
        msg = f"the bundle has no variant {choice}, it has {has}; export it with that variant"
        raise NoVariantError(msg)
    return found


def _carried(bundle: Bundle, choice: str) -> ModelVariant | None:
    """A variant that the bundle has a file for."""
    manifest = bundle.manifest
    variants = {variant.name: variant for variant in manifest.variants}
    names = [choice, *(f"{sampling}_{choice}" for sampling in _SAMPLINGS)]
    if found := next((variants[name] for name in names if name in variants), None):
        return _variant(found)
    told = any(variant.file == manifest.model for variant in manifest.variants)
    if choice != "fp32" or told or _samples(bundle):
        return None
    return ModelVariant(PLAIN, manifest.model, "fp32")


def _derived(bundle: Bundle, choice: str) -> ModelVariant | None:
    """A precision that the builder can make of the float32 variant; the pass needs `onnx`."""
    precision = next((name for name in _DERIVABLE if name == choice), None)
    if precision is None or importlib.util.find_spec("onnx") is None:
        return None
    base = _carried(bundle, "fp32")
    if base is None:
        return None
    return ModelVariant(f"{base.name}_to_{precision}", base.file, precision, derived=True)


def _variant(variant: Variant) -> ModelVariant:
    parity = variant.parity if variant.precision == "int8" else None
    least = parity.least_agreement if parity is not None else None
    agreement = 1.0 if least is None else least
    return ModelVariant(variant.name, variant.file, variant.precision, agreement=agreement)


def _untold(bundle: Bundle) -> ModelVariant:
    """The plain file, of which the manifest does not say what is in it.

    Raises:
        NoVariantError: it can't be trusted, and nothing would show whether it is right.
    """
    if _samples(bundle) and not bundle.golden:
        msg = (
            f"{bundle.manifest.model} holds GridSample, which several versions of TensorRT compute "
            "wrongly, and the bundle has no golden frames that would show it: add some"
        )
        raise NoVariantError(msg)
    return ModelVariant(PLAIN, bundle.manifest.model, "fp32")


def _samples(bundle: Bundle) -> bool:
    """Whether the plain file holds GridSample."""
    return uses_operator(bundle.model_path, "GridSample")
