"""Infrastructure across a common border; geometries are in metres in one projected CRS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import sparse

TOLERANCE_M = 1.0
HALF_CROSSINGS_PER_KM = 1.0
HALF_ROUTE_KM = 10.0


@dataclass(frozen=True, slots=True)
class Connection:
    """What connects two neighbours.

    Attributes
    ----------
    border_km
        Length of the common border.
    crossings
        Points where a line crosses it.
    shared_route_km
        Length, within both, of the longest continuous route that runs in both.
    """

    border_km: float
    crossings: int
    shared_route_km: float

    @property
    def strength(self) -> float:
        """Strength 0..1: the mean of crossings per km and route length, each as ``x / (x + half)``.

        Half the full strength is a convention: one crossing per km, ten km of route.
        """
        if self.border_km <= 0:
            return 0.0
        dense = self.crossings / self.border_km
        route = self.shared_route_km / (self.shared_route_km + HALF_ROUTE_KM)
        return (dense / (dense + HALF_CROSSINGS_PER_KM) + route) / 2


def connection(
    first: shapely.Geometry,
    second: shapely.Geometry,
    lines: NDArray[np.object_],
    routes: NDArray[np.object_],
) -> Connection:
    """Measure what connects two polygons: roads or railways, and continuous (cycle) routes."""
    border = common_border(first, second)
    if border.is_empty:
        return Connection(0.0, 0, 0.0)
    return Connection(
        border_km=border.length / 1000,
        crossings=crossings(first, second, border, lines),
        shared_route_km=shared_route_km(first, second, routes),
    )


def common_border(first: shapely.Geometry, second: shapely.Geometry) -> shapely.Geometry:
    """Return the part of the first polygon's boundary that runs along the second one."""
    rim = second.boundary.buffer(TOLERANCE_M)
    return shapely.line_merge(shapely.intersection(first.boundary, rim))


def crossings(
    first: shapely.Geometry,
    second: shapely.Geometry,
    border: shapely.Geometry,
    lines: NDArray[np.object_],
) -> int:
    """Count the points where lines that run in both polygons meet their common border.

    Two points within 25 m are one crossing: the carriageways of one road.
    """
    near = lines[shapely.intersects(lines, border)]
    # A road along the border lies in both polygons, but inside neither of them.
    inner = [side.buffer(-5 * TOLERANCE_M) for side in (first, second)]
    inside = [shapely.length(shapely.intersection(near, side)) > TOLERANCE_M for side in inner]
    meeting = shapely.intersection(near[inside[0] & inside[1]], border)
    points = shapely.centroid(shapely.get_parts(meeting))
    if not len(points):
        return 0
    return len(shapely.get_parts(shapely.union_all(shapely.buffer(points, 12.5))))


def shared_route_km(
    first: shapely.Geometry, second: shapely.Geometry, routes: NDArray[np.object_]
) -> float:
    """Return the length in km of the longest connected route that runs in both polygons."""
    pieces, side = [], []
    for number, polygon in enumerate((first, second)):
        parts = shapely.get_parts(shapely.intersection(routes, polygon))
        lines = parts[shapely.get_dimensions(parts) == 1]
        pieces.append(lines)
        side.append(np.full(len(lines), number))
    parts, of = np.concatenate(pieces), np.concatenate(side)
    if not len(parts):
        return 0.0
    a, b = shapely.STRtree(parts).query(parts, predicate="dwithin", distance=TOLERANCE_M)
    graph = sparse.coo_array((np.ones(len(a)), (a, b)), shape=(len(parts), len(parts)))
    count, group = sparse.csgraph.connected_components(graph, directed=False)
    length = np.zeros((count, 2))
    np.add.at(length, (group, of), shapely.length(parts))
    both = (length > TOLERANCE_M).all(axis=1)
    return float(length[both].sum(axis=1).max(initial=0.0)) / 1000
