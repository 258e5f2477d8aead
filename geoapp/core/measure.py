"""Lengths and areas of geometries, exact on the ellipsoid where coordinates are degrees."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Geod, Transformer

EQUAL_AREA = CRS.from_epsg(3035)
WGS84 = CRS.from_epsg(4326)

FloatArray = npt.NDArray[np.float64]


def length_km(geometries: gpd.GeoSeries) -> FloatArray:
    """Return lengths in kilometres: geodesic for degrees, planar for a projected CRS."""
    crs = _known_crs(geometries)
    if crs.is_projected:
        factor = float(crs.axis_info[0].unit_conversion_factor) / 1000
        return np.asarray(shapely.length(geometries.to_numpy()) * factor)
    return _geodesic_length_km(geometries.to_numpy(), crs.get_geod() or Geod(ellps="WGS84"))


def area_ha(geometries: gpd.GeoSeries) -> FloatArray:
    """Return areas in hectares, measured in the equal-area projection EPSG:3035.

    Only vertices are projected: between them, borders are straight in EPSG:3035.
    """
    crs = _known_crs(geometries)
    to_equal_area = Transformer.from_crs(crs, EQUAL_AREA, always_xy=True)
    projected = shapely.transform(
        geometries.to_numpy(), lambda x, y: to_equal_area.transform(x, y), interleaved=False
    )
    return np.asarray(shapely.area(projected) / 10_000)


def _known_crs(geometries: gpd.GeoSeries) -> CRS:
    if geometries.crs is None:
        raise ValueError("geometries without CRS have no length or area; set their crs first")
    return CRS.from_user_input(geometries.crs)


def _geodesic_length_km(geometries: npt.NDArray[Any], geod: Geod) -> FloatArray:
    lengths = np.zeros(len(geometries))
    parts, owner = shapely.get_parts(geometries, return_index=True)
    coordinates, line = shapely.get_coordinates(parts, return_index=True)
    if len(coordinates) < 2:
        return lengths
    start, end = coordinates[:-1], coordinates[1:]
    within = line[:-1] == line[1:]
    _, _, metres = geod.inv(start[:, 0], start[:, 1], end[:, 0], end[:, 1])
    np.add.at(lengths, owner[line[:-1][within]], metres[within] / 1000)
    return lengths
