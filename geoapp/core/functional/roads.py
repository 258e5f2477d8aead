"""Travel times over a road layer; coordinates are metres in one projected CRS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded where they are used: a map without roads never needs them
import shapely
from numpy.typing import ArrayLike, NDArray

from geoapp.core.functional.flows import Floats
from geoapp.core.functional.progress import require

STRAIGHT_LINE_KMH = 45.0
"""Speed on a straight line that stands in for roads: about 60 km/h on roads a third longer."""

ACCESS_KMH = 20.0
"""Speed on the straight line between a place and the road network."""


@dataclass(frozen=True, slots=True, eq=False)
class RoadGraph:
    """A road network, passable both ways.

    Attributes
    ----------
    nodes
        Coordinates of the nodes in metres; shape (n, 2).
    minutes
        Travel time between adjacent nodes; symmetric, shape (n, n).
    """

    nodes: Floats
    minutes: scipy.sparse.csr_array


def road_graph(
    lines: Sequence[shapely.LineString | shapely.MultiLineString] | NDArray[np.object_],
    speed_kmh: ArrayLike,
    *,
    grid_m: float = 1.0,
) -> RoadGraph:
    """Build the network of a road layer; roads meet where they share a vertex.

    ``speed_kmh`` is one speed or one per line. Vertices are one node when they fall into the same
    cell of ``grid_m`` metres, which closes small gaps; a bridge without a common vertex does not
    connect.

    >>> graph = road_graph([shapely.LineString([(0, 0), (1000, 0)])], 60)
    >>> graph.minutes.toarray().tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    speeds = np.broadcast_to(np.asarray(speed_kmh, dtype=float), (len(lines),))
    require(
        [
            (len(lines) > 0, "the road layer has no lines"),
            (bool((speeds > 0).all()), "every road needs a speed above 0 km/h"),
        ]
    )
    parts, of_line = shapely.get_parts(np.asarray(lines, dtype=object), return_index=True)
    points, of_part = shapely.get_coordinates(parts, return_index=True)
    cells, node = np.unique(np.round(points / grid_m), axis=0, return_inverse=True)
    follows = of_part[1:] == of_part[:-1]
    start, end = node[:-1][follows], node[1:][follows]
    metres = np.hypot(*(points[1:] - points[:-1])[follows].T)
    minutes = metres / 1000 / speeds[of_line[of_part[1:][follows]]] * 60
    return RoadGraph(cells * grid_m, _fastest(start, end, minutes, len(cells)))


def travel_minutes(
    graph: RoadGraph,
    origins: Floats,
    destinations: Floats,
    *,
    limit: float = 120.0,
    reach_m: float = 2000.0,
) -> Floats:
    """Return the travel times from each origin to each destination, infinite beyond the limit.

    Parameters
    ----------
    graph
        The road network.
    origins, destinations
        Coordinates in metres, in the CRS of the graph; shapes (a, 2) and (b, 2).
    limit
        Minutes after which a place counts as not reached.
    reach_m
        A place farther than this from any road is not reached at all.
    """
    tree = scipy.spatial.KDTree(graph.nodes)
    (from_gap, from_node), (to_gap, to_node) = tree.query(origins), tree.query(destinations)
    starts, which = np.unique(from_node, return_inverse=True)
    times = scipy.sparse.csgraph.dijkstra(
        graph.minutes, directed=False, indices=starts, limit=limit
    )
    found = times[which][:, to_node]
    access = np.add.outer(from_gap, to_gap) / 1000 / ACCESS_KMH * 60
    total = np.where(np.add.outer(from_gap > reach_m, to_gap > reach_m), np.inf, found + access)
    return np.where(total <= limit, total, np.inf)


def straight_line_minutes(kilometres: Floats) -> Floats:
    """Return travel times over straight lines, to be labelled as such wherever they are shown.

    >>> straight_line_minutes(np.array([45.0])).tolist()
    [60.0]
    """
    return np.asarray(kilometres / STRAIGHT_LINE_KMH * 60)


def _fastest(
    start: NDArray[np.intp], end: NDArray[np.intp], minutes: Floats, count: int
) -> scipy.sparse.csr_array:
    """Return the graph with the fastest of parallel roads; building it would sum them up."""
    apart = start != end
    low, high = np.minimum(start, end)[apart], np.maximum(start, end)[apart]
    order = np.lexsort((minutes[apart], high, low))
    low, high, time = low[order], high[order], minutes[apart][order]
    first = np.ones(len(low), dtype=bool)
    first[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    one_way = scipy.sparse.coo_array((time[first], (low[first], high[first])), shape=(count, count))
    return scipy.sparse.csr_array(one_way + one_way.T)
