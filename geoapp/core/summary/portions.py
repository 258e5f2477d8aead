"""Work shared out to threads: shapely and numpy let several run at a time."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")
Result = TypeVar("Result")

THREADS = min(os.cpu_count() or 1, 8)


def in_threads(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Return what the work makes of each item, in their order."""
    if len(items) < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(work, items))


def portions(count: int) -> list[slice]:
    """Divide the positions 0 ... ``count`` - 1, so that no thread waits long for another."""
    stops = np.linspace(0, count, min(4 * THREADS, count // 8 + 1) + 1).astype(int).tolist()
    return [slice(*pair) for pair in itertools.pairwise(stops)]
