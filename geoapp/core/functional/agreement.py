"""How far two partitions of the same units agree, beyond what chance would give."""

from __future__ import annotations

import numpy as np
import scipy  # its parts are loaded where they are used: few readers ask for an agreement
from numpy.typing import ArrayLike
from scipy import sparse

from geoapp.core.functional.flows import Floats
from geoapp.core.functional.progress import require


def adjusted_rand_index(first: ArrayLike, second: ArrayLike) -> float:
    """Return the adjusted Rand index of two labellings: 1 for the same, about 0 by chance.

    Counts pairs of units that both partitions keep together (Hubert & Arabie 1985).

    >>> adjusted_rand_index([0, 0, 1, 1], [1, 1, 0, 0])
    1.0
    >>> round(adjusted_rand_index([0, 0, 1, 1], [0, 0, 1, 2]), 4)
    0.5714
    """
    table = _contingency(first, second)
    together = _pairs(table.data)
    left, right = _pairs(_sums(table, 1)), _pairs(_sums(table, 0))
    every = _pairs(np.array([table.sum()]))
    expected = left * right / every if every else 0.0
    most = (left + right) / 2
    return 1.0 if most == expected else float((together - expected) / (most - expected))


def adjusted_mutual_information(first: ArrayLike, second: ArrayLike) -> float:
    """Return the adjusted mutual information: 1 for the same, about 0 by chance.

    Counts information that one labelling gives of the other, against the mean of both entropies
    (Vinh, Epps & Bailey 2010); it weighs small areas more than the Rand index does.

    >>> round(adjusted_mutual_information([0, 0, 1, 1], [0, 0, 1, 2]), 4)
    0.5714
    """
    table = _contingency(first, second)
    left, right = _sums(table, 1), _sums(table, 0)
    mean = (_entropy(left) + _entropy(right)) / 2
    expected = _expected_information(left, right)
    if np.isclose(mean, expected, atol=1e-12):
        return 1.0
    return float((_information(table) - expected) / (mean - expected))


def _contingency(first: ArrayLike, second: ArrayLike) -> sparse.csr_array:
    left, right = np.asarray(first), np.asarray(second)
    require(
        [
            (left.shape == right.shape, "both partitions must be of the same units"),
            (left.size > 0, "there is no unit to compare"),
        ]
    )
    _, row = np.unique(left, return_inverse=True)
    _, column = np.unique(right, return_inverse=True)
    table = sparse.csr_array((np.ones(len(row)), (row, column)))
    table.sum_duplicates()
    return table


def _sums(table: sparse.csr_array, axis: int) -> Floats:
    return np.asarray(table.sum(axis=axis), dtype=float)


def _pairs(counts: Floats) -> float:
    return float((counts * (counts - 1)).sum() / 2)


def _entropy(counts: Floats) -> float:
    share = counts / counts.sum()
    return float(-(share * np.log(share)).sum())


def _information(table: sparse.csr_array) -> float:
    left, right, total = _sums(table, 1), _sums(table, 0), float(table.sum())
    entries = sparse.coo_array(table)
    row, column = entries.coords
    joint = entries.data / total
    return float((joint * np.log(entries.data * total / (left[row] * right[column]))).sum())


def _expected_information(left: Floats, right: Floats) -> float:
    """Return the mutual information expected of random labellings with these area sizes.

    Areas of equal size expect the same, so that each pair of sizes is worked out once.
    """
    total = float(left.sum())
    sizes_left, times_left = np.unique(left, return_counts=True)
    sizes_right, times_right = np.unique(right, return_counts=True)
    expected = 0.0
    for a, times_a in zip(sizes_left, times_left, strict=True):
        for b, times_b in zip(sizes_right, times_right, strict=True):
            shared = np.arange(max(a + b - total, 1.0), min(a, b) + 1)
            chance = np.exp(
                _log_factorial(a, b, total - a, total - b)
                - _log_factorial(total)
                - _log_factorials(shared, a - shared, b - shared, total - a - b + shared)
            )
            gain = shared / total * np.log(total * shared / (a * b))
            expected += times_a * times_b * float((gain * chance).sum())
    return expected


def _log_factorial(*numbers: float) -> float:
    return float(sum(scipy.special.gammaln(number + 1) for number in numbers))


def _log_factorials(*numbers: Floats) -> Floats:
    return np.asarray(sum(scipy.special.gammaln(number + 1) for number in numbers), dtype=float)
