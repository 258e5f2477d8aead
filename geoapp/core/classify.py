"""Values sorted into a few classes with round limits."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd


def class_limits(values: pd.Series, classes: int = 4) -> list[float]:
    """Return the rising inner limits between classes of about equal number, none of them empty.

    Limits are rounded to two significant digits; fewer come back where values are few or repeat.

    >>> import pandas as pd
    >>> class_limits(pd.Series([3, 11, 19, 31, 48, 52, 77, 104]))
    [17.0, 40.0, 58.0]
    >>> class_limits(pd.Series([5.0, 5.0]))
    []
    """
    known = values.dropna()
    shares = np.linspace(0, 1, classes + 1)[1:-1]
    limits: list[float] = []
    low = known.min()
    for limit in sorted({_two_digits(limit) for limit in known.quantile(shares).dropna()}):
        if limit <= known.max() and known.between(low, limit, inclusive="left").any():
            limits.append(limit)
            low = limit
    return limits


def class_index(value: float, limits: list[float]) -> int:
    """Return the class of a value, 0 to ``len(limits)``; a limit belongs to the class above it."""
    return int(np.searchsorted(limits, value, side="right"))


def _two_digits(value: float) -> float:
    if value == 0:
        return 0.0
    return round(value, 1 - math.floor(math.log10(abs(value))))
