"""Lets a bundle tell the pictures that it knows from others."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.draft_folder import expect_new
from seg_perception.core.errors import BundleError, DatasetError, EngineError
from seg_perception.core.scratch_folder import scratch_folder
from seg_perception.fitting.engines import Tell, pictures, reference_engine, tell_nobody
from seg_perception.fitting.pictures import PictureFiles, blocks
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.bundle_writer import derive_bundle
from seg_perception.inference.familiarity.gaussian import Gaussian
from seg_perception.inference.familiarity.model import cell_features, picture_features, stored
from seg_perception.inference.manifest import Distances, Familiarity
from seg_perception.inference.onnx.files import data_files, read_model, to_bytes
from seg_perception.inference.onnx.graph import keep_outputs
from seg_perception.inference.onnx.pooled_statistics import GraphWithStatistics, with_statistics

_FEWEST = 40
_EDGE = 0.99
_LEAST_EQUAL = 0.999
Statistics = NDArray[np.float32]
Features = Callable[[Statistics], NDArray[np.float32]]


@dataclass(frozen=True)
class Known:
    """A Gaussian of what is known, and how far others of the same kind are from it."""

    gaussian: Gaussian
    distances: Distances

    @classmethod
    def of(cls, features: Features, fitted: Statistics, held_out: Sequence[Statistics]) -> Known:
        """Of pictures; without others each stretch of them is held out once.

        Of each folder of others one in a hundred is beyond the edge, so that few pictures of a
        second camera count as much as many of the first.
        """
        gaussian = Gaussian.of(features(fitted))
        if held_out:
            found = [gaussian.distances(features(statistics)) for statistics in held_out]
        else:
            found = [np.concatenate([*_in_turn(features, fitted)])]
        distances = Distances(
            held_out=float(np.median(np.concatenate(found))),
            edge=max(float(np.quantile(of_folder, _EDGE)) for of_folder in found),
        )
        return cls(gaussian, distances)


def fit_familiarity(
    bundle: Bundle, output: Path, files: PictureFiles, layer: str = "", tell: Tell = tell_nobody
) -> Bundle:
    """Write a bundle with one more output and the Gaussian of the pictures that it knows.

    Args:
        bundle: any; a familiarity that it has is replaced.
        output: the new bundle's folder; it must not exist.
        files: pictures that it was trained on, and others of the same kind.
        layer: whose means tell; empty: what the last convolution reads.
        tell: called after each picture.

    Raises:
        BundleError: the folder is in use.
        EngineError: the graph has no such layer, or answers otherwise with the new output.
        DatasetError: too few pictures, or one can't be read.
    """
    expect_new(output, BundleError)
    if (count := len(files.fitted)) < _FEWEST:
        msg = f"expected {_FEWEST} pictures or more to fit on, got {count}: give more folders"
        raise DatasetError(msg)
    with scratch_folder("familiarity") as scratch:
        draft = _with_output(bundle, scratch / "draft", layer)
        _expect_same(bundle, draft, files.fitted[:3])
        fitted = _statistics(draft, files.fitted, tell)
        held_out = [_statistics(draft, of_folder, tell) for of_folder in files.held_out]
        picture = Known.of(picture_features, fitted, held_out)
        cell = Known.of(cell_features, fitted, held_out)
        return _write(draft, output, picture, cell, len(fitted))


def _in_turn(features: Features, fitted: Statistics) -> Iterator[NDArray[np.float32]]:
    """Distances of each stretch of pictures from a Gaussian of the others."""
    for block in blocks(len(fitted)):
        others = np.delete(fitted, block, axis=0)
        yield Gaussian.of(features(others)).distances(features(fitted[block]))


def _with_output(bundle: Bundle, folder: Path, layer: str) -> Bundle:
    """The bundle with the output alone: its Gaussian says nothing yet."""
    manifest = bundle.manifest
    names = sorted({manifest.model, *(variant.file for variant in manifest.variants)})
    graphs = {name: _add_output(bundle, name, layer) for name in names}
    first = graphs[manifest.model]
    for name, graph in graphs.items():
        if (graph.output, graph.shape) != (first.output, first.shape):
            msg = (
                f"{name}: its layer {graph.layer!r} is {graph.shape}, {first.layer!r} of "
                f"{manifest.model} {first.shape}; name one that all variants have by --layer"
            )
            raise EngineError(msg)
    nothing = Distances(held_out=1.0, edge=1.0)
    told = Familiarity(
        output=first.output,
        layer=first.layer,
        shape=first.shape,
        pictures=2,
        picture=nothing,
        cell=nothing,
    )
    size = first.shape[0]
    files = {name: graph.model for name, graph in graphs.items()}
    files[told.file] = _npy(np.zeros((2, 1 + size, size), np.float32))
    gone = {data for name in names for data in data_files(bundle.folder / name)}
    return derive_bundle(folder, bundle, files, {"familiarity": told}, gone)


def _add_output(bundle: Bundle, name: str, layer: str) -> GraphWithStatistics:
    model = to_bytes(read_model(bundle.folder / name))
    if bundle.manifest.familiarity is not None:
        model = keep_outputs(model, bundle.manifest.pixel_outputs)
    return with_statistics(model, layer)


def _expect_same(before: Bundle, after: Bundle, files: Sequence[Path]) -> None:
    """Compare labels with and without the output.

    Raises:
        EngineError: they differ.
    """
    shown = [frame.image for frame in before.golden] or [*pictures(before, files)]
    with closing(reference_engine(before)) as old, closing(reference_engine(after)) as new:
        for picture in shown:
            share = float(np.mean(old.infer(picture).labels == new.infer(picture).labels))
            if share < _LEAST_EQUAL:
                msg = f"{before} keeps {share:.2%} of its labels with the output; name a --layer"
                raise EngineError(msg)


def _statistics(bundle: Bundle, files: Sequence[Path], tell: Tell) -> Statistics:
    """float32 (N, C, rows, columns) of pictures."""
    found = []
    with closing(reference_engine(bundle)) as engine:
        for done, picture in enumerate(pictures(bundle, files), start=1):
            found.append(engine.infer(picture).statistics)
            tell(done, len(files))
    return np.stack([statistics for statistics in found if statistics is not None])


def _write(draft: Bundle, output: Path, picture: Known, cell: Known, count: int) -> Bundle:
    """The bundle with what was found; the golden frames' distances are measured with it."""
    told = draft.manifest.familiarity
    if told is None:
        msg = "a draft without familiarity"
        raise AssertionError(msg)
    changes: dict[str, Any] = {
        "pictures": count,
        "picture": picture.distances,
        "cell": cell.distances,
    }
    values = _npy(stored(picture.gaussian, cell.gaussian))
    said = told.model_copy(update=changes)
    return derive_bundle(output, draft, {told.file: values}, {"familiarity": said})


def _npy(values: NDArray[np.float32]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=False)
    return stream.getvalue()
