"""How deep brackets or elements are nested, told without parsing them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_CHUNK = 10_000_000


def deepest(steps: NDArray[np.int8]) -> int:
    """Return the highest level reached by steps up (1) and down (-1), in little memory.

    >>> deepest(np.array([1, 1, -1, 1, 1, -1], dtype=np.int8))
    3
    """
    level = highest = 0
    for begin in range(0, len(steps), _CHUNK):
        levels = steps[begin : begin + _CHUNK].cumsum(dtype=np.int64)
        highest = max(highest, level + int(levels.max()))
        level += int(levels[-1])
    return highest
