"""Facilities and their places in each municipality."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from geoapp.core.summary.borders import met_by
from geoapp.core.summary.by_code import summarise_by_code
from geoapp.core.summary.frames import require_same_crs


def summarise_points(points: gpd.GeoDataFrame, municipalities: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the number of ``facilities`` and their ``places`` in each municipality.

    A point on a common border counts once, in the municipality that comes first. ``places`` is
    the sum of the known ones and missing where none is known.

    Raises
    ------
    ValueError
        The two frames differ in their CRS.
    """
    require_same_crs(points, municipalities)
    area, point = met_by(municipalities.geometry.to_numpy(), points.geometry.to_numpy())
    first = np.full(len(points), len(municipalities))
    np.minimum.at(first, point, area)
    inside = first < len(municipalities)
    counted = pd.DataFrame(points.drop(columns=points.geometry.name))[inside]
    located = counted.assign(unit=municipalities.index.to_numpy()[first[inside]])
    return summarise_by_code(located, municipalities.index)
