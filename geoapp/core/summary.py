"""Themes per municipality: what a layer amounts to inside each municipality's borders."""

from __future__ import annotations

from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geoapp.core.measure import area_ha, length_km

Quantity = Literal["length_km", "facilities", "places", "share_percent", "value"]

QUANTITIES: tuple[Quantity, ...] = ("length_km", "facilities", "places", "share_percent", "value")
IntArray = npt.NDArray[np.intp]


def summarise_lines(lines: gpd.GeoDataFrame, municipalities: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return ``length_km`` of the lines inside each municipality.

    Parameters
    ----------
    lines
        Any number of lines, in the CRS of ``municipalities``.
    municipalities
        Polygons, indexed by unit key.

    Returns
    -------
    pandas.DataFrame
        Indexed as ``municipalities``; ``length_km`` (geodesic for degrees, planar for a
        projected CRS) and ``features``, the number of lines that touch it. A line that crosses a
        border counts on each side with what lies there; a stretch that one line runs over twice
        counts once.

    Raises
    ------
    ValueError
        The two frames differ in their CRS.
    """
    _require_same_crs(lines, municipalities)
    geometries, areas = lines.geometry.to_numpy(), municipalities.geometry.to_numpy()
    shapely.prepare(areas)
    tree = shapely.STRtree(geometries)
    touched_area, touched_line = tree.query(areas, predicate="intersects")
    inside_area, inside_line = tree.query(areas, predicate="contains_properly")
    crossing = _pairs_without(touched_area, touched_line, inside_area, inside_line, len(geometries))
    cut = shapely.intersection(geometries[touched_line[crossing]], areas[touched_area[crossing]])
    lengths = np.zeros(len(areas))
    whole = gpd.GeoSeries(_run_once(geometries), crs=lines.crs)
    np.add.at(lengths, inside_area, length_km(whole)[inside_line])
    np.add.at(
        lengths, touched_area[crossing], length_km(gpd.GeoSeries(_only_lines(cut), crs=lines.crs))
    )
    features = np.bincount(touched_area, minlength=len(areas))
    return pd.DataFrame({"features": features, "length_km": lengths}, index=municipalities.index)


def summarise_points(points: gpd.GeoDataFrame, municipalities: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the number of ``facilities`` and their ``places`` in each municipality.

    A point on a common border counts once, in the municipality that comes first. ``places`` is
    the sum of the known ones and missing where none is known.
    """
    _require_same_crs(points, municipalities)
    tree = shapely.STRtree(points.geometry.to_numpy())
    area, point = tree.query(municipalities.geometry.to_numpy(), predicate="intersects")
    first = pd.Series(area).groupby(point, sort=False).min()
    located = points.iloc[first.index.to_numpy()].assign(
        unit=municipalities.index[first.to_numpy()].to_numpy()
    )
    return summarise_by_code(located, municipalities.index)


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


def summarise_polygons(
    polygons: gpd.GeoDataFrame, municipalities: gpd.GeoDataFrame
) -> pd.DataFrame:
    """Return ``share_percent``, the part of each municipality's area under the polygons.

    What several polygons cover counts once.
    """
    _require_same_crs(polygons, municipalities)
    areas = municipalities.geometry.to_numpy()
    tree = shapely.STRtree(polygons.geometry.to_numpy())
    area, polygon = tree.query(areas, predicate="intersects")
    covered = pd.Series(polygons.geometry.to_numpy()[polygon]).groupby(area).agg(_union)
    inside = np.full(len(areas), shapely.Polygon(), dtype=object)
    inside[covered.index] = shapely.intersection(covered.to_numpy(), areas[covered.index])
    covered_ha = area_ha(gpd.GeoSeries(inside, crs=polygons.crs))
    share = 100 * covered_ha / area_ha(municipalities.geometry)
    features = np.bincount(area, minlength=len(areas))
    return pd.DataFrame({"features": features, "share_percent": share}, index=municipalities.index)


def _union(geometries: pd.Series) -> object:
    return shapely.union_all(geometries.to_numpy())


def _run_once(lines: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Join what a line runs over twice, as cutting it at a border would."""
    tangled = ~shapely.is_simple(lines)
    once = lines.copy()
    once[tangled] = shapely.union(lines[tangled], lines[tangled])
    return once


def _only_lines(geometries: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Drop the single points where a line only touches a border."""
    kept = np.where(shapely.get_dimensions(geometries) == 1, geometries, shapely.LineString())
    return np.asarray(kept, dtype=object)


def _pairs_without(
    area: IntArray, feature: IntArray, done_area: IntArray, done_feature: IntArray, features: int
) -> npt.NDArray[np.bool_]:
    """Return which (area, feature) pairs are not among the done ones."""
    return ~np.isin(
        area.astype(np.int64) * features + feature,
        done_area.astype(np.int64) * features + done_feature,
    )


def _require_same_crs(features: gpd.GeoDataFrame, municipalities: gpd.GeoDataFrame) -> None:
    if features.crs != municipalities.crs:
        raise ValueError(
            f"features are in {features.crs}, municipalities in {municipalities.crs}; "
            "reproject one of them first"
        )
