"""Distances of pictures, from the statistics that a bundle's graph gives of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import BundleError
from seg_perception.core.picture_distance import PictureDistance
from seg_perception.inference.familiarity.gaussian import Gaussian
from seg_perception.inference.manifest import Familiarity


@dataclass(frozen=True, eq=False)
class FamiliarityModel:
    """What a bundle knows of the pictures that it was trained on.

    Attributes:
        settings: from its manifest.
        picture, cell: Gaussians of whole pictures and of the cells of a grid over them.
    """

    settings: Familiarity
    picture: Gaussian
    cell: Gaussian

    @classmethod
    def read(cls, folder: Path, settings: Familiarity) -> FamiliarityModel:
        """Read a bundle's file.

        Raises:
            BundleError: it is none of this kind, or of another layer.
        """
        file, size = folder / settings.file, settings.shape[0]
        try:
            values = np.load(file, allow_pickle=False)
        except (ValueError, EOFError) as error:
            msg = f"{file} is no .npy file of numbers ({error}); copy the bundle again"
            raise BundleError(msg) from error
        if values.dtype != np.float32 or values.shape != (2, 1 + size, size):
            msg = (
                f"{file}: expected float32 {(2, 1 + size, size)}, got {values.dtype} "
                f"{values.shape}; fit the familiarity of the bundle again"
            )
            raise BundleError(msg)
        picture, cell = (Gaussian(part[0], part[1:]) for part in values)
        return cls(settings, picture, cell)

    def distance(self, statistics: NDArray[np.float32]) -> PictureDistance:
        """The distance of a picture whose statistics are float32 (C, rows, columns)."""
        _, rows, columns = self.settings.shape
        whole = picture_features(statistics[None])
        cells = cell_features(statistics[None])
        return PictureDistance(
            float(self.picture.distances(whole)[0]) / self.settings.picture.edge,
            self.cell.distances(cells).reshape(rows, columns) / np.float32(self.settings.cell.edge),
        )


def stored(picture: Gaussian, cell: Gaussian) -> NDArray[np.float32]:
    """Both as they are kept in a file, float32 (2, 1 + n, n)."""
    return np.stack([np.vstack([each.mean, each.whitening]) for each in (picture, cell)])


def picture_features(statistics: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means (N, C) of whole pictures, of statistics (N, C, rows, columns)."""
    return np.asarray(statistics.mean(axis=(2, 3)), np.float32)


def cell_features(statistics: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same of each cell, row by row: (N * rows * columns, C)."""
    return np.moveaxis(statistics, 1, 3).reshape(-1, statistics.shape[1])
