"""What a model bundle says about itself, and whether it runs here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seg_perception.config import SegmentationConfig, TensorRtConfig
from seg_perception.core.errors import EngineError
from seg_perception.inference.bundle import Bundle, sha256
from seg_perception.inference.engine import create_engine


@dataclass(frozen=True)
class BundleInspection:
    """A bundle that is intact.

    Attributes:
        bundle: what was loaded.
        sha256: of the ONNX file.
        engine: the engine that runs it, in one line with what its self-test measured;
            empty where none does.
        problem: why none does.
    """

    bundle: Bundle
    sha256: str
    engine: str
    problem: str

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        manifest = self.bundle.manifest
        return {
            "kind": "bundle",
            "path": str(self.bundle.folder),
            "sha256": self.sha256,
            "engine": self.engine,
            "problem": self.problem,
            "manifest": manifest.model_dump(mode="json"),
        }


def is_bundle(path: str | Path) -> bool:
    """Whether a path looks like a bundle rather than a bag."""
    candidate = Path(path)
    return candidate.suffix == ".zip" or (candidate / "manifest.json").is_file()


def inspect_bundle(path_or_name: str | Path) -> BundleInspection:
    """Load a bundle and run its golden frames.

    Raises:
        BundleError: it is missing, incomplete or altered.
    """
    bundle = Bundle.load(path_or_name)
    description, problem = "", ""
    try:
        # To build an engine takes minutes; `engine build` does.
        engine = create_engine(bundle, SegmentationConfig(), TensorRtConfig(on_missing="fail"))
        description = engine.description
        engine.close()
    except EngineError as error:
        problem = str(error)
    return BundleInspection(bundle, sha256(bundle.model_path), description, problem)
