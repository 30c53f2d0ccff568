"""Appends label, confidence and colour to a cloud, and keeps all that was there.

A profile says under which names and types. Points are written in blocks that fit the
processor's cache: four strided writes over a whole cloud would each fetch it from memory.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import CloudError, ConfigError
from seg_perception.core.types import PointCloud, PointStatus, SemanticCloud, has_label

_LOG = logging.getLogger(__name__)
_BLOCK_POINTS = 8192


@dataclass(frozen=True)
class CloudProfile:
    """Names and types of the appended fields.

    Attributes:
        label, label_format: class id.
        confidence: 0 to 1, always float32.
        aligned: the first appended field starts at a multiple of 4 bytes.
        flat: every input field becomes float32, side by side.
    """

    label: str
    label_format: str
    confidence: str
    aligned: bool = True
    flat: bool = False


PROFILES = {
    "pcl": CloudProfile("label", "<u4", "confidence"),
    "viking": CloudProfile("label_id", "u1", "confidence", aligned=False),
    "autoware": CloudProfile("class_id", "u1", "probability", aligned=False),
    "float32": CloudProfile("label", "<f4", "confidence", flat=True),
}
_COLOR = "rgb"
_REMEMBERED = "remembered"


@dataclass(frozen=True)
class _Layout:
    """Three readings of the same output, and one of the input.

    Attributes:
        result: what the receiver sees.
        source, copied: input and output as the fields that are copied from one to the other:
            the whole point as one block of bytes, or each field by itself.
        tail: the appended fields; `pair` is label and colour, and the bytes up to 8, which
            `confidence` overwrites where the label is short.
        has_gap: some bytes of a point belong to nothing.
    """

    result: np.dtype[Any]
    source: np.dtype[Any]
    copied: np.dtype[Any]
    tail: np.dtype[Any]
    has_gap: bool


def append_semantics(
    semantic: SemanticCloud,
    palette: NDArray[np.uint8],
    profile: str = "pcl",
    *,
    drop_unlabelled: bool = False,
    classes: NDArray[np.bool_] | None = None,
) -> PointCloud:
    """The sender's cloud with label, confidence and rgb appended.

    Every input field stays at its offset (except with the profile `float32`). A name that
    the input has already becomes `semantic_<name>`, which is logged once.

    Args:
        semantic: the cloud and its labels, 'unknown' being the id that the labels hold.
        palette: uint8 (256 or 65536, 3), RGB of every id.
        profile: a key of PROFILES.
        drop_unlabelled: leave out points without a label, seen or remembered; the result is
            unordered.
        classes: bool (256 or 65536,): leave out points of other ids and those without a label,
            too; None: all ids stay.

    Raises:
        ConfigError: an unknown profile.
        CloudError: ids above 255 in a profile that carries 8 bits.
        ValueError: a palette without a colour for every id that the labels can hold.
    """
    chosen = PROFILES.get(profile)
    if chosen is None:
        msg = f"cloud profile: expected one of {list(PROFILES)}, got {profile!r}"
        raise ConfigError(msg)
    _check_ids(semantic.labels, chosen, profile)
    if len(palette) <= np.iinfo(semantic.labels.dtype).max:
        msg = f"palette: expected a colour for every {semantic.labels.dtype}, got {len(palette)}"
        raise ValueError(msg)
    cloud, labels, confidence = semantic.cloud, semantic.labels, semantic.confidence
    points = _little_endian(cloud.points)
    layout = _layout(points.dtype, chosen)
    whole, shape = whole_points(points).reshape(-1), points.shape
    if drop_unlabelled or classes is not None:
        kept = has_label(semantic.status)
        if classes is not None:
            kept &= classes[labels]
        whole, labels, confidence = whole[kept], labels[kept], confidence[kept]
        shape = (1, len(whole))
    result = _write(layout, whole, _pair_table(palette, chosen), labels, confidence)
    return PointCloud(result.reshape(shape), cloud.stamp_ns, cloud.frame_id, cloud.is_dense)


def with_moving(semantic: SemanticCloud) -> SemanticCloud:
    """The same with what moves as a field `moving` of its cloud, after all of the sender's.

    uint8: 1 moves by itself, 0 rests, 255 not known. Clouds without Doppler stay as they are.
    """
    if semantic.moving is None:
        return semantic
    return _with_byte(semantic, "moving", semantic.moving)


def with_remembered(semantic: SemanticCloud) -> SemanticCloud:
    """The same with a field `remembered` of its cloud, after all of the sender's.

    uint8: 1 where no camera sees the point now and its label is that of its place from before.
    """
    remembered = (semantic.status == PointStatus.REMEMBERED).astype(np.uint8)
    return _with_byte(semantic, _REMEMBERED, remembered)


def remembered_in(points: NDArray[Any]) -> NDArray[np.bool_]:
    """Which points (N,) of a published cloud have a remembered label; none without the field."""
    # A sender's own field of that name comes first; ours is the last of those so called.
    ours = [name for name in points.dtype.names or () if name.endswith(_REMEMBERED)]
    if not ours:
        return np.zeros(len(points), np.bool_)
    found: NDArray[np.bool_] = points[ours[-1]] == 1
    return found


def _with_byte(semantic: SemanticCloud, field: str, values: NDArray[np.uint8]) -> SemanticCloud:
    """The cloud with one more field, uint8 (N,), after all of the sender's."""
    points = semantic.cloud.points
    names = points.dtype.names or ()
    fields: Mapping[str, tuple[Any, ...]] = points.dtype.fields or {}
    layout = {name: fields[name][:2] for name in names}
    layout[_free_name(field, names)] = (np.dtype("u1"), points.dtype.itemsize)
    widened = np.zeros(points.shape, _struct(layout, points.dtype.itemsize + 1))
    whole = np.dtype([("point", f"V{points.dtype.itemsize}"), ("byte", "u1")])
    widened.view(whole)["point"] = whole_points(points)
    widened.view(whole)["byte"] = values.reshape(points.shape)
    return replace(semantic, cloud=replace(semantic.cloud, points=widened))


