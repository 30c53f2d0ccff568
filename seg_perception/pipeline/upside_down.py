"""Whether a camera's pictures stand upside down, told by what the model knows.

The network is shown a few pictures turned by 180 degrees, too. Where all of them are nearer to
what it learnt than as they came, and near enough to be known, they came upside down.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

# Looks that it takes.
WAYS = 8
# Turned pictures are so many times as far at most, in the mean of the looks. Sound drives have
# 1.15 and more, so that the other way round it is 0.87 and less.
_MOST = 0.92
# As it came, and turned: times the distance of known places.
Ways = tuple[float, float]


def is_upside_down(looks: Collection[Ways]) -> bool:
    """Whether the newest looks say so; too few say nothing."""
    if len(looks) < WAYS:
        return False
    own, turned = np.array(looks).T
    ratios = turned / np.maximum(own, 1e-6)
    is_nearer = bool((ratios < 1).all()) and float(np.exp(np.log(ratios).mean())) < _MOST
    return is_nearer and float(np.median(turned)) <= 1
