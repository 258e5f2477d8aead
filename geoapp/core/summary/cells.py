"""A fine grid that tells, of most features, in which municipality they lie, without geometry.

Every border runs through some cells of the grid. All other cells fall into *patches*: cells that
lie side by side with no border between them. A patch therefore lies in one municipality as a
whole (in several, where municipalities overlap; in none abroad), and asking that once for one
cell answers it for everything that lies in the patch: a line whose bounding box meets no border
cell belongs to the patch of any of its cells. How many border cells a box holds is read from
running totals, in the same time for a small box and a large one. Only what meets a border cell
has to be looked at more closely.

Which cell a place is in follows from its coordinates by operations that never turn their order
around, so a box that meets no border cell meets no border: nothing is approximate here.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy import ndimage

from geoapp.core.summary.borders import Borders, borders_of, containing
from geoapp.core.summary.portions import in_threads, portions

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer[Any]]

# More cells than these cost more than they save.
_PER_BORDER = 3
_PER_BOX = 64
_MOST_CELLS = 1 << 24
# Cells smaller than this part of the coordinates would be lost in their rounding ...
_SMALLEST = 2.0**-24
# ... which, where a long segment is halved again and again, stays far below this part of a cell.
_MARGIN = 1e-6
# steps from the first to the last column, and row, that make a box a wide one
_WIDE = 2


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Columns and rows of equal cells in the coordinates of the municipalities.

    The outermost cells on each side reach to infinity.

    Attributes
    ----------
    low
        Where the second column and the second row begin (2, 1).
    per_unit
        Columns and rows in one unit of x and y (2, 1).
    size
        Number of columns and of rows.
    """

    low: FloatArray
    per_unit: FloatArray
    size: tuple[int, int]

    def places(self, coordinates: FloatArray, shift: float = 0.0) -> npt.NDArray[np.int32]:
        """Return columns and rows (2, n) of coordinates (2, n), moved by ``shift`` cells."""
        place = coordinates - self.low
        place *= self.per_unit
        place += 1.0 + shift
        for axis, size in zip(place, self.size, strict=True):
            np.clip(axis, 0, size - 1, out=axis)
        # nothing is below zero, so cutting off the fraction is rounding down
        return place.astype(np.int32)

    def touched(self, start: FloatArray, end: FloatArray) -> tuple[IntArray, IntArray]:
        """Return pairs (segment, cell): all cells that a segment could touch, and some near it."""
        return self._touched(start, end, self.places(start), self.places(end))

    def touched_by_chain(self, corners: FloatArray) -> tuple[IntArray, IntArray]:
        """Return the same pairs for the segments between one corner (2, n) and the next."""
        place = self.places(corners)
        return self._touched(corners[:, :-1], corners[:, 1:], place[:, :-1], place[:, 1:])

    def _touched(
        self, start: FloatArray, end: FloatArray, from_place: IntArray, to_place: IntArray
    ) -> tuple[IntArray, IntArray]:
        segment = np.arange(start.shape[1], dtype=np.int32)
        first, last = np.minimum(from_place, to_place), np.maximum(from_place, to_place)
        found = []
        while len(segment):
            columns, rows = last - first
            wide = np.flatnonzero((columns >= _WIDE) & (rows >= _WIDE))
            if not len(wide):
                found.append(self._filled(segment, first, last))
                break
            slim = np.flatnonzero((columns < _WIDE) | (rows < _WIDE))
            found.append(self._filled(segment[slim], first[:, slim], last[:, slim]))
            # most cells of a wide box are none of the segment's: its halves are looked at
            start, end = start[:, wide], end[:, wide]
            middle = (start + end) / 2
            start, end = np.hstack([start, middle]), np.hstack([middle, end])
            first = self.places(np.minimum(start, end), -_MARGIN)
            last = self.places(np.maximum(start, end), _MARGIN)
            segment = np.tile(segment[wide], 2)
        return _concatenated(found)

    def _filled(
        self, segment: IntArray, first: IntArray, last: IntArray
    ) -> tuple[IntArray, IntArray]:
        """Return pairs (segment, cell) of boxes given by their first and last column and row."""
        columns, rows = last - first + 1
        corner = first[1] * self.size[0] + first[0]
        # most boxes are a single cell
        large = np.flatnonzero((columns > 1) | (rows > 1))
        item, step = runs(columns[large] * rows[large] - 1)
        box = large[item]
        row, column = np.divmod(step.astype(np.int32) + 1, columns[box])
        others = corner[box] + row * self.size[0] + column
        return np.concatenate([segment, segment[box]]), np.concatenate([corner, others])


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A grid, its patches, and the municipalities that hold each patch.

    Attributes
    ----------
    areas
        The municipalities; None where one is out of reach of all that is asked about.
    borders
        Their borders.
    grid
        Where the cells are.
    patch
        For each row and column the number of its patch; where a border runs, minus the number of
        the border cell.
    borders_before
        Number of border cells in the rows above and the columns left of each.
    owners
        Positions of municipalities, those of the first patch first.
    first_owner
        For each patch where its owners begin; one more at the end.
    border
        The borders that could touch a border cell, those of the first border cell first.
    first_border
        For each border cell where its borders begin; one more at the end.
    """

    areas: npt.NDArray[Any]
    borders: Borders
    grid: Grid
    patch: npt.NDArray[np.int32]
    borders_before: npt.NDArray[np.int32]
    owners: IntArray
    first_owner: IntArray
    border: IntArray
    first_border: IntArray

    def patch_of_boxes(self, boxes: FloatArray) -> npt.NDArray[np.int32]:
        """Return for boxes (4, n: min x, min y, max x, max y) their patch; 0 near a border."""
        left, top = self.grid.places(boxes[:2])
        right, bottom = self.grid.places(boxes[2:]) + 1
        before = self.borders_before
        borders = before[bottom, right] - before[top, right] - before[bottom, left]
        return np.where(borders + before[top, left] == 0, self.patch[top, left], 0)

    def owners_of(self, patch: IntArray) -> tuple[IntArray, IntArray]:
        """Return pairs (position in ``patch``, municipality)."""
        item, step = runs(np.diff(self.first_owner)[patch])
        return item, self.owners[self.first_owner[patch[item]] + step]

    def beside(self, places: FloatArray) -> tuple[FloatArray, npt.NDArray[np.int32]]:
        """Return, for places (2, n), the next ones to the left that lie in a patch, and it.

        They are level with what they stand for, to the last digit. The patch is 0 where there are
        only borders on the left.
        """
        column, row = self.grid.places(places)
        patch = self.patch[row, column]
        left = np.flatnonzero((patch < 0) & (column > 0))
        while len(left):
            column[left] -= 1
            patch[left] = self.patch[row[left], column[left]]
            left = left[(patch[left] < 0) & (column[left] > 0)]
        x = (column - 0.5) / self.grid.per_unit[0] + self.grid.low[0]
        return np.stack([x, places[1]]), np.maximum(patch, 0)

    def borders_in(self, cells: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """Return borders by cell, where in them those of each asked cell begin, and how many.

        The asked cells come in order, and some of them repeatedly.
        """
        is_new = np.append(True, cells[1:] != cells[:-1])[: len(cells)]
        asked = cells[is_new]
        border_cell = np.maximum(-self.patch.ravel()[asked], 0)
        first = self.first_border[border_cell]
        number = np.where(border_cell > 0, self.first_border[border_cell + 1] - first, 0)
        item, step = runs(number)
        place = np.cumsum(is_new) - 1
        return self.border[first[item] + step], (np.cumsum(number) - number)[place], number[place]


def cells_over(areas: npt.NDArray[Any], boxes: FloatArray) -> Cells:
    """Return cells over municipalities, as fine as is worth it.

    Parameters
    ----------
    areas
        Polygons that may overlap and need not touch.
    boxes
        Boxes (4, n: min x, min y, max x, max y) of all that is going to be asked about.
    """
    areas, bounds = _within_reach(areas, boxes)
    borders = borders_of(areas)
    most = min(_PER_BORDER * len(borders.ring), _PER_BOX * boxes.shape[1], _MOST_CELLS)
    grid = _grid(bounds, max(most, 1))
    border, cell = _touched_cells(grid, borders)
    order = np.argsort(cell)
    border, cell = border[order], cell[order]
    begins = np.flatnonzero(np.append(True, cell[1:] != cell[:-1])[: len(cell)])
    is_border = np.zeros(grid.size[::-1], dtype=bool)
    is_border.ravel()[cell[begins]] = True
    with ThreadPoolExecutor(1) as meanwhile:
        asked = meanwhile.submit(_running_totals, is_border)
        patch = np.empty(is_border.shape, dtype=np.int32)
        patches = int(ndimage.label(~is_border, output=patch))
        owners = _owners(areas, grid, patch, patches)
        before = asked.result()
    patch.ravel()[cell[begins]] = -1 - np.arange(len(begins), dtype=np.int32)
    first = np.concatenate([[0], begins, [len(border)]])
    return Cells(areas, borders, grid, patch, before, *owners, border, first)


def runs(counts: IntArray) -> tuple[IntArray, IntArray]:
    """Return each position as often as its count says, and the numbers 0, 1, ... of its repeats.

    Examples
    --------
    >>> [each.tolist() for each in runs(np.array([2, 0, 3]))]
    [[0, 0, 2, 2, 2], [0, 1, 0, 1, 2]]
    """
    item = np.repeat(np.arange(len(counts)), counts)
    return item, np.arange(len(item)) - np.repeat(np.cumsum(counts) - counts, counts)


def _touched_cells(grid: Grid, borders: Borders) -> tuple[IntArray, IntArray]:
    """Return pairs (border, cell)."""

    def touched(share: slice) -> tuple[IntArray, IntArray]:
        some = slice(share.start, share.stop + 1)
        ring = borders.ring[some]
        piece, cell = grid.touched_by_chain(borders.corners[:, some])
        in_one_ring = (ring[:-1] == ring[1:])[piece]
        return piece[in_one_ring] + share.start, cell[in_one_ring]

    found = in_threads(touched, portions(len(borders.ring)))
    return _concatenated(found)


def _concatenated(pairs: Sequence[tuple[IntArray, IntArray]]) -> tuple[IntArray, IntArray]:
    nothing = np.zeros(0, np.int32)
    left, right = zip((nothing, nothing), *pairs, strict=True)
    return np.concatenate(left), np.concatenate(right)


def _running_totals(is_border: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """Return how many of the cells above and to the left of each corner are border cells."""
    rows, columns = is_border.shape
    before = np.zeros((rows + 1, columns + 1), dtype=np.int32)
    np.cumsum(is_border, axis=1, out=before[1:, 1:])
    before.cumsum(axis=0, out=before)
    return before


def _within_reach(
    areas: npt.NDArray[Any], boxes: FloatArray
) -> tuple[npt.NDArray[Any], FloatArray]:
    """Return the areas with None for those beyond all boxes, and the bounds of what is common."""
    (low, high), found = _bounds(boxes), shapely.bounds(areas).T
    begins_before, ends_after = high >= found[:2].T, low <= found[2:].T
    meets = np.all(begins_before & ends_after, axis=1)
    if meets.any():
        low_area, high_area = _bounds(found[:, meets])
        low, high = np.maximum(low, low_area), np.minimum(high, high_area)
    reached = areas.copy()
    reached[~meets] = None
    return reached, np.concatenate([low, high])


def _bounds(boxes: FloatArray) -> tuple[FloatArray, FloatArray]:
    return boxes[:2].min(axis=1, initial=np.inf), boxes[2:].max(axis=1, initial=-np.inf)


def _grid(bounds: FloatArray, count: int) -> Grid:
    low, high = bounds[:2], bounds[2:]
    smallest = max(np.abs(bounds).max() * _SMALLEST, np.finfo(float).tiny)
    extent = np.maximum(high - low, max((high - low).max() / count, smallest))
    cell = max(np.sqrt(extent.prod() / count), smallest)
    inner = np.maximum(np.floor(extent / cell), 1)
    size = (int(inner[0]) + 3, int(inner[1]) + 3)
    return Grid(low[:, None], (inner / extent)[:, None], size)


def _owners(
    areas: npt.NDArray[Any], grid: Grid, patch: npt.NDArray[np.int32], patches: int
) -> tuple[IntArray, IntArray]:
    """Ask for one cell of each patch which areas contain its middle."""
    # each patch has a cell whose neighbour on the left, or at the end of the row above, is none
    # of its own
    of_cell = patch.ravel()
    begins = np.flatnonzero(np.append(True, of_cell[1:] != of_cell[:-1]))
    some_cell = np.zeros(patches + 1, dtype=np.int64)
    some_cell[of_cell[begins]] = begins
    row, column = np.divmod(some_cell, grid.size[0])
    middle = np.stack([column[1:], row[1:]]) - 0.5
    area, found = containing(areas, middle / grid.per_unit + grid.low)
    order = np.argsort(found, kind="stable")
    of_patch = np.bincount(found + 1, minlength=patches + 1)
    return area[order], np.concatenate([[0], np.cumsum(of_patch)])
