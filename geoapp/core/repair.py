"""Making geometry usable: finite, flat, valid, of one kind, one feature for each municipality.

All functions work in any CRS and take and return arrays of shapely geometries.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geoapp.core.mapspec import GeometryKind
from geoapp.core.raw import Geometries, refusal

_TYPES: dict[GeometryKind, tuple[int, ...]] = {
    "point": (shapely.GeometryType.POINT, shapely.GeometryType.MULTIPOINT),
    "line": (
        shapely.GeometryType.LINESTRING,
        shapely.GeometryType.LINEARRING,
        shapely.GeometryType.MULTILINESTRING,
    ),
    "polygon": (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON),
}
_GATHERED: dict[GeometryKind, type[shapely.Geometry]] = {
    "point": shapely.MultiPoint,
    "line": shapely.MultiLineString,
    "polygon": shapely.MultiPolygon,
}


def refuse_non_finite(geometry: Geometries, file: str) -> None:
    """Refuse a file that has a coordinate which is no number.

    Raises
    ------
    FileRefusedError
        Naming the first such row (counted from 1).
    """
    pairs, rows = shapely.get_coordinates(geometry, return_index=True)
    broken = ~np.isfinite(pairs).all(axis=1)
    if broken.any():
        raise refusal(
            file,
            "Row {row} has a coordinate that is no finite number (NaN or infinite). "
            "Correct the geometry and try again.",
            row=int(rows[broken][0]) + 1,
        )


def is_missing(geometry: Geometries) -> NDArray[np.bool_]:
    """Tell which geometries are absent or empty."""
    missing: NDArray[np.bool_] = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    return missing


def kind_of(geometry: Geometries) -> GeometryKind | None:
    """Return the kind most of the geometries are, None where there are none.

    >>> kind_of(np.array([shapely.Point(19, 50), shapely.Point(18, 50), None]))
    'point'
    """
    types = shapely.get_type_id(geometry)
    counts = {kind: int(np.isin(types, ids).sum()) for kind, ids in _TYPES.items()}
    best = max(counts, key=lambda kind: counts[kind])
    return best if counts[best] else None


def as_kind(geometry: Geometries, kind: GeometryKind) -> Geometries:
    """Return each geometry reduced to its parts of one kind; empty where it has none."""
    whole = np.isin(shapely.get_type_id(geometry), _TYPES[kind])
    if whole.all():
        return geometry
    result = geometry.copy()
    result[~whole] = [_parts_of_kind(other, kind) for other in geometry[~whole]]
    return result


def repaired(geometry: Geometries, kind: GeometryKind) -> tuple[Geometries, NDArray[np.bool_]]:
    """Return flat, valid geometry of one kind, and which of them had to be repaired.

    A polygon keeps its area: rings that cross themselves are split, and what collapses to a
    line or a point is left out.
    """
    flat = shapely.force_2d(geometry)
    invalid: NDArray[np.bool_] = ~shapely.is_valid(flat)
    if not invalid.any():
        return as_kind(flat, kind), invalid
    fixed = flat.copy()
    fixed[invalid] = shapely.make_valid(flat[invalid], method="structure", keep_collapsed=False)
    # GEOS leaves parts that share an edge side by side, which is still no valid polygon.
    still = ~shapely.is_valid(fixed)
    fixed[still] = [shapely.union_all(shapely.get_parts(shape)) for shape in fixed[still]]
    return as_kind(fixed, kind), invalid


def joined(geometry: Geometries, keys: pd.Series) -> pd.Series:
    """Return one geometry for each key, in the order in which the keys come first."""
    shapes = pd.Series(geometry, index=keys.to_numpy(), dtype=object)
    grouped = shapes.groupby(level=0, sort=False)
    return grouped.agg(lambda parts: shapely.union_all(list(parts)))


def _parts_of_kind(geometry: shapely.Geometry, kind: GeometryKind) -> shapely.Geometry:
    parts = np.array(_simple_parts(geometry), dtype=object)
    fitting = parts[np.isin(shapely.get_type_id(parts), _TYPES[kind])]
    if kind == "polygon":
        return shapely.union_all(fitting)
    return _GATHERED[kind](list(fitting)) if len(fitting) else shapely.Point()


def _simple_parts(geometry: shapely.Geometry) -> list[shapely.Geometry]:
    parts = list(shapely.get_parts(geometry))
    nested = any(isinstance(part, shapely.GeometryCollection) for part in parts)
    return [simple for part in parts for simple in _simple_parts(part)] if nested else parts
