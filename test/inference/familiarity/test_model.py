from pathlib import Path

import numpy as np
import pytest

from seg_perception.core.errors import BundleError
from seg_perception.inference.familiarity.gaussian import Gaussian
from seg_perception.inference.familiarity.model import (
    FamiliarityModel,
    cell_features,
    picture_features,
    stored,
)
from seg_perception.inference.manifest import Distances, Familiarity

SETTINGS = Familiarity(
    layer="map",
    shape=(2, 1, 2),
    pictures=2,
    picture=Distances(held_out=1.0, edge=4.0),
    cell=Distances(held_out=1.0, edge=2.0),
)
# Two channels of two cells.
STATISTICS = np.array([[[2.0, 4.0]], [[0.0, 8.0]]], np.float32)


def test_features_are_the_means_of_the_picture_and_of_each_cell() -> None:
    np.testing.assert_array_equal(picture_features(STATISTICS[None]), [[3, 4]])
    np.testing.assert_array_equal(cell_features(STATISTICS[None]), [[2, 0], [4, 8]])


def test_distances_are_shares_of_the_edge(tmp_path: Path) -> None:
    """The whole is 5 from 0, the edge 4; the cells 2 and the root of 80, their edge 2."""
    plain = Gaussian(np.zeros(2, np.float32), np.eye(2, dtype=np.float32))
    np.save(tmp_path / "familiarity.npy", stored(plain, plain))
    found = FamiliarityModel.read(tmp_path, SETTINGS).distance(STATISTICS)
    assert found.whole == pytest.approx(1.25)
    np.testing.assert_allclose(found.cells, [[1, 20**0.5]])
    assert not found.is_known
    # The farther of a part and the whole counts.
    np.testing.assert_allclose(found.trust(), [[1 / 1.25, 1 / 20**0.5]])


@pytest.mark.parametrize("content", [b"", b"no numbers", None])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "familiarity.npy"
    if content is None:
        np.save(file, np.zeros((2, 4, 3), np.float32))
    else:
        file.write_bytes(content)
    with pytest.raises(BundleError, match=r"familiarity\.npy"):
        FamiliarityModel.read(tmp_path, SETTINGS)