def whole_points(points: NDArray[Any]) -> NDArray[Any]:
    """A view of structured points, any shape, as blocks of bytes of the same shape.

    A copy of them keeps the bytes between the fields; numpy leaves those of a copy of
    structured points to chance.
    """
    return points.view(f"V{points.dtype.itemsize}")


def appended_fields() -> tuple[frozenset[str], ...]:
    """The names that each profile appends."""
    return tuple(frozenset({p.label, p.confidence, _COLOR}) for p in PROFILES.values())


def label_bits(profile: str) -> int:
    """How many bits of a class id a profile carries; float32 is exact to 24.

    Raises:
        KeyError: an unknown profile.
    """
    dtype = np.dtype(PROFILES[profile].label_format)
    return 24 if dtype.kind == "f" else 8 * dtype.itemsize


def _check_ids(labels: NDArray[Any], profile: CloudProfile, name: str) -> None:
    if labels.dtype.itemsize > np.dtype(profile.label_format).itemsize:
        msg = f"cloud profile {name}: carries ids to 255, the ontology has more classes; use pcl"
        raise CloudError(msg)


def _little_endian(points: NDArray[Any]) -> NDArray[Any]:
    """The same values at the same offsets; a cloud has one byte order for all its fields."""
    dtype = points.dtype.newbyteorder("<")
    if dtype == points.dtype:
        return points
    little = np.zeros(points.shape, dtype)
    little[...] = points
    return little


def _write(
    layout: _Layout,
    whole: NDArray[Any],
    pairs: NDArray[np.uint64],
    labels: NDArray[Any],
    confidence: NDArray[np.float32],
) -> NDArray[Any]:
    """A new structured (N,) array with every field filled in."""
    make = np.zeros if layout.has_gap else np.empty
    result = make(whole.shape, layout.result)
    copied, tail = (result.view(dtype) for dtype in (layout.copied, layout.tail))
    source = whole.view(layout.source)
    names = layout.copied.names or ()
    for start in range(0, result.size, _BLOCK_POINTS):
        block = slice(start, start + _BLOCK_POINTS)
        for name in names:
            copied[name][block] = source[name][block]
        tail["pair"][block] = pairs.take(labels[block])
        tail["confidence"][block] = confidence[block]
    return result


@lru_cache(maxsize=64)
def _layout(dtype: np.dtype[Any], profile: CloudProfile) -> _Layout:
    """Label and colour lie side by side, so that one table gives both."""
    names = dtype.names or ()
    source, copied = _field_by_field(dtype) if profile.flat else _as_one_block(dtype)
    kept: Mapping[str, tuple[Any, ...]] = (copied if profile.flat else dtype).fields or {}
    start = -(-copied.itemsize // 4) * 4 if profile.aligned else copied.itemsize
    color_at = start + np.dtype(profile.label_format).itemsize
    confidence_at = color_at + 4
    itemsize = confidence_at + 4
    fields = {name: kept[name][:2] for name in names} | {
        _free_name(profile.label, names): (profile.label_format, start),
        _free_name(profile.confidence, names): ("<f4", confidence_at),
        _free_name(_COLOR, names): ("<f4", color_at),
    }
    return _Layout(
        result=_struct(fields, itemsize),
        source=source,
        copied=_struct({n: e[:2] for n, e in (copied.fields or {}).items()}, itemsize),
        tail=_struct({"pair": ("<u8", start), "confidence": ("<f4", confidence_at)}, itemsize),
        has_gap=start > copied.itemsize,
    )


def _as_one_block(dtype: np.dtype[Any]) -> tuple[np.dtype[Any], np.dtype[Any]]:
    whole = np.dtype([("point", f"V{dtype.itemsize}")])
    return whole, whole


def _field_by_field(dtype: np.dtype[Any]) -> tuple[np.dtype[Any], np.dtype[Any]]:
    """The input as it is, and as float32 side by side; a field of several values keeps them."""
    fields: Mapping[str, tuple[Any, ...]] = dtype.fields or {}
    return dtype, np.dtype([(name, "<f4", fields[name][0].shape) for name in dtype.names or ()])


def _struct(fields: Mapping[str, tuple[Any, ...]], itemsize: int) -> np.dtype[Any]:
    return np.dtype(
        {
            "names": list(fields),
            "formats": [entry[0] for entry in fields.values()],
            "offsets": [entry[1] for entry in fields.values()],
            "itemsize": itemsize,
        }
    )


def _free_name(name: str, taken: tuple[str, ...]) -> str:
    free = name
    while free in taken:
        free = f"semantic_{free}"
    if free != name:
        _LOG.warning("the cloud has a field %s already: ours is called %s", name, free)
    return free


def _pair_table(palette: NDArray[np.uint8], profile: CloudProfile) -> NDArray[np.uint64]:
    """Label and packed colour (0x00RRGGBB, read as float32) of every id, in 8 bytes each."""
    pair = _struct(
        {
            "label": (profile.label_format, 0),
            "color": ("<u4", np.dtype(profile.label_format).itemsize),
        },
        8,
    )
    table = np.zeros(len(palette), pair)
    table["label"] = np.arange(len(palette))
    red, green, blue = palette.astype(np.uint32).T
    table["color"] = red << 16 | green << 8 | blue
    return table.view("<u8")
