"""One set of municipalities at several scales, and its finer ones cut into chunks.

Each scale is made from the next finer one and simplifies all municipalities as one coverage, so
that a border has the same course on both of its sides. A tolerance is about 0.4 pixels at the
zoom where its scale begins, and 1.6 where the next one takes over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geoapp.store.analysis import hilbert_order, vertex_counts

CHUNK_VERTICES = 30_000
"""About what a chunk holds, some 600 kB of GeoJSON, 150 kB compressed."""

_METRES_PER_DEGREE = 111_000
# a coarser scale with more of the vertices than this costs as much and shows less
_WORTHWHILE = 0.8


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is left of a border: tolerance in metres, decimals of its degrees.

    ``min_zoom`` is the level of a web map from which on it is drawn.
    """

    min_zoom: int
    tolerance_m: int
    decimals: int


SCALES = (Scale(12, 10, 5), Scale(10, 40, 5), Scale(8, 160, 4), Scale(0, 640, 3))


@dataclass(frozen=True, slots=True)
class ScaledCopy:
    """All municipalities at one scale: polygons in EPSG:4326 by unit key."""

    scale: Scale
    polygons: gpd.GeoSeries


def scaled_copies(
    polygons: gpd.GeoSeries, scales: Sequence[Scale] = SCALES
) -> tuple[ScaledCopy, ...]:
    """Return a coverage at several scales, the finest first.

    Parameters
    ----------
    polygons
        Municipalities in EPSG:4326 that share their borders.
    scales
        The finest first. One between the first and the last is left out where it would hold
        nearly as much as the next finer one, which then begins at its zoom.
    """
    copies: list[ScaledCopy] = []
    for scale in scales:
        before = copies[-1] if copies else None
        simpler = simplify_coverage(before.polygons if before else polygons, scale.tolerance_m)
        if before and scale != scales[-1] and not _worthwhile(before.polygons, simpler):
            finer = before.scale
            kept = Scale(scale.min_zoom, finer.tolerance_m, finer.decimals)
            copies[-1] = ScaledCopy(kept, before.polygons)
        else:
            copies.append(ScaledCopy(scale, simpler))
    return tuple(copies)


def simplify_coverage(polygons: gpd.GeoSeries, tolerance_m: float) -> gpd.GeoSeries:
    """Return polygons with fewer vertices whose shared borders stay shared; EPSG:4326."""
    simpler = shapely.coverage_simplify(
        polygons.to_numpy(), tolerance=tolerance_m / _METRES_PER_DEGREE
    )
    return gpd.GeoSeries(simpler, index=polygons.index, crs=polygons.crs)


def cut_chunks(polygons: gpd.GeoSeries, vertices: int = CHUNK_VERTICES) -> pd.Series:
    """Return the number of the chunk that each polygon belongs to, from 0.

    A chunk is a run along a Hilbert curve with about ``vertices`` vertices.
    """
    order = hilbert_order(polygons)
    counts = vertex_counts(polygons)[order]
    # a polygon goes to the chunk in which its middle vertex lies
    place = (np.cumsum(counts) - counts / 2) // vertices
    chunk: NDArray[np.intp] = np.unique(place, return_inverse=True)[1]
    return pd.Series(chunk, index=polygons.index[order]).reindex(polygons.index)


def _worthwhile(finer: gpd.GeoSeries, coarser: gpd.GeoSeries) -> bool:
    return bool(vertex_counts(coarser).sum() < _WORTHWHILE * vertex_counts(finer).sum())
