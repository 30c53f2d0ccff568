"""PointCloud2 messages to structured arrays and back, byte for byte."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import CloudError
from seg_perception.core.issue_kinds.clouds import WRONG_ROW_STEP
from seg_perception.core.issue_kinds.remark import Remark
from seg_perception.core.types import PointCloud, clean_frame_id
from seg_perception.io import messages
from seg_perception.io.coordinates import with_coordinates
from seg_perception.io.messages import (
    PointCloud2,
    PointField,
    byte_array,
    stamp_to_ns,
)
from seg_perception.io.semantic_fields import (
    PROFILES,
    CloudProfile,
    append_semantics,
    whole_points,
)

__all__ = ["PROFILES", "CloudProfile", "append_semantics", "decode_cloud", "encode_cloud"]

_FORMATS = {
    messages.FIELD_INT8: "i1",
    messages.FIELD_UINT8: "u1",
    messages.FIELD_INT16: "i2",
    messages.FIELD_UINT16: "u2",
    messages.FIELD_INT32: "i4",
    messages.FIELD_UINT32: "u4",
    messages.FIELD_FLOAT32: "f4",
    messages.FIELD_FLOAT64: "f8",
}
_DATATYPES = {fmt: datatype for datatype, fmt in _FORMATS.items()}
_LARGEST_POINT = 2**31 - 1
_BIG_ENDIAN = ">" if sys.byteorder == "little" else "="


def decode_cloud(msg: Any) -> PointCloud:
    """The points of a sensor_msgs/PointCloud2: a view into the message, nothing is copied.

    Fields may have any type, offset, padding and count, may overlap, and may be of either
    byte order; rows may be padded too. Where the data holds exactly width x height points,
    what row_step says does not count. Where x, y and z are called or measured otherwise,
    they are added (`with_coordinates`).

    Args:
        msg: any object with the attributes of the message.

    Raises:
        CloudError: fewer bytes than declared, fields that do not fit into a point, of one
            name, or of an unknown type, or nothing that tells x, y and z.
    """
    dtype = _point_dtype(msg)
    height, width = int(msg.height), int(msg.width)
    data = byte_array(msg.data)
    row_step, odd_rows = _row_step(msg, width * dtype.itemsize, data.size)
    points: NDArray[Any] = np.ndarray(
        (height, width), dtype, data.data if data.size else None, 0, (row_step, dtype.itemsize)
    )
    points, odd_places = with_coordinates(points)
    try:
        return PointCloud(
            points,
            stamp_to_ns(msg.header.stamp),
            clean_frame_id(msg.header.frame_id),
            bool(msg.is_dense),
            (*odd_rows, *odd_places),
        )
    except ValueError as error:
        raise CloudError(str(error)) from error


def encode_cloud(cloud: PointCloud) -> PointCloud2:
    """A sensor_msgs/PointCloud2 around the points; padding between rows is not kept.

    Raises:
        CloudError: a field of a type that PointCloud2 does not have.
    """
    points = np.ascontiguousarray(whole_points(cloud.points)).view(cloud.points.dtype)
    height, width = points.shape
    fields: Mapping[str, tuple[Any, ...]] = points.dtype.fields or {}
    return PointCloud2(
        header=messages.Header.at(cloud.stamp_ns, cloud.frame_id),
        height=height,
        width=width,
        fields=[_encode_field(name, fields[name]) for name in points.dtype.names or ()],
        is_bigendian=_is_big_endian(points.dtype),
        point_step=points.dtype.itemsize,
        row_step=points.dtype.itemsize * width,
        data=points.reshape(-1).view(np.uint8) if points.size else b"",
        is_dense=cloud.is_dense,
    )


def _row_step(msg: Any, row: int, size: int) -> tuple[int, tuple[Remark, ...]]:
    """From one row to the next (byte), and whether the message says something else.

    Args:
        msg: the message.
        row: bytes of a row without padding.
        size: bytes of data.

    Raises:
        CloudError: fewer bytes than declared.
    """
    height, declared = int(msg.height), int(msg.row_step)
    if height <= 1 and size >= height * row:
        return row, ()
    if size == height * row:
        numbers = {"row_step": declared, "expected": row}
        return row, (Remark(WRONG_ROW_STEP, numbers),) if declared != row and size else ()
    if declared < row or size < height * declared:
        text = (
            f"cloud {msg.width}x{height}: expected rows of {row} bytes or more and "
            f"height x row_step bytes of data, got row_step {declared} and {size} bytes; "
            "check the driver"
        )
        raise CloudError(text)
    return declared, ()


def _point_dtype(msg: Any) -> np.dtype[Any]:
    """The layout of one point.

    Raises:
        CloudError: fields that numpy can't hold, or that reach beyond point_step.
    """
    order = _BIG_ENDIAN if msg.is_bigendian else "<"
    names = [field.name or f"unnamed_field_{i}" for i, field in enumerate(msg.fields)]
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        text = (
            f"cloud: expected fields of different names, got {duplicates} twice; check the driver"
        )
        raise CloudError(text)
    formats = [_field_format(field, order) for field in msg.fields]
    offsets = [int(field.offset) for field in msg.fields]
    # numpy is asked last: it can't even describe what reaches beyond its largest point.
    ends = [
        offset + np.dtype(fmt).itemsize * math.prod(shape)
        for offset, (fmt, shape) in zip(offsets, formats, strict=True)
    ]
    if not 0 < msg.point_step <= _LARGEST_POINT:
        text = (
            f"cloud: expected points of 1 to {_LARGEST_POINT} bytes, got point_step "
            f"{msg.point_step}; check the driver"
        )
        raise CloudError(text)
    if max(ends, default=0) > msg.point_step:
        text = (
            f"cloud: expected fields within the {msg.point_step} bytes of point_step, got some "
            f"up to byte {max(ends, default=0)}; check the driver"
        )
        raise CloudError(text)
    return np.dtype(
        {"names": names, "formats": formats, "offsets": offsets, "itemsize": int(msg.point_step)}
    )


def _field_format(field: Any, order: str) -> tuple[str, tuple[int, ...]]:
    fmt = _FORMATS.get(int(field.datatype))
    if fmt is None:
        text = (
            f"cloud field {field.name!r}: expected a datatype of 1 (INT8) to 8 (FLOAT64), "
            f"got {field.datatype}; check the driver"
        )
        raise CloudError(text)
    # Some drivers leave count at 0 and mean 1.
    return order + fmt, (int(field.count),) if field.count > 1 else ()


def _encode_field(name: str, entry: tuple[Any, ...]) -> PointField:
    dtype, offset = entry[0], entry[1]
    datatype = _DATATYPES.get(dtype.base.str[1:])
    if datatype is None or dtype.ndim > 1:
        text = (
            f"cloud field {name!r}: expected integers to 32 bit or floats, got {dtype}; convert it"
        )
        raise CloudError(text)
    return PointField(name, offset, datatype, dtype.shape[0] if dtype.shape else 1)


def _is_big_endian(dtype: np.dtype[Any]) -> bool:
    """The byte order of the first field that has one; a cloud has one order throughout."""
    orders = [entry[0].base.str[0] for entry in (dtype.fields or {}).values()]
    return next((order == ">" for order in orders if order != "|"), False)
