"""What all made-up themes start from: territories, settlements, borders, and a repeatable chance.

All geometry is in EPSG:3035 (equal-area, metres).
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.interpolate import PchipInterpolator
from shapely.geometry.base import BaseGeometry

from geoapp.core.codes import Country, country_of, unit_keys
from geoapp.core.meander import Chain, Floats, carried, carried_back, meanders

Geometries = npt.NDArray[Any]

PLANE = "EPSG:3035"

_MARKS: dict[Country, str] = {"PL": "przykład", "CZ": "ukázka"}

# Borders that are drawn twice, a little apart, still count as shared.
_SLACK_M = 25.0
_SHORTEST_BORDER_M = 100.0

# The plastic number spreads points evenly over a plane, as the golden ratio does over a line.
_PLASTIC = 1.324717957244746
_TRIALS = 12
_BENDS: Chain = meanders(longest=9_000, shortest=600, count=11, steepness=0.3)


def chance(*words: object) -> float:
    """Return a number from 0 up to 1 that depends on nothing but the words.

    >>> chance("roads", "241711") == chance("roads", "241711") != chance("roads", "241714")
    True
    """
    digest = hashlib.sha256("|".join(map(str, words)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def made_up(name: str, country: Country) -> str:
    """Mark a name as made up, in the country's language.

    >>> made_up("Żłobek nr 1, Rajcza", "PL")
    'Żłobek nr 1, Rajcza (przykład)'
    """
    return f"{name} ({_MARKS[country]})"


def territories(municipalities: pd.DataFrame, boundaries: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Join municipalities with their boundaries.

    Returns
    -------
    geopandas.GeoDataFrame
        Columns unit, code, name, country, population (may be missing), seat (a point within the
        territory) and geometry, EPSG:3035, sorted by unit. Municipalities without a boundary and
        boundaries without a municipality are left out.
    """
    table = municipalities.assign(unit=unit_keys(municipalities["code"])).dropna(subset="unit")
    table = table.drop_duplicates("unit").sort_values("unit", ignore_index=True)
    shapes = boundaries.to_crs(PLANE).drop_duplicates("unit").set_index("unit").geometry
    table = table[table["unit"].isin(shapes.index)].reset_index(drop=True)
    cells = shapes.loc[table["unit"]].to_numpy()
    located = gpd.points_from_xy(table["lon"], table["lat"], crs="EPSG:4326").to_crs(PLANE)
    seats = np.where(
        shapely.contains(cells, located), np.asarray(located), shapely.point_on_surface(cells)
    )
    columns = {
        "unit": table["unit"],
        "code": table["code"].astype(str),
        "name": table["name"].astype(str),
        "country": table["unit"].map(country_of),
        "population": pd.to_numeric(table["population"], errors="coerce"),
        "seat": seats,
    }
    return gpd.GeoDataFrame(columns, geometry=cells, crs=PLANE)


def shared_borders(land: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Find which territories are neighbours, and where one crosses between them.

    Returns
    -------
    geopandas.GeoDataFrame
        Columns first and second (rows of `land`, the lower one first), length_m (of the shared
        border) and geometry (a point in the middle of its longest piece), EPSG:3035.
    """
    cells = land.geometry.to_numpy()
    first, second = shapely.STRtree(cells).query(cells, predicate="dwithin", distance=_SLACK_M)
    first, second = first[first < second], second[first < second]
    reach = shapely.buffer(cells[first], _SLACK_M)
    lines = shapely.intersection(shapely.boundary(cells[second]), reach)
    lengths = shapely.length(lines)
    kept = lengths >= _SHORTEST_BORDER_M
    columns = {"first": first[kept], "second": second[kept], "length_m": lengths[kept]}
    middles = [_middle(line) for line in lines[kept]]
    frame = gpd.GeoDataFrame(columns, geometry=middles, crs=PLANE)
    return frame.sort_values(["first", "second"], ignore_index=True)


def hamlets(land: gpd.GeoDataFrame, count: npt.NDArray[np.intp]) -> list[Floats]:
    """Spread points over each territory, away from its border; each of shape (count, 2), m."""
    return [
        _spread(str(unit), cell, int(number))
        for unit, cell, number in zip(land["unit"], land.geometry, count, strict=True)
    ]


def ways(paths: Sequence[Floats], *, detail_m: float) -> Geometries:
    """Draw smooth, winding lines through the points of each path, shape (n, 2), m.

    Paths that meet in a point still do so; details below `detail_m` are left out.
    """
    straight = [_smooth(carried_back(path, _BENDS), 4 * detail_m) for path in paths]
    lines = [shapely.LineString(carried(points, _BENDS)) for points in straight]
    return np.asarray(shapely.simplify(np.array(lines, dtype=object), detail_m))


def winding(shapes: Geometries, *, detail_m: float) -> Geometries:
    """Give polygons (m) winding borders; their areas stay, but for details below `detail_m`."""
    fine = shapely.segmentize(shapes, 4 * detail_m)
    curved = shapely.transform(fine, lambda points: carried(points, _BENDS))
    return np.asarray(shapely.simplify(curved, detail_m))


def published(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a layer in EPSG:4326 with coordinates of five decimals."""
    degrees = frame.to_crs("EPSG:4326")
    rounded = shapely.transform(degrees.geometry.to_numpy(), lambda points: points.round(5))
    return degrees.set_geometry(gpd.GeoSeries(rounded, index=degrees.index, crs="EPSG:4326"))


def _middle(lines: BaseGeometry) -> shapely.Point:
    pieces = shapely.get_parts(shapely.line_merge(lines))
    longest = pieces[np.argmax(shapely.length(pieces))]
    return longest.interpolate(0.5, normalized=True)


def _spread(unit: str, cell: BaseGeometry, count: int) -> Floats:
    inner = cell.buffer(-0.08 * math.sqrt(cell.area))
    inner = cell if inner.is_empty else inner
    west, south, east, north = inner.bounds
    number = np.arange(_TRIALS * (count + 1))[:, None]
    shares = (chance("hamlets", unit) + number / [_PLASTIC, _PLASTIC**2]) % 1
    points = [west, south] + shares * [east - west, north - south]
    return np.asarray(points[shapely.contains_xy(inner, points)][:count], dtype=float)


def _smooth(path: Floats, spacing: float) -> Floats:
    """Points about every `spacing` metres on a curve through all points of a path."""
    steps = np.hypot(*np.diff(path, axis=0).T)
    milestones = np.concatenate([[0.0], np.cumsum(steps)])
    inner = [
        np.linspace(start, end, max(2, math.ceil((end - start) / spacing) + 1))[:-1]
        for start, end in itertools.pairwise(milestones)
    ]
    at = np.concatenate([*inner, milestones[-1:]])
    return np.asarray(PchipInterpolator(milestones, path)(at), dtype=float)
