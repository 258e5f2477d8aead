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
from geoapp.core.functional.flows import Floats, FlowTable, Integers
from geoapp.core.functional.progress import Note

# polygons that gape or overlap by less still touch
_NEAR_M = 1.0
_LEAST_BORDER_M = 10

# places of two polygons, and the length of the border between them in metres
_Met = tuple[NDArray[np.intp], NDArray[np.intp], Floats]


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
    sides = _sides(geometries)
    twice = _drawn_twice(sides)
    owners, rest = _single_lines(sides, twice)
    # A border drawn twice rarely runs over the very same points, hence the metre on both sides.
    rims = shapely.buffer(rest, _NEAR_M, quad_segs=2)
    pairs = (_met_exactly(sides, twice), _met_nearly(owners, rest, rims))
    left, right, length_m = (np.concatenate(both) for both in zip(*pairs, strict=True))
    by_pair = pd.Series(length_m).groupby([left, right]).sum()
    real = by_pair[by_pair > _LEAST_BORDER_M]
    outer = _on_the_edge(geometries, owners, rest, rims)
    one, other = (real.index.get_level_values(level) for level in (0, 1))
    return Borders(
        frozenset(codes),
        tuple(
            (codes[a], codes[b], float(metres) / 1000)
            for a, b, metres in zip(one, other, real.to_numpy(), strict=True)
        ),
        frozenset(codes[place] for place in outer),
    )


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


@dataclass(frozen=True, slots=True, eq=False)
class _Sides:
    """Straight sides of polygons: both ends in metres, shape (n, 2, 2), and whose they are."""

    ends: Floats
    owner: NDArray[np.intp]

    @property
    def length_m(self) -> Floats:
        across = self.ends[:, 1] - self.ends[:, 0]
        return np.hypot(across[:, 0], across[:, 1])


def _sides(geometries: NDArray[np.object_]) -> _Sides:
    parts, owner = shapely.get_parts(geometries, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    places, ring = shapely.get_coordinates(rings, return_index=True)
    within = ring[:-1] == ring[1:]
    ends = np.stack([places[:-1][within], places[1:][within]], axis=1)
    return _Sides(ends, owner[part[ring[:-1][within]]])


def _drawn_twice(sides: _Sides) -> NDArray[np.intp]:
    """Return pairs of sides of two polygons that run over the very same points, shape (n, 2)."""
    centimetres = np.round(sides.ends * 100).astype(np.int64)
    centimetres -= centimetres.min(axis=(0, 1), initial=0)
    place = centimetres[..., 0] << 32 | centimetres[..., 1]
    order = np.lexsort((place.max(axis=1), place.min(axis=1)))
    ordered = np.sort(place[order], axis=1)
    same = (ordered[1:] == ordered[:-1]).all(axis=1)
    # three sides over the same points belong to polygons that overlap
    around = np.concatenate([[False], same, [False]])
    alone = np.flatnonzero(same & ~around[:-2] & ~around[2:])
    found = np.stack([order[alone], order[alone + 1]], axis=1)
    of_two: NDArray[np.intp] = found[sides.owner[found[:, 0]] != sides.owner[found[:, 1]]]
    return of_two


def _met_exactly(sides: _Sides, twice: NDArray[np.intp]) -> _Met:
    owners = np.sort(sides.owner[twice], axis=1)
    return owners[:, 0], owners[:, 1], sides.length_m[twice[:, 0]]


def _single_lines(
    sides: _Sides, twice: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.object_]]:
    """Return who has borders that are drawn once only, and these lines, one for each."""
    single = np.setdiff1d(np.arange(len(sides.owner)), twice)
    single = single[np.argsort(sides.owner[single], kind="stable")]
    owners, place = np.unique(sides.owner[single], return_inverse=True)
    lines = shapely.multilinestrings(shapely.linestrings(sides.ends[single]), indices=place)
    return owners, shapely.line_merge(lines)


def _met_nearly(
    owners: NDArray[np.intp], rest: NDArray[np.object_], rims: NDArray[np.object_]
) -> _Met:
    one, other = shapely.STRtree(rest).query(rest, predicate="dwithin", distance=_NEAR_M)
    once = one < other
    one, other = one[once], other[once]
    length_m: Floats = shapely.length(shapely.intersection(rest[one], rims[other]))
    return owners[one], owners[other], length_m


def _on_the_edge(
    geometries: NDArray[np.object_],
    owners: NDArray[np.intp],
    rest: NDArray[np.object_],
    rims: NDArray[np.object_],
) -> NDArray[np.intp]:
    """Return the polygons at lines along which there is no other polygon."""
    one, other = shapely.STRtree(rest).query(rest, predicate="dwithin", distance=_NEAR_M)
    apart = one != other
    bare = _without(rest, one[apart], rims[other[apart]])
    line, polygon = shapely.STRtree(geometries).query(bare, predicate="intersects")
    foreign = owners[line] != polygon
    bare = _without(bare, line[foreign], geometries[polygon[foreign]])
    pieces = shapely.get_parts(shapely.line_merge(bare))
    edge = pieces[shapely.length(pieces) > 2 * _NEAR_M]
    _, found = shapely.STRtree(geometries).query(edge, predicate="dwithin", distance=_NEAR_M)
    at_it: NDArray[np.intp] = np.unique(found)
    return at_it


def _without(
    lines: NDArray[np.object_], place: NDArray[np.intp], areas: NDArray[np.object_]
) -> NDArray[np.object_]:
    """Return lines without what lies in the areas that are given for some of them."""
    left = lines.copy()
    covered = (
        pd.Series(areas, dtype=object).groupby(place).agg(lambda own: shapely.union_all(list(own)))
    )
    touched = covered.index.to_numpy(dtype=np.intp)
    left[touched] = shapely.difference(lines[touched], covered.to_numpy(dtype=object))
    return left
