"""Pictures of labels: colours, overlays, points in an image, legends. All arrays are RGB."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.ontology import Ontology

Labels = NDArray[np.uint8] | NDArray[np.uint16]
Rgb = NDArray[np.uint8]

INK = (32, 32, 32)
PAPER = (246, 246, 243)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def colorize(labels: Labels, palette: Rgb) -> Rgb:
    """Colours of a label image.

    Args:
        labels: uint8 or uint16 (h, w).
        palette: uint8 (256 or 65536, 3), a colour for each id.

    Returns:
        uint8 (h, w, 3).
    """
    if labels.dtype == np.uint8:
        table = palette[:256].reshape(256, 1, 3)
        colors: Rgb = cv2.applyColorMap(labels, table).astype(np.uint8, copy=False)
        return colors
    return np.take(palette, labels, axis=0)


def overlay(image: Rgb, labels: Labels, ontology: Ontology, alpha: float) -> Rgb:
    """The picture with its labels' colours over it, at the labels' size.

    Args:
        image: uint8 (H, W, 3).
        labels: uint8 or uint16 (h, w); where they are unknown the picture stays as it is.
        ontology: of the labels.
        alpha: weight of the colours, 0 to 1.

    Returns:
        uint8 (h, w, 3).
    """
    picture = fit(image, labels.shape[1], labels.shape[0])
    blend = cv2.addWeighted(colorize(labels, ontology.palette), alpha, picture, 1 - alpha, 0)
    known = (labels != ontology.unknown_id).astype(np.uint8)
    mixed: Rgb = np.ascontiguousarray(picture).copy()
    cv2.copyTo(blend, known, mixed)
    return mixed


def fit(image: Rgb, width: int, height: int) -> Rgb:
    """The picture at another size (pixel): uint8 (H, W, 3) becomes uint8 (height, width, 3)."""
    if image.shape[:2] == (height, width):
        return image
    shrinks = width * height < image.shape[0] * image.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    scaled: Rgb = cv2.resize(image, (width, height), interpolation=how).astype(np.uint8, copy=False)
    return scaled


def paint_points(
    image: Rgb, uv: NDArray[np.float32], colors: Rgb, depth: NDArray[np.float32], size_px: int = 2
) -> Rgb:
    """A cloud that was projected into a picture, near points over far ones.

    Args:
        image: uint8 (H, W, 3).
        uv: float32 (N, 2), pixel; pixel centres are whole numbers.
        colors: uint8 (N, 3).
        depth: float32 (N,), metre.
        size_px: edge of the square that stands for a point.

    Returns:
        uint8 (H, W, 3), a copy.
    """
    far_first = np.argsort(-depth, kind="stable")
    painted: Rgb = image.copy()
    stamp_squares(painted, np.rint(uv[far_first]).astype(np.int64), colors[far_first], size_px)
    return painted


def stamp_squares(canvas: Rgb, uv: NDArray[np.int64], colors: Rgb, size_px: int) -> None:
    """Set a square of pixels for each point, in order; what lies outside is cut off.

    Args:
        canvas: uint8 (H, W, 3), changed in place.
        uv: int64 (N, 2), column and row of the centre.
        colors: uint8 (N, 3).
        size_px: edge of the square.
    """
    height, width = canvas.shape[:2]
    first = -(size_px // 2)
    for dv in range(first, first + size_px):
        for du in range(first, first + size_px):
            u, v = uv[:, 0] + du, uv[:, 1] + dv
            inside = (u >= 0) & (u < width) & (v >= 0) & (v < height)
            canvas[v[inside], u[inside]] = colors[inside]


def legend_strip(ontology: Ontology, ids: Iterable[int], width: int) -> Rgb:
    """A strip of colour patches with class names, in as many rows as they need.

    Args:
        ontology: where names and colours come from.
        ids: which classes to name; others are left out.
        width: of the strip (pixel).

    Returns:
        uint8 (height, width, 3).
    """
    wanted = set(ids)
    classes = [c for c in ontology.classes if c.id in wanted]
    column, row = 176, 26
    columns = max(1, min(width // column, len(classes) or 1))
    rows = -(-len(classes) // columns) if classes else 1
    strip = np.full((rows * row + 8, width, 3), PAPER, np.uint8)
    for index, entry in enumerate(classes):
        left = 8 + (index % columns) * (width // columns)
        top = 8 + (index // columns) * row
        cv2.rectangle(strip, (left, top), (left + 18, top + 16), entry.rgb, cv2.FILLED)
        cv2.rectangle(strip, (left, top), (left + 18, top + 16), INK, 1, cv2.LINE_AA)
        text(strip, entry.name, (left + 26, top + 13))
    return strip


def text(canvas: Rgb, words: str, origin: tuple[int, int], size: float = 0.45) -> None:
    """Write a line into a picture, uint8 (H, W, 3), that is changed in place.

    Args:
        canvas: the picture.
        words: the line.
        origin: column and row where its baseline starts.
        size: of the letters; 1 is about 22 pixels high.
    """
    cv2.putText(canvas, words, origin, _FONT, size, INK, 1, cv2.LINE_AA)


def plate(canvas: Rgb, words: str, origin: tuple[int, int], size: float = 0.45) -> None:
    """Write a line on a light ground, so that it can be read on any picture; else as `text`."""
    (width, height), below = cv2.getTextSize(words, _FONT, size, 1)
    left, base = origin
    corners = (left - 4, base - height - 4), (left + width + 4, base + below)
    cv2.rectangle(canvas, *corners, PAPER, cv2.FILLED)
    text(canvas, words, origin, size)


def titled(picture: Rgb, words: str) -> Rgb:
    """A copy of the picture, uint8 (H, W, 3), with a title in its corner."""
    copy: Rgb = picture.copy()
    plate(copy, words, (14, 24), 0.55)
    return copy


def beside(*pictures: Rgb) -> Rgb:
    """Pictures, uint8 (H, W, 3), next to each other, at the height of the first."""
    height = pictures[0].shape[0]
    scaled = [fit(p, round(p.shape[1] * height / p.shape[0]), height) for p in pictures]
    return np.concatenate(scaled, axis=1)


def above(*pictures: Rgb) -> Rgb:
    """Pictures of one width, uint8 (H, W, 3), on top of each other."""
    return np.concatenate(pictures, axis=0)


def encode_png(image: Rgb) -> bytes:
    """The bytes of a PNG file of a picture, uint8 (H, W, 3)."""
    _, data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return data.tobytes()
