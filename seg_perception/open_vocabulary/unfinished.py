"""What a teacher said so far, so that a run that was stopped goes on where it was."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import OpenVocabularyError
from seg_perception.core.issue_log import Issue
from seg_perception.core.json_document import dump_json

SUFFIX = ".unfinished"
_RUN = "run.json"


@dataclass(frozen=True, eq=False)
class TaughtFrame:
    """What is kept of a picture.

    Attributes:
        labels: uint8 (H, W), ids.
        confidence: uint8 (H, W), 0 where there is no label.
        open: bool (H, W), where two classes are too close to call.
        regions: as `Region.to_json` has them.
        asked: names of the classes that were looked for.
        issues: what is amiss with it, each as often as it happened.
    """

    labels: NDArray[np.uint8]
    confidence: NDArray[np.uint8]
    open: NDArray[np.bool_]
    regions: list[dict[str, Any]]
    asked: list[str]
    issues: tuple[Issue, ...] = ()


class UnfinishedRun:
    """A folder beside the output, `NAME.unfinished`, with a file for each picture.

    Only what the same teacher says of the same words is taken on.
    """

    def __init__(self, output: Path, run: Mapping[str, Any]) -> None:
        """Begin it, or go on.

        Args:
            output: of the run.
            run: what decides over the labels: teacher, words, settings, source.

        Raises:
            OpenVocabularyError: what was begun there is another run.
        """
        self.folder = output.with_name(output.name + SUFFIX)
        document = json.loads(dump_json(run))
        file = self.folder / _RUN
        if file.is_file():
            _expect_same(json.loads(file.read_text(encoding="utf-8")), document, self.folder)
        write_file(file, dump_json(run), OpenVocabularyError)

    def __contains__(self, name: str) -> bool:
        """Whether a picture is done."""
        return self._file(name).is_file()

    def add(self, name: str, taught: TaughtFrame) -> None:
        """Keep a picture's labels.

        Raises:
            OpenVocabularyError: the disk refuses them.
        """
        issues = [asdict(issue) for issue in taught.issues]
        said = json.dumps({"regions": taught.regions, "asked": taught.asked, "issues": issues})
        packed = io.BytesIO()
        np.savez_compressed(
            packed,
            labels=taught.labels,
            confidence=taught.confidence,
            open=taught.open,
            said=np.frombuffer(said.encode(), np.uint8),
        )
        write_file(self._file(name), packed.getvalue(), OpenVocabularyError)

    def read(self, name: str) -> TaughtFrame:
        """A picture's labels again.

        Raises:
            OpenVocabularyError: the file is damaged.
        """
        try:
            with np.load(self._file(name), allow_pickle=False) as packed:
                said = json.loads(packed["said"].tobytes())
                arrays = {key: packed[key] for key in ("labels", "confidence", "open")}
            issues = tuple(Issue(**entry) for entry in said.pop("issues"))
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            msg = f"{self._file(name)}: damaged ({error}); remove it, and run the command again"
            raise OpenVocabularyError(msg) from error
        return TaughtFrame(**arrays, **said, issues=issues)

    def remove(self) -> None:
        """Drop it: everything is in its place."""
        shutil.rmtree(self.folder)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.npz"


def _expect_same(before: Any, now: Any, folder: Path) -> None:
    different = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    if different:
        msg = (
            f"{folder}: holds a run with another {', '.join(sorted(different))}; give this one "
            "another output, or remove that folder"
        )
        raise OpenVocabularyError(msg)
