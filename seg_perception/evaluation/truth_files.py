"""The true labels of a data set's files, read by whoever scores a part of them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from seg_perception.core.ontology import Ontology
from seg_perception.datasets.layouts import open_folder
from seg_perception.datasets.masks import Ids, MaskReader
from seg_perception.datasets.pairs import ImagePair, LabelReader
from seg_perception.evaluation.job import FilePair, Job, LabelledFiles

ONE_SEQUENCE = "all"


def truth_reader(job: Job) -> LabelReader:
    """Reads the truth of a job's images.

    Raises:
        DatasetError: the data set is not as it was when the job was planned.
    """
    return MaskReader() if job.files is None else _reader(job.files, job.truth_ontology)


def read_truth(reader: LabelReader, pair: FilePair) -> Ids:
    """The true ids of a pair's pixels, uint8 or uint16 (H, W).

    Raises:
        DatasetError: they can't be read.
    """
    sequence = "" if pair.sequence == ONE_SEQUENCE else pair.sequence
    return reader.read(ImagePair(Path(pair.source), Path(pair.truth), sequence, pair.name))


def _reader(files: LabelledFiles, ontology: Ontology) -> LabelReader:
    return _opened(files.model_dump_json(), ontology.model_dump_json() if files.painted else "")


@lru_cache(maxsize=1)
def _opened(text: str, painted: str) -> LabelReader:
    files = LabelledFiles.model_validate_json(text)
    folder = open_folder(Path(files.root), files.layout, files.split)
    if painted:
        folder = folder.painted_in(Ontology.model_validate_json(painted))
    return folder.reader
