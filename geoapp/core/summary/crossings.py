"""Where segments run inside municipalities, when a border is near.

A segment enters or leaves a municipality exactly where it crosses its border. So it is enough to
know who contains its start, and at which part of its length it crosses whose border: the
crossings of one municipality, in order, are in turn the ends of the stretches inside it. Who
contains the start is found in the same way, by going there from a place beside it that lies in a
patch (`cells`). All of this is arithmetic on columns of coordinates; no geometry is built.

On which side of a line a point lies is the sign of a small determinant. Where rounding could
have decided that sign (a segment along a border, through a corner of one, or ending on one), or
could have moved the crossing, the segment is *doubtful* and left to the caller.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from geoapp.core.summary.borders import Borders
from geoapp.core.summary.cells import Cells, runs

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.integer[Any]]

# Rounding changes a determinant by less than 4e-16 of the sum of its terms.
_SURE = 1e-15
# Crossings are where they are said to be to 1e-10 of the segment.
_SHARP = 1e-5
# Pairs of a segment and a border looked at together: few enough to stay in a processor's cache.
_TOGETHER = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """Parts of segments that lie inside an area.

    Attributes
    ----------
    segment, area
        Positions of the segment and the municipality.
    start, end
        Coordinates: x and y (2, n).
    """

    segment: IntArray
    area: IntArray
    start: FloatArray
    end: FloatArray


class _Ends(NamedTuple):
    """Ends of stretches: the segment, the area, and the part of the segment's length."""

    segment: IntArray
    area: IntArray
    part: FloatArray


def stretches_inside(
    start: FloatArray, end: FloatArray, cells: Cells
) -> tuple[Stretches, BoolArray]:
    """Return the stretches of segments inside areas, and which segments are doubtful.

    Doubtful segments have no stretches.
    """
    count, areas = start.shape[1], len(cells.areas)
    # who contains a start comes out on the way to it from beside, where that is known
    beside, patch = cells.beside(start)
    met, unsure = _crossings(np.hstack([beside, start]), np.hstack([start, end]), cells)
    doubtful = unsure[:count] | unsure[count:] | (patch == 0)
    met = _chosen(met, ~doubtful[met.segment % count])
    before, after = _chosen(met, met.segment < count), _chosen(met, met.segment >= count)
    entered = _left_open(_joined(_owned(patch, ~doubtful, cells), before), areas)
    crossed = _Ends(after.segment - count, after.area, after.part)
    ends = _joined(entered._replace(part=np.zeros(len(entered.part))), crossed)
    segment, area, part = _joined(ends, _left_open(ends, areas))
    order = np.lexsort((part, area, segment))
    into, out_of = order[::2], order[1::2]
    segment, area = segment[into], area[into]
    origin, along = start[:, segment], (end - start)[:, segment]
    stretches = Stretches(segment, area, origin + along * part[into], origin + along * part[out_of])
    return stretches, doubtful


def _chosen(ends: _Ends, chosen: BoolArray) -> _Ends:
    return _Ends(ends.segment[chosen], ends.area[chosen], ends.part[chosen])


def _owned(patch: IntArray, chosen: BoolArray, cells: Cells) -> _Ends:
    """Return the owners of the patches from which the chosen segments are reached."""
    segment = np.flatnonzero(chosen)
    item, owner = cells.owners_of(patch[segment])
    return _Ends(segment[item], owner, np.zeros(len(item)))


def _joined(first: _Ends, second: _Ends) -> _Ends:
    return _Ends(
        np.concatenate([first.segment, second.segment]),
        np.concatenate([first.area, second.area]),
        np.concatenate([first.part, second.part]),
    )


def _left_open(ends: _Ends, areas: int) -> _Ends:
    """Return ends for what is entered and not left: the segment stops inside."""
    visits, times = np.unique(ends.segment * np.int64(areas) + ends.area, return_counts=True)
    segment, area = np.divmod(visits[times % 2 == 1], areas)
    return _Ends(segment, area, np.ones(len(segment)))


