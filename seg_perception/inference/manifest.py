"""What a model bundle says about itself: `manifest.json` as a strict model."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from seg_perception.core import validation
from seg_perception.core.errors import BundleError
from seg_perception.core.ontology import Ontology
from seg_perception.inference.preprocessing import Resize


def _inside(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\\" in path or ":" in path:
        msg = f"expected a path inside the bundle such as 'golden/0.png', got {path!r}"
        raise ValueError(msg)
    return path


InsidePath = Annotated[str, AfterValidator(_inside)]
PngPath = Annotated[InsidePath, Field(pattern=r"\.png$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Sampling = Literal["none", "grid_sample", "gather"]
FloatPrecision = Literal["fp32", "fp16_islands", "fp16_islands_fp32_attention", "bf16_islands"]
Precision = Literal[FloatPrecision, "int8"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class NetworkInput(_Part):
    """The one input tensor: batch 1, three channels.

    A uint8 input takes the pixels as they are. A float32 or float16 input takes
    `(pixel * scale - mean) / std`, channel by channel in the order of `channels`.
    """

    name: str = "image"
    width: int = Field(ge=8, le=16384)
    height: int = Field(ge=8, le=16384)
    dtype: Literal["uint8", "float32", "float16"] = "uint8"
    layout: Literal["NHWC", "NCHW"] = "NHWC"
    channels: Literal["rgb", "bgr"] = "rgb"
    scale: float = Field(1 / 255, gt=0)
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    resize: Resize = Resize()

    @model_validator(mode="after")
    def _consistent(self) -> NetworkInput:
        raw = NetworkInput.model_fields
        changed = [
            key for key in ("scale", "mean", "std") if getattr(self, key) != raw[key].default
        ]
        if self.dtype == "uint8" and changed:
            msg = (
                f"a uint8 input takes raw pixels; drop {changed} or set dtype to float32 or float16"
            )
            raise ValueError(msg)
        if min(self.std) <= 0:
            msg = f"std: expected values above 0, got {list(self.std)}"
            raise ValueError(msg)
        return self


class LabelsConfidenceOutput(_Part):
    """The project's own form: labels and confidence, one value a pixel, at the input's size."""

    kind: Literal["labels_confidence"]
    labels: str = "labels"
    confidence: str = "confidence"


class LogitsOutput(_Part):
    """One map per class, at any size: up-sampled, then arg-max.

    The confidence is the winner's share (softmax), its sigmoid, or its value (none:
    the network already ends in probabilities).
    """

    kind: Literal["logits"]
    name: str = "logits"
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    activation: Literal["softmax", "sigmoid", "none"] = "softmax"


class LabelsOutput(_Part):
    """Class ids alone, at any size; the confidence is 255 throughout."""

    kind: Literal["labels"]
    name: str = "labels"


NetworkOutput = Annotated[
    LabelsConfidenceOutput | LogitsOutput | LabelsOutput, Field(discriminator="kind")
]


class GoldenFiles(_Part):
    """A frame at the network's size, and the labels and confidence that the model gives it."""

    image: PngPath
    labels: PngPath
    confidence: PngPath | None = None


class Parity(_Part):
    """How far an exported variant is from what it was exported from, as measured.

    Attributes:
        label_agreement: share of equal labels on all frames.
        least_agreement: on the worst of them; None where that was not written down.
    """

    reference: str
    candidate: str
    frames: int = Field(ge=1)
    label_agreement: float = Field(ge=0, le=1)
    least_agreement: float | None = Field(default=None, ge=0, le=1)
    max_abs_error: float | None = Field(None, ge=0)


class Variant(_Part):
    """One variant of the network, for engines that the plain model does not suit.

    Attributes:
        file: its ONNX file; the plain model's, to say which variant that is.
        sampling: how deformable attention reads its maps; `none` where there is none.
        precision: of the matrix products and convolutions. In the islands the rest stays
            float32; `fp32_attention` keeps the attention's products in float32 too. `int8` is
            a QDQ graph whose ranges come from frames.
        parity: against the plain model, as measured; None where nobody did.
    """

    file: InsidePath
    sampling: Sampling
    precision: Precision
    parity: Parity | None = None

    @property
    def name(self) -> str:
        """Sampling and precision in one word."""
        return f"{self.sampling}_{self.precision}"


