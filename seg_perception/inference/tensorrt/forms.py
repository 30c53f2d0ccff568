"""Which of a bundle's ONNX files an entry of the chain means."""

from __future__ import annotations

from dataclasses import dataclass

from seg_perception.errors import NoFormError
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.manifest import Precision, Sampling, Variant

PLAIN = "plain"
# GridSample is known to be wrong in several versions of TensorRT: only who asks for it gets it.
_SAMPLINGS: tuple[Sampling, ...] = ("gather", "none")


@dataclass(frozen=True)
class Form:
    """One ONNX file of a bundle.

    Attributes:
        name: sampling and precision, or `plain` where the bundle does not tell.
        file: path in the bundle.
        precision: of its products.
    """

    name: str
    file: str
    precision: Precision


def find_form(bundle: Bundle, choice: str) -> Form:
    """The file that an entry of the chain means.

    Args:
        bundle: the model.
        choice: a form such as `gather_fp32`; a precision alone, which takes the form without
            GridSample; or `plain`, the file that ONNX Runtime takes.

    Raises:
        NoFormError: the bundle has no such form; the text names those that it has.
    """
    manifest = bundle.manifest
    forms = {variant.form: variant for variant in manifest.variants}
    names = [choice, *(f"{sampling}_{choice}" for sampling in _SAMPLINGS)]
    found = next((forms[name] for name in names if name in forms), None)
    if found is not None:
        return _form(found)
    plain = next((v for v in manifest.variants if v.file == manifest.model), None)
    if choice == PLAIN or (choice == "fp32" and plain is None):
        return _form(plain) if plain else Form(PLAIN, manifest.model, "fp32")
    has = ", ".join(forms) or f"{PLAIN} alone"
    msg = f"the bundle has no form {choice}, it has {has}; export it with that form"
    raise NoFormError(msg)


def _form(variant: Variant) -> Form:
    return Form(variant.form, variant.file, variant.precision)