def _crossings(start: FloatArray, end: FloatArray, cells: Cells) -> tuple[_Ends, BoolArray]:
    """Return where segments cross borders, and which segments are doubtful."""
    borders = cells.borders
    touching, cell = cells.grid.touched(start, end)
    order = np.argsort(cell)  # who looks at neighbours one after the other finds them at hand
    near = _Near(touching[order], *cells.borders_in(cell[order]))
    found = [
        _met(start, end, borders, *_pairs(start, end, borders, near, some))
        for some in _portions(near.number)
    ]
    segment, border, part, unsure = map(np.concatenate, zip(*found, strict=True))
    doubtful = np.zeros(start.shape[1], dtype=bool)
    doubtful[unsure] = True
    # a pair that meets in several cells was found in each of them
    once = np.unique(segment * np.int64(len(borders.ring)) + border, return_index=True)[1]
    return _Ends(segment[once], borders.areas(border[once]), part[once]), doubtful


class _Near(NamedTuple):
    """Segments by cell, and the borders there: ``number`` of ``border`` from ``first`` on."""

    segment: IntArray
    border: IntArray
    first: IntArray
    number: IntArray


def _portions(number: IntArray) -> list[slice]:
    """Divide so many pairs for each entry into portions of about `_TOGETHER`."""
    until = np.cumsum(number)
    steps = np.arange(_TOGETHER, until[-1] if len(until) else 0, _TOGETHER)
    stops = [0, *np.searchsorted(until, steps).tolist(), len(until)]
    return [slice(*pair) for pair in itertools.pairwise(stops)]


def _pairs(
    start: FloatArray, end: FloatArray, borders: Borders, near: _Near, some: slice
) -> tuple[IntArray, IntArray]:
    """Return pairs (segment, border) that share a cell and whose boxes meet; some repeatedly."""
    segment, first, number = near.segment[some], near.first[some], near.number[some]
    begin = int(first[0]) if len(first) else 0
    border = near.border[begin : (first + number).max(initial=0)]
    left, step = runs(number)
    right = first[left] - begin + step
    boxes = _boxes(start[:, segment], end[:, segment])
    others = _boxes(*borders.ends(border))
    for low, high in ((0, 1), (2, 3)):
        meet = boxes[low].take(left) <= others[high].take(right)
        meet &= others[low].take(right) <= boxes[high].take(left)
        left, right = left[meet], right[meet]
    return segment[left], border[right]


def _boxes(start: FloatArray, end: FloatArray) -> FloatArray:
    """Return min x, max x, min y, max y (4, n)."""
    low, high = np.minimum(start, end), np.maximum(start, end)
    return np.stack([low[0], high[0], low[1], high[1]])


def _met(
    start: FloatArray, end: FloatArray, borders: Borders, segment: IntArray, border: IntArray
) -> tuple[IntArray, IntArray, FloatArray, IntArray]:
    """Return the pairs that cross, at which part of the segment, and the doubtful segments."""
    a, b = start[:, segment], end[:, segment]
    c, d = borders.ends(border)
    (of_a, scale_a), (of_b, scale_b) = _turn(c, d, a), _turn(c, d, b)
    (of_c, scale_c), (of_d, scale_d) = _turn(a, b, c), _turn(a, b, d)
    ends = _side(of_a, scale_a) * _side(of_b, scale_b)
    corners = _side(of_c, scale_c) * _side(of_d, scale_d)
    sharp = np.abs(of_a - of_b) > _SHARP * (scale_a + scale_b)
    crossed = (ends < 0) & (corners < 0) & sharp
    doubtful = ~crossed & (ends <= 0) & (corners <= 0)
    part = of_a[crossed] / (of_a - of_b)[crossed]
    return segment[crossed], border[crossed], part, segment[doubtful]


def _turn(a: FloatArray, b: FloatArray, c: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the determinant that tells the side of ``c`` from ``a`` to ``b``, and its scale."""
    (x, y), (to_x, to_y) = b - a, c - a
    first, second = x * to_y, y * to_x
    return first - second, np.abs(first) + np.abs(second)


def _side(determinant: FloatArray, scale: FloatArray) -> FloatArray:
    """Return -1 or 1, or 0 where rounding could have decided."""
    return np.where(np.abs(determinant) > _SURE * scale, np.sign(determinant), 0.0)
