"""Analysis copies: GeoParquet whose rows lie beside what is beside them on the ground.

Rows are sorted along a Hilbert curve and carry their bounding box, so that reading a part of the
world leaves most of the file alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from geoapp.core.mapspec import Bounds

_ROW_GROUP_VERTICES = 250_000
_FEWEST_ROWS, _MOST_ROWS = 64, 16_384


def write_features(features: gpd.GeoDataFrame, target: Path) -> None:
    """Write features with their index; any CRS.

    A row group holds about 250,000 vertices, some 4 MB, so that a part is read without the rest.
    The index is a column: as a mere range (which one or two rows always are) it would tell the
    rows of a part that they are the first ones.
    """
    vertices = int(vertex_counts(features.geometry).sum())
    rows = int(_ROW_GROUP_VERTICES * len(features) / max(vertices, 1))
    features.iloc[hilbert_order(features.geometry)].to_parquet(
        target,
        index=True,
        write_covering_bbox=True,
        row_group_size=min(max(rows, _FEWEST_ROWS), _MOST_ROWS),
    )


def read_features(
    path: Path, *, bounds: Bounds | None = None, units: Iterable[str] | None = None
) -> gpd.GeoDataFrame:
    """Read features in the order of their index, whatever order they lie in.

    Parameters
    ----------
    path
        As `write_features` wrote it.
    bounds
        West, south, east, north in units of its CRS; features whose bounding box lies outside
        are left out.
    units
        Only the rows whose index level ``unit`` is one of these.
    """
    filters = None if units is None else [("unit", "in", sorted(units))]
    return gpd.read_parquet(path, bbox=bounds, filters=filters).sort_index()


def feature_columns(path: Path) -> frozenset[str]:
    """Return the names of the columns of a Parquet file, without reading its rows."""
    return frozenset(pq.read_schema(path).names)


def hilbert_order(geometry: gpd.GeoSeries) -> NDArray[np.intp]:
    """Return positions that put neighbours beside each other; equal ones keep their order."""
    if geometry.empty:
        return np.empty(0, dtype=np.intp)
    order: NDArray[np.intp] = np.argsort(geometry.hilbert_distance().to_numpy(), kind="stable")
    return order


def vertex_counts(geometry: gpd.GeoSeries) -> NDArray[np.int64]:
    """Return the number of vertices of each geometry."""
    counts: NDArray[np.int64] = shapely.get_num_coordinates(geometry.to_numpy()).astype(np.int64)
    return counts
