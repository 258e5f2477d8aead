"""Part of each municipality that polygons cover.

A polygon inside a municipality is taken whole; only what crosses its border is cut. Polygons that
touch or overlap one another are joined before, so that what several of them cover counts once; all
others are simply added up.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geoapp.core.measure import area_ha
from geoapp.core.summary.borders import pairs_where
from geoapp.core.summary.frames import require_same_crs
from geoapp.core.summary.portions import in_threads, portions

Geometries = npt.NDArray[Any]
IntArray = npt.NDArray[np.integer[Any]]


def summarise_polygons(
    polygons: gpd.GeoDataFrame, municipalities: gpd.GeoDataFrame
) -> pd.DataFrame:
    """Return ``share_percent``, the part of each municipality's area under the polygons.

    What several polygons cover counts once.

    Parameters
    ----------
    polygons
        Any number of polygons, in the CRS of ``municipalities``.
    municipalities
        Polygons, indexed by unit key.

    Returns
    -------
    pandas.DataFrame
        Indexed as ``municipalities``; ``share_percent`` (0 to 100) and ``features``, the number
        of polygons that touch it.

    Raises
    ------
    ValueError
        The two frames differ in their CRS.
    """
    require_same_crs(polygons, municipalities)
    shapes, areas = polygons.geometry.to_numpy(), municipalities.geometry.to_numpy()
    area, shape = pairs_where("intersects", areas, shapes)
    of_area, covered = _covered(areas, shapes, area, shape)
    covered_ha = np.bincount(
        of_area, weights=area_ha(gpd.GeoSeries(covered, crs=polygons.crs)), minlength=len(areas)
    )
    share = 100 * covered_ha / area_ha(municipalities.geometry)
    features = np.bincount(area, minlength=len(areas))
    return pd.DataFrame({"features": features, "share_percent": share}, index=municipalities.index)


def _covered(
    areas: Geometries, shapes: Geometries, area: IntArray, shape: IntArray
) -> tuple[IntArray, Geometries]:
    """Return areas and what of them is covered, in pieces that have nothing in common."""
    groups = _groups(area, _clusters(shapes)[shape])
    of_area = area[[group[0] for group in groups]].astype(np.intp)
    joined = in_threads(
        lambda share: [_joined(shapes[shape[group]]) for group in groups[share]],
        portions(len(groups)),
    )
    pieces = np.array([piece for share in joined for piece in share], dtype=object)
    inside = _among(area, shape, *pairs_where("contains_properly", areas, shapes))
    crossing = np.array([not inside[group].all() for group in groups], dtype=bool).nonzero()[0]
    cut = in_threads(
        lambda share: shapely.intersection(
            pieces[crossing[share]], areas[of_area[crossing[share]]]
        ),
        portions(len(crossing)),
    )
    pieces[crossing] = np.concatenate(cut)
    return of_area, pieces


def _clusters(shapes: Geometries) -> IntArray:
    """Return a number for each shape: the same for those that touch, directly or by others."""
    left, right = pairs_where("intersects", shapes, shapes)
    size = (len(shapes), len(shapes))
    touching = coo_array((np.ones(len(left), dtype=bool), (left, right)), shape=size)
    return np.asarray(connected_components(touching, directed=False)[1])


def _groups(area: IntArray, cluster: IntArray) -> list[IntArray]:
    """Return the positions of the pairs of each cluster in each area."""
    order = np.lexsort((cluster, area))
    changes = (np.diff(area[order]) != 0) | (np.diff(cluster[order]) != 0)
    return np.split(order, np.flatnonzero(changes) + 1) if len(order) else []


def _joined(shapes: Geometries) -> object:
    return shapes[0] if len(shapes) == 1 else shapely.union_all(shapes)


def _among(
    left: IntArray, right: IntArray, some_left: IntArray, some_right: IntArray
) -> npt.NDArray[np.bool_]:
    """Return which pairs (left, right) are among some."""
    most = np.int64(max(right.max(initial=0), some_right.max(initial=0)) + 1)
    return np.isin(left * most + right, some_left * most + some_right)