class ClassConfidence(_Part):
    """What a class's confidence becomes: the logarithm of its odds times `slope`, plus `offset`."""

    slope: float = Field(gt=0)
    offset: float


class ConfidenceCalibration(_Part):
    """Makes confidence the share of right labels, as held-out pictures showed it.

    Attributes:
        classes: by id.
        pictures: how many it was found on.
        ece: expected calibration error (percent) before and after, of pictures that were held out.
        aurc: area under the risk-coverage curve (percent), the same.
    """

    classes: tuple[ClassConfidence, ...]
    pictures: int = Field(ge=1)
    ece: tuple[float, float]
    aurc: tuple[float, float]


class Distances(_Part):
    """How far pictures are from those of the training, in standard deviations of a Gaussian.

    Attributes:
        held_out: the median of pictures that the Gaussian was not made of.
        edge: one in a hundred of them is farther; what is farther is taken for unfamiliar.
    """

    held_out: float = Field(gt=0)
    edge: float = Field(gt=0)


class Familiarity(_Part):
    """How to tell whether a picture is like those that the model was trained on.

    Attributes:
        layer: the tensor whose means tell; `output` has them, of each channel in each cell of a
            grid.
        shape: channels of the layer, rows and columns of the grid.
        file: two Gaussians, float32 (2, 1 + C, C) as .npy: of pictures and of cells, each its mean
            and a matrix that makes its deviations white.
        pictures: how many it is made of.
        picture, cell: distances of whole pictures and of single cells.
    """

    output: str = "statistics"
    layer: str
    shape: tuple[int, int, int]
    file: InsidePath = "familiarity.npy"
    pictures: int = Field(ge=2)
    picture: Distances
    cell: Distances


class Training(_Part):
    """Where the weights come from."""

    command: str = ""
    commit: str = ""
    date: str = ""
    seed: int | None = None
    datasets: tuple[str, ...] = ()
    details: Mapping[str, str | int | float] = {}


