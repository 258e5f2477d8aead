"""What every summary asks of the two frames it is given."""

from __future__ import annotations

import geopandas as gpd


def require_same_crs(features: gpd.GeoDataFrame, municipalities: gpd.GeoDataFrame) -> None:
    """Refuse two frames of different reference systems.

    Raises
    ------
    ValueError
        The two frames differ in their CRS.
    """
    if features.crs != municipalities.crs:
        raise ValueError(
            f"features are in {features.crs}, municipalities in {municipalities.crs}; "
            "reproject one of them first"
        )
