"""Rows that carry a unit key, counted without any geometry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def summarise_by_code(rows: pd.DataFrame, units: pd.Index[Any]) -> pd.DataFrame:
    """Return ``facilities`` and ``places`` of rows that carry a unit key in ``unit``.

    Where the rows are counts themselves, a column ``facilities`` is summed instead of counted,
    and missing where none of a municipality's counts is known.
    """
    counted = rows if "facilities" in rows else rows.assign(facilities=1)
    places = pd.to_numeric(
        counted["places"] if "places" in counted else pd.Series(np.nan, index=counted.index),
        errors="coerce",
    ).astype("float64")
    by_unit = counted.assign(places=places).groupby("unit")
    found = by_unit[["facilities", "places"]].sum(min_count=1).astype("float64")
    table = found.reindex(units)
    return table.assign(facilities=table["facilities"].where(units.isin(found.index), 0.0))