class Manifest(_Part):
    """Everything that is needed to run a model and to trust it.

    Attributes:
        ontology: a full copy of the label space, so that labels mean the same wherever
            the bundle goes; its ids are 0 to n - 1.
        files: sha256 of every file of the bundle but the manifest.
        model: what ONNX Runtime runs.
        variants: the same network in other variants, each once.
        confidence: puts the network's right; None: it is taken as it is.
        familiarity: tells pictures that are unlike the training's; None: nothing is said of them.
        notice: shown once when the model is started.
    """

    format: Literal[1] = 1
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    version: str = Field(min_length=1)
    ontology: Ontology
    input: NetworkInput
    output: NetworkOutput
    model: InsidePath = "model.onnx"
    variants: tuple[Variant, ...] = ()
    files: Mapping[InsidePath, Sha256]
    opset: int | None = Field(None, ge=7)
    golden: tuple[GoldenFiles, ...] = ()
    parity: tuple[Parity, ...] = ()
    confidence: ConfidenceCalibration | None = None
    familiarity: Familiarity | None = None
    training: Training = Training()
    licence: str = Field(min_length=1)
    licence_file: InsidePath | None = None
    notice: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Manifest:
        self._expect_contiguous_ids()
        self._expect_distinct_variants()
        self._expect_all_confidences()
        if self.output.kind == "labels_confidence" and not self.golden:
            msg = (
                "golden: a labels_confidence model needs golden frames to validate an engine; "
                "add some"
            )
            raise ValueError(msg)
        if unlisted := sorted(self.used_files() - set(self.files)):
            msg = f"files: no sha256 of {unlisted[0]}; add what `sha256sum {unlisted[0]}` prints"
            raise ValueError(msg)
        return self

    def _expect_contiguous_ids(self) -> None:
        ids = sorted(c.id for c in self.ontology.classes)
        if ids != list(range(len(ids))):
            gap = next(n for n, got in enumerate(ids) if n != got)
            msg = (
                f"ontology: expected class ids 0 to {len(ids) - 1}, but {gap} is missing; "
                "number the classes without gaps"
            )
            raise ValueError(msg)

    def _expect_distinct_variants(self) -> None:
        names = [variant.name for variant in self.variants]
        files = [variant.file for variant in self.variants]
        for what, values in (("variant", names), ("file", files)):
            if twice := next((name for name in values if values.count(name) > 1), None):
                msg = f"variants: {what} {twice} is named twice; keep one of them"
                raise ValueError(msg)

    def _expect_all_confidences(self) -> None:
        if self.confidence and (got := len(self.confidence.classes)) != self.class_count:
            msg = f"confidence: expected {self.class_count} classes, got {got}; calibrate it again"
            raise ValueError(msg)

    @property
    def class_count(self) -> int:
        """How many classes the network tells apart."""
        return len(self.ontology.classes)

    @property
    def pixel_outputs(self) -> tuple[str, ...]:
        """The graph's outputs that speak of pixels."""
        if self.output.kind == "labels_confidence":
            return self.output.labels, self.output.confidence
        return (self.output.name,)

    def used_files(self) -> set[str]:
        """Paths that the manifest names."""
        named = {self.model, self.licence_file} | {variant.file for variant in self.variants}
        named.add(self.familiarity.file if self.familiarity else None)
        for frame in self.golden:
            named |= {frame.image, frame.labels, frame.confidence}
        return {path for path in named if path is not None}

    def dump(self) -> str:
        """The text of a `manifest.json`."""
        unused: dict[str, Any] = {}
        if self.input.dtype == "uint8":
            unused["input"] = {"scale", "mean", "std"}
        unused |= {key: True for key in ("confidence", "familiarity") if not getattr(self, key)}
        return self.model_dump_json(indent=2, exclude=unused) + "\n"

    @classmethod
    def read(cls, file: Path) -> Manifest:
        """Read a `manifest.json`.

        Raises:
            BundleError: no such file, or the first thing in it that is wrong.
        """
        if not file.is_file():
            msg = f"{file} not found: expected the folder or zip of a model bundle"
            raise BundleError(msg)
        try:
            return cls.model_validate_json(_without_former_key(file.read_bytes()))
        except ValidationError as error:
            raise BundleError(explain(error, str(file))) from error


def _without_former_key(text: bytes) -> bytes:
    """Bundles used to name one variant, as `model_gather`."""
    if b'"model_gather"' not in text:
        return text
    try:
        given = json.loads(text)
        file = given.pop("model_gather")
    except (ValueError, KeyError, AttributeError, RecursionError):
        return text  # the manifest's own reader says what is wrong
    if file is not None:
        given["variants"] = [{"file": file, "sampling": "gather", "precision": "fp32"}]
    return json.dumps(given).encode()


def explain(error: ValidationError, origin: str) -> str:
    """One sentence about the first thing that is wrong in a manifest."""
    first = error.errors()[0]
    if first["type"] == "extra_forbidden":
        place = ".".join(str(part) for part in first["loc"])
        return f"{origin}: unknown key {place!r}{_nearest(str(first['loc'][-1]))}"
    return validation.explain(error, origin)


def _nearest(key: str) -> str:
    known: set[str] = set()
    for model in (
        Manifest,
        NetworkInput,
        Resize,
        LabelsConfidenceOutput,
        LogitsOutput,
        ConfidenceCalibration,
        ClassConfidence,
        Familiarity,
        Distances,
        Training,
        Parity,
        Variant,
        GoldenFiles,
    ):
        known |= set(model.model_fields)
    near = difflib.get_close_matches(key, sorted(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else "; remove it"
