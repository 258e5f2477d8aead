"""Which units touch, and putting together areas that fell apart."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse

from geoapp.core.functional.containment import cohesion
from geoapp.core.functional.delineation import Delineation
from geoapp.core.functional.flows import FlowTable, Integers
from geoapp.core.functional.progress import Note


@dataclass(frozen=True, slots=True)
class Borders:
    """Units and the borders they share.

    Attributes
    ----------
    codes
        Units whose borders are known.
    pairs
        Two units that share a border of some length, and that length in km (0 if unknown).
    outer
        Units on the edge of the known territory, which may have neighbours that are not known.
    """

    codes: frozenset[str]
    pairs: tuple[tuple[str, str, float], ...]
    outer: frozenset[str] = frozenset()

    def among(self, codes: Sequence[str]) -> sparse.csr_array:
        """Return which of the given units touch; symmetric, shape (n, n)."""
        place = {code: position for position, code in enumerate(codes)}
        found = [(place[a], place[b]) for a, b, _ in self.pairs if a in place and b in place]
        row = [a for a, _ in found] + [b for _, b in found]
        column = [b for _, b in found] + [a for a, _ in found]
        shape = (len(codes), len(codes))
        return sparse.csr_array((np.ones(len(row)), (row, column)), shape=shape)

    def outer_among(self, codes: Sequence[str]) -> NDArray[np.bool_]:
        """Tell of each given unit whether it lies on the edge of the known territory."""
        return np.array([code in self.outer for code in codes], dtype=bool)

    def unknown(self, codes: Collection[str]) -> list[str]:
        """Return the given units whose borders are not known."""
        return [code for code in codes if code not in self.codes]


def shared_borders(units: gpd.GeoDataFrame) -> Borders:
    """Find which polygons share a border longer than a point.

    ``units`` is indexed by code and has a projected CRS in metres. Polygons may overlap or gape
    by less than a metre. Touching in a point only does not count.
    """
    geometries = units.geometry.to_numpy()
    codes = [str(code) for code in units.index]
    left, right = shapely.STRtree(geometries).query(geometries, predicate="dwithin", distance=1.0)
    once = left < right
    left, right = left[once], right[once]
    # A border drawn twice rarely runs over the very same points, hence the metre on both sides.
    rims = shapely.buffer(shapely.boundary(geometries), 1.0)
    length = shapely.length(shapely.intersection(shapely.boundary(geometries[left]), rims[right]))
    real = length > 10
    pairs = tuple(
        (codes[a], codes[b], float(metres) / 1000)
        for a, b, metres in zip(left[real], right[real], length[real], strict=True)
    )
    shell = shapely.boundary(shapely.union_all(shapely.buffer(geometries, 0.5)))
    edge = shapely.dwithin(geometries, shell, 1.0)
    outer = frozenset(codes[i] for i in np.flatnonzero(edge))
    return Borders(frozenset(codes), pairs, outer)


def joined_up(
    flows: FlowTable, delineation: Delineation, borders: Borders
) -> tuple[Delineation, pd.DataFrame]:
    """Move parts that are cut off from the rest of their area to a neighbouring area.

    The part of each area with most employed residents stays. The other units that touch another
    area join the one of these they are most tied to (by cohesion), all at once; then those that
    touch one now, and so on. What touches no other area stays, as do units of unknown borders.

    Returns the delineation and a frame of what moved: ``code``, ``from`` and ``to``.
    """
    graph = borders.among(flows.codes)
    area = delineation.area.copy()
    fixed = np.array([code not in borders.codes for code in flows.codes])
    moved: list[tuple[int, int, int]] = []
    loose = _cut_off(flows, graph, area) - set(np.flatnonzero(fixed).tolist())
    while steps := _moves(flows, graph, area, loose, len(delineation.areas)):
        moved += steps
        for unit, _, to in steps:
            area[unit] = to
            loose.discard(unit)
    table = pd.DataFrame(
        {
            "code": [flows.codes[unit] for unit, _, _ in moved],
            "from": [delineation.areas[origin] for _, origin, _ in moved],
            "to": [delineation.areas[to] for _, _, to in moved],
        }
    )
    text = "Units cut off from their area: {moved} moved to a neighbouring one, {left} could not."
    note = Note(text, {"moved": len(moved), "left": len(loose)})
    cleaned = replace(delineation, area=area, notes=(*delineation.notes, note))
    return replace(cleaned, tables={**delineation.tables, "moved": table}), table


def _cut_off(flows: FlowTable, graph: sparse.csr_array, area: Integers) -> set[int]:
    """Return units outside the part of their area that has most residents."""
    entries = sparse.coo_array(graph)
    row, column = entries.coords
    same = (area[row] == area[column]) & (area[row] >= 0)
    inner = sparse.coo_array((np.ones(int(same.sum())), (row[same], column[same])), graph.shape)
    _, part = sparse.csgraph.connected_components(inner, directed=False)
    weight = np.bincount(part, weights=flows.residents)
    first: dict[int, int] = {}
    # The part of most residents comes first, of equals the one with the first code.
    for unit in sorted(range(len(area)), key=lambda unit: (-weight[part[unit]], unit)):
        first.setdefault(int(area[unit]), int(part[unit]))
    return {
        unit
        for unit in range(len(area))
        if area[unit] >= 0 and part[unit] != first[int(area[unit])]
    }


def _moves(
    flows: FlowTable, graph: sparse.csr_array, area: Integers, loose: set[int], count: int
) -> list[tuple[int, int, int]]:
    """Return, for each loose unit next to another area, its area and the one it shall join."""
    settled = area.copy()
    settled[list(loose)] = -1
    tie = cohesion(flows, settled, count) if loose else None
    found = []
    for unit in sorted(loose):
        around = [to for to in _areas_around(graph, settled, unit) if to != area[unit]]
        if around and tie is not None:
            strength = {to: float(tie[unit, to]) for to in around}
            found.append((unit, int(area[unit]), max(around, key=strength.__getitem__)))
    return found


def _areas_around(graph: sparse.csr_array, area: Integers, unit: int) -> list[int]:
    around = area[graph.indices[graph.indptr[unit] : graph.indptr[unit + 1]]]
    return sorted(set(around[around >= 0].tolist()))
