"""What an evaluation found: `results.json`, with `frames.jsonl` and `pictures/` beside it.

A share is in percent, a duration in seconds; a value that is not defined (a class that
occurs nowhere) is null. Everything but `timing`, `created` and `seconds` is the same for the
same inputs, on however many processes they were scored.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import EvaluationError
from seg_perception.core.ontology import Ontology
from seg_perception.core.validation import explain
from seg_perception.evaluation.confusion import ConfusionLayout
from seg_perception.evaluation.document import Document
from seg_perception.evaluation.protocol import Protocol
from seg_perception.evaluation.stream_result import StreamResult
from seg_perception.evaluation.timing import Timing

RESULTS = "results.json"


class Source(Document):
    """What was scored.

    Attributes:
        kind: bags through the core, bags that were labelled before, or files.
        paths: bags or folders.
        sequences: names, in order.
        frames: pairs in all.
    """

    kind: Literal["bag", "labelled bag", "data set", "predictions"]
    paths: tuple[str, ...]
    sequences: tuple[str, ...]
    frames: int


class ModelRecord(Document):
    """What made the labels.

    Attributes:
        name: the bundle's, or where the labels came from.
        engine: in one line; empty for labels that were there before.
        ontology: of the labels.
    """

    name: str
    ontology: Ontology
    engine: str = ""
    sha256: str = ""


class Results(Document):
    """A run.

    Attributes:
        format: of this document.
        name: of the run.
        created: ISO 8601, UTC.
        seconds: how long it took.
        configuration: flat parameters, as they ran.
        truth_meanings: of true ids, the model's classes that each may be; empty: the ids are those
            of the truth's ontology.
        truth_origin: what the true ids were taken for, and why.
        versions: of this package and of the libraries that make numbers.
        hashes: sha256 of model, protocol and ontologies.
        notes: what a reader should know.
        problems: what came to nothing.
    """

    format: Literal[2] = 2
    name: str
    created: str
    seconds: float
    command: str = ""
    source: Source
    model: ModelRecord
    protocol: Protocol
    truth_ontology: Ontology
    truth_meanings: Mapping[int, tuple[str, ...]] = {}
    truth_origin: str = ""
    streams: tuple[StreamResult, ...]
    timing: Timing = Timing()
    configuration: Mapping[str, Any] = {}
    versions: Mapping[str, str] = {}
    hashes: Mapping[str, str] = {}
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def layout(self) -> ConfusionLayout:
        """Of the pairs of ids."""
        return ConfusionLayout(self.truth_ontology, self.model.ontology, self.truth_meanings)

    def stream(self, name: str) -> StreamResult | None:
        """A stream by its name."""
        return next((stream for stream in self.streams if stream.name == name), None)

    def write(self, folder: Path) -> Path:
        """Write `results.json` into a run folder, whole or not at all."""
        path = folder / RESULTS
        write_file(path, self.model_dump_json(indent=1), EvaluationError, sync=True)
        return path

    @classmethod
    def read(cls, folder: str | Path) -> Results:
        """Read a run folder, or its `results.json`.

        Raises:
            EvaluationError: there is none, or of another format.
        """
        path = Path(folder)
        path = path / RESULTS if path.is_dir() else path
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            msg = f"{path} can't be read: expected the folder of a finished run, got {error}"
            raise EvaluationError(msg) from error
        except ValidationError as error:
            msg = f"{explain(error, str(path))}; evaluate again with this version"
            raise EvaluationError(msg) from error
