"""Made-up lines: cycle routes from seat to seat, and local roads around every seat."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import minimum_spanning_tree, shortest_path

from geoapp.core.codes import Country
from geoapp.core.illustration.territory import (
    PLANE,
    hamlets,
    made_up,
    published,
    shared_borders,
    territories,
    ways,
)
from geoapp.core.meander import Floats

_ROUTE_NAMES: dict[Country, str] = {"PL": "Szlak rowerowy", "CZ": "Cyklotrasa"}
_ROAD_NAMES: dict[Country, str] = {"PL": "Droga lokalna", "CZ": "Místní komunikace"}

# A route that passes at least so many municipalities counts as a regional one.
_REGIONAL = 4
_HAMLET_M2 = 15e6
_MOST_HAMLETS = 5
_ROUTE_DETAIL_M = 35.0
_ROAD_DETAIL_M = 30.0


def cycle_routes(municipalities: pd.DataFrame, boundaries: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Lead cycle routes through the seats of neighbouring municipalities and their borders.

    Returns
    -------
    geopandas.GeoDataFrame
        Columns key, name, level (``regional`` or ``local``) and geometry (lines, EPSG:4326).
        Every municipality that has a neighbour lies on at least one route.
    """
    land = territories(municipalities, boundaries)
    borders = shared_borders(land)
    seats = shapely.get_coordinates(land["seat"].to_numpy())
    stops = list(_longest_paths(_tree(seats, borders)))
    ends = [(land.iloc[route[0]], land.iloc[route[-1]]) for route in stops]
    names = [
        f"{_ROUTE_NAMES[first['country']]} {number}, {first['name']} – {last['name']}"
        for number, (first, last) in enumerate(ends, start=1)
    ]
    columns = {
        "key": [f"route-{number:03d}" for number in range(1, len(stops) + 1)],
        "name": [
            made_up(name, first["country"]) for name, (first, _) in zip(names, ends, strict=True)
        ],
        "level": ["regional" if len(route) >= _REGIONAL else "local" for route in stops],
    }
    lines = ways([_through(route, seats, borders) for route in stops], detail_m=_ROUTE_DETAIL_M)
    return published(gpd.GeoDataFrame(columns, geometry=lines, crs=PLANE))


def local_roads(municipalities: pd.DataFrame, boundaries: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Lay roads from every seat to made-up hamlets, and on to the borders of the neighbours.

    Returns
    -------
    geopandas.GeoDataFrame
        Columns key, name, kind (``village`` within, ``link`` to a neighbour) and geometry (lines,
        EPSG:4326). The links of two neighbours meet on their border.
    """
    land = territories(municipalities, boundaries)
    borders = shared_borders(land)
    count = np.clip(land.area.to_numpy() // _HAMLET_M2, 1, _MOST_HAMLETS).astype(np.intp)
    rows: list[dict[str, str]] = []
    paths: list[Floats] = []
    for at, (place, around) in enumerate(
        zip(land.to_dict("records"), hamlets(land, count), strict=True)
    ):
        nodes = np.concatenate([shapely.get_coordinates(place["seat"]), around])
        gates = shapely.get_coordinates(
            borders.geometry[(borders["first"] == at) | (borders["second"] == at)].to_numpy()
        )
        village, links = _within(nodes), _to_gates(nodes, gates)
        for number, path in enumerate([*village, *links], start=1):
            name = f"{_ROAD_NAMES[place['country']]} {number}, {place['name']}"
            rows.append(
                {
                    "key": f"{place['unit']}-{number:02d}",
                    "name": made_up(name, place["country"]),
                    "kind": "village" if number <= len(village) else "link",
                }
            )
            paths.append(path)
    frame = pd.DataFrame(rows, columns=["key", "name", "kind"])
    lines = ways(paths, detail_m=_ROAD_DETAIL_M)
    return published(gpd.GeoDataFrame(frame, geometry=lines, crs=PLANE))


def _tree(seats: Floats, borders: gpd.GeoDataFrame) -> csr_array:
    """Connect neighbouring seats with as little length (m) as will reach all of them."""
    first, second = borders["first"].to_numpy(), borders["second"].to_numpy()
    lengths = np.hypot(*(seats[first] - seats[second]).T)
    graph = csr_array((lengths, (first, second)), shape=(len(seats), len(seats)))
    tree = csr_array(minimum_spanning_tree(graph))
    return csr_array(tree + tree.T)


def _longest_paths(tree: csr_array) -> Iterator[list[int]]:
    """Take the longest path out of a forest until nothing is left."""
    left = tree.toarray()
    while left.any():
        lengths, before = shortest_path(left, directed=False, return_predecessors=True)
        lengths[~np.isfinite(lengths)] = 0
        start, end = np.unravel_index(np.argmax(lengths), lengths.shape)
        path = [int(end)]
        while path[-1] != start:
            path.append(int(before[start, path[-1]]))
        for here, there in itertools.pairwise(path):
            left[here, there] = left[there, here] = 0
        yield path


def _through(route: list[int], seats: Floats, borders: gpd.GeoDataFrame) -> Floats:
    """Return the seats of a route with the border crossings between them, shape (n, 2), m."""
    points = [seats[route[0]]]
    for here, there in itertools.pairwise(route):
        low, high = sorted((here, there))
        crossing = borders.geometry[(borders["first"] == low) & (borders["second"] == high)]
        points += [shapely.get_coordinates(crossing.iloc[0])[0], seats[there]]
    return np.array(points)


def _within(nodes: Floats) -> list[Floats]:
    apart = np.hypot(*(nodes[:, None] - nodes).transpose(2, 0, 1))
    pairs: npt.NDArray[np.intp] = np.column_stack(minimum_spanning_tree(apart).nonzero())
    return [nodes[pair] for pair in pairs]


def _to_gates(nodes: Floats, gates: Floats) -> list[Floats]:
    return [np.array([nodes[np.argmin(np.hypot(*(nodes - gate).T))], gate]) for gate in gates]
