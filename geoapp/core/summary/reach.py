"""Who lives within a distance of a facility: counted where people live, else estimated by area.

A distance is the shortest way over the ellipsoid. Places at most that far apart are those at most
its chord apart in space (geocentric metres), so that one tree finds them whatever the CRS; up to
50 km the chord is right to a millimetre.
"""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS, Geod, Transformer
from scipy.spatial import KDTree

from geoapp.core.measure import WGS84
from geoapp.core.summary.points import summarise_points
from geoapp.core.summary.polygons import summarise_polygons

REACH_COLUMNS = ("population", "population_within", "share_percent")

FloatArray = npt.NDArray[np.float64]

_GEOCENTRIC = CRS.from_epsg(4978)
_EARTH_RADIUS_M = 6_371_008.8
_CORNERS = 72


def population_within(
    people: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    municipalities: gpd.GeoDataFrame,
    metres: float,
) -> pd.DataFrame:
    """Return how many people of each municipality live within a distance of a facility.

    Parameters
    ----------
    people
        Points where people live, in the CRS of ``municipalities``; ``population`` is how many,
        missing where unknown.
    facilities
        Points in any CRS. Those outside a municipality serve it as well.
    municipalities
        Polygons, indexed by unit key.
    metres
        Distance over the ellipsoid; who lives exactly that far away is within.

    Returns
    -------
    pandas.DataFrame
        Indexed as ``municipalities``; ``population`` (of the points in it), ``population_within``
        and ``share_percent``, all missing where no point with a known population lies in it. A
        point on a common border counts in the municipality that comes first.

    Raises
    ------
    ValueError
        Frames without CRS or with different ones, no column ``population``, a negative one, or
        a distance that is none; all that is wrong is told.

    Examples
    --------
    >>> square = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 9000, 9000)], crs="EPSG:2180")
    >>> homes = shapely.points([[1000, 1000], [1000, 2500]])
    >>> people = gpd.GeoDataFrame({"population": [30, 10]}, geometry=homes, crs="EPSG:2180")
    >>> school = gpd.GeoDataFrame(geometry=[shapely.Point(1000, 1500)], crs="EPSG:2180")
    >>> population_within(people, school, square, 700).iloc[0].tolist()
    [40.0, 30.0, 75.0]
    """
    _require(
        _distance_problems(metres)
        + _crs_problems(people=people, facilities=facilities, municipalities=municipalities)
        + _people_problems(people)
    )
    population = people["population"].astype("float64")
    near = _within(people.geometry, facilities.geometry, metres)
    # the summary of points adds up two columns at once, whatever they hold
    added = summarise_points(
        gpd.GeoDataFrame(
            {"facilities": population, "places": population * near},
            geometry=people.geometry.to_numpy(),
            crs=people.crs,
        ),
        municipalities,
    )
    whole = added["facilities"].where(added["places"].notna())
    return _reach(whole, added["places"], 100 * added["places"] / whole.where(whole > 0))


def population_within_by_area(
    residents: pd.Series,
    facilities: gpd.GeoDataFrame,
    municipalities: gpd.GeoDataFrame,
    metres: float,
) -> pd.DataFrame:
    """Estimate the same as if people were spread evenly over their municipality.

    Parameters
    ----------
    residents
        Population by unit key, missing where unknown.
    facilities, municipalities, metres
        As for `population_within`.

    Returns
    -------
    pandas.DataFrame
        As from `population_within`; ``share_percent`` is the part of a municipality's area within
        the distance of a facility, known for every municipality.

    Raises
    ------
    ValueError
        A frame without CRS, or a distance that is none.
    """
    _require(
        _distance_problems(metres)
        + _crs_problems(facilities=facilities, municipalities=municipalities)
    )
    discs = gpd.GeoDataFrame(geometry=_discs(facilities.geometry, metres), crs=WGS84)
    covered = summarise_polygons(discs.to_crs(municipalities.crs), municipalities)
    # rounding may leave a hair more than all of a municipality
    share = covered["share_percent"].clip(upper=100.0)
    whole = residents.reindex(municipalities.index).astype("float64")
    return _reach(whole, whole * share / 100, share)


def _reach(whole: pd.Series, within: pd.Series, share: pd.Series) -> pd.DataFrame:
    return pd.DataFrame(dict(zip(REACH_COLUMNS, (whole, within, share), strict=True)))


def _within(
    places: gpd.GeoSeries, facilities: gpd.GeoSeries, metres: float
) -> npt.NDArray[np.bool_]:
    """Tell for each place whether a facility is near; a place of several points is near by one."""
    found = np.zeros(len(places), dtype=bool)
    served, _ = _in_space(facilities)
    homes, owner = _in_space(places)
    if not len(served) or not len(homes):
        return found
    chord = 2 * _EARTH_RADIUS_M * math.sin(min(metres / _EARTH_RADIUS_M, math.pi) / 2)
    # beyond the bound the tree gives up early; it takes the bound itself for too far
    distance, _ = KDTree(served).query(homes, distance_upper_bound=chord * 1.001, workers=-1)
    found[owner[distance <= chord]] = True
    return found


def _in_space(points: gpd.GeoSeries) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    """Return geocentric coordinates in metres, shape (points, 3), and the row of each."""
    flat, owner = shapely.get_coordinates(points.to_numpy(), return_index=True)
    to_space = Transformer.from_crs(points.crs, _GEOCENTRIC, always_xy=True)
    x, y, z = to_space.transform(flat[:, 0], flat[:, 1], np.zeros(len(flat)))
    return np.column_stack([x, y, z]), owner


def _discs(facilities: gpd.GeoSeries, metres: float) -> npt.NDArray[Any]:
    """Return polygons in EPSG:4326 of the size of the circles around the distinct facilities."""
    at = np.unique(shapely.get_coordinates(facilities.to_crs(WGS84).to_numpy()), axis=0)
    step = 2 * math.pi / _CORNERS
    # a polygon with corners on the circle would be smaller than it
    radius = metres * math.sqrt(step / math.sin(step))
    lon, lat = (np.repeat(degrees, _CORNERS) for degrees in at.T)
    azimuths = np.tile(np.degrees(step) * np.arange(_CORNERS), len(at))
    east, north, _ = Geod(ellps="WGS84").fwd(lon, lat, azimuths, np.full(len(lon), radius))
    corners = np.column_stack([east, north]).reshape(len(at), _CORNERS, 2)
    return np.asarray(shapely.polygons(corners), dtype=object)


def _distance_problems(metres: float) -> list[str]:
    if math.isfinite(metres) and metres > 0:
        return []
    return [f"expected a distance of more than 0 metres, found {metres}"]


def _crs_problems(**frames: gpd.GeoDataFrame) -> list[str]:
    return [
        f"{name} have no CRS; set it first" for name, frame in frames.items() if frame.crs is None
    ]


def _people_problems(people: gpd.GeoDataFrame) -> list[str]:
    if "population" not in people:
        return [f"people need a column population, found {', '.join(map(str, people.columns))}"]
    negative = int((people["population"] < 0).sum())
    return [f"population of {negative} points of people is negative"] if negative else []


def _require(problems: list[str]) -> None:
    if problems:
        raise ValueError("; ".join(problems))
