"""Whether places keep their label."""

import numpy as np

from seg_perception.evaluation.time_agreement import compare_cells, to_cells


def test_the_majority_of_a_cell_votes_and_the_lower_label_wins_a_draw():
    xyz = np.array([[0.01, 0, 0], [0.02, 0, 0], [0.03, 0, 0], [1, 1, 1], [1.01, 1, 1]])
    cells = to_cells(xyz, np.array([2, 2, 1, 3, 0], np.uint8))
    assert cells.labels.tolist() == [2, 0]
    assert compare_cells(cells, cells) == (2, 2)
    empty = to_cells(np.zeros((0, 3)), np.zeros(0, np.uint8))
    assert compare_cells(cells, empty) == (0, 0)
