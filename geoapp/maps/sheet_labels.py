"""Names on the map: the important ones first, none over another, each beside its own area."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geoapp.maps.sheet_layout import Rect
from geoapp.maps.sheet_text import MM_PER_POINT, inert, line_height, shortened, text_width

_LONGEST_EMS = 16
_PADDING_EMS = 0.25
_TWO_LINES_EMS = 7

# Where a name may move from its anchor, in parts of its own width and height.
_MOVES = (
    (0, 0),
    (0, 0.7),
    (0, -0.7),
    (0.3, 0),
    (-0.3, 0),
    (0, 1.3),
    (0, -1.3),
    (0.55, 0.6),
    (-0.55, 0.6),
    (0.55, -0.6),
    (-0.55, -0.6),
    (0.7, 0),
    (-0.7, 0),
    (0, 2.1),
    (0, -2.1),
    (0.7, 1.4),
    (-0.7, 1.4),
    (0.7, -1.4),
    (-0.7, -1.4),
)


@dataclass(frozen=True)
class Candidate:
    """A name that wants to be on the map.

    Attributes
    ----------
    name
        The words.
    anchor
        Where it belongs, in mm of the page.
    shape
        Its shape in mm of the page; the middle of the name does not leave an area.
    size
        Of its letters in points.
    bold
        Whether it is one of those that the map is about.
    """

    name: str
    anchor: tuple[float, float]
    shape: shapely.Geometry
    size: float
    bold: bool


@dataclass(frozen=True)
class Label:
    """A name with its place: lines of text and the box around them in mm of the page."""

    lines: tuple[str, ...]
    box: Rect
    size: float
    bold: bool


def place_labels(
    candidates: Iterable[Candidate], frame: Rect, obstacles: NDArray[np.float64]
) -> tuple[list[Label], int]:
    """Return the names that have room, and how many have none.

    Parameters
    ----------
    candidates
        The most important first.
    frame
        The part of the page that names do not leave.
    obstacles
        Boxes of symbols, shape (n, 4): left, bottom, right, top. Only a bold name goes over one
        of them, and only where it has no other place.
    """
    taken = _Boxes()
    symbols = shapely.STRtree(shapely.box(*obstacles.T)) if len(obstacles) else None
    placed, dropped = [], 0
    for candidate in candidates:
        label = _first_free(candidate, frame, taken, symbols)
        if label is None:
            dropped += 1
        else:
            placed.append(label)
            taken.add(label.box)
    return placed, dropped


def name_lines(name: str, size: float, *, bold: bool) -> tuple[str, ...]:
    """Return a name in one line, or in two of about the same length where it is long.

    >>> name_lines("Czechowice-Dziedzice Wschodnie", 8, bold=False)
    ('Czechowice-', 'Dziedzice Wschodnie')
    """
    em = size * MM_PER_POINT
    whole = shortened(name, 2 * _LONGEST_EMS * em, size, bold=bold)
    if text_width(whole, size, bold=bold) <= _TWO_LINES_EMS * em:
        return (whole,)
    breaks = [place + 1 for place, letter in enumerate(whole[:-1]) if letter in " -–"]
    if not breaks:
        return (shortened(whole, _LONGEST_EMS * em, size, bold=bold),)
    middle = min(breaks, key=lambda place: abs(place - len(whole) / 2))
    halves = whole[:middle].strip(), whole[middle:].strip()
    return tuple(shortened(half, _LONGEST_EMS * em, size, bold=bold) for half in halves)


def _first_free(
    candidate: Candidate, frame: Rect, taken: _Boxes, symbols: shapely.STRtree | None
) -> Label | None:
    if not inert(candidate.name):
        return None
    free = [
        label
        for label in _places(candidate)
        if _within(label.box, frame) and not taken.meets(label.box)
    ]
    if symbols is None or not free:
        return free[0] if free else None
    boxes = [_polygon(label.box) for label in free]
    covered = np.bincount(symbols.query(boxes)[0], minlength=len(boxes))
    best = int(np.argmin(covered))
    return free[best] if candidate.bold or not covered[best] else None


def _places(candidate: Candidate) -> Iterator[Label]:
    """Yield where the name may stand, the best place first."""
    lines = name_lines(candidate.name, candidate.size, bold=candidate.bold)
    width = max(text_width(line, candidate.size, bold=candidate.bold) for line in lines)
    height = len(lines) * line_height(candidate.size)
    padding = _PADDING_EMS * candidate.size * MM_PER_POINT
    is_area = shapely.area(candidate.shape) > 0
    for right, up in _MOVES:
        middle = (
            candidate.anchor[0] + right * width,
            candidate.anchor[1] + up * height,
        )
        moved = bool(right or up)
        if moved and is_area and not shapely.intersects_xy(candidate.shape, *middle):
            continue
        box = Rect(middle[0] - width / 2, middle[1] - height / 2, width, height)
        yield Label(lines, box.grown(padding), candidate.size, candidate.bold)


class _Boxes:
    """The boxes that are taken, found again by the cells of a grid."""

    _CELL_MM = 20.0

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[Rect]] = {}

    def add(self, box: Rect) -> None:
        for cell in self._cells_of(box):
            self._cells.setdefault(cell, []).append(box)

    def meets(self, box: Rect) -> bool:
        near = (other for cell in self._cells_of(box) for other in self._cells.get(cell, ()))
        return any(
            box.left < other.right
            and other.left < box.right
            and box.bottom < other.top
            and other.bottom < box.top
            for other in near
        )

    def _cells_of(self, box: Rect) -> Sequence[tuple[int, int]]:
        side = self._CELL_MM
        columns = range(int(box.left // side), int(box.right // side) + 1)
        rows = range(int(box.bottom // side), int(box.top // side) + 1)
        return [(column, row) for column in columns for row in rows]


def _within(box: Rect, frame: Rect) -> bool:
    return (
        box.left >= frame.left
        and box.bottom >= frame.bottom
        and box.right <= frame.right
        and box.top <= frame.top
    )


def _polygon(box: Rect) -> shapely.Polygon:
    return shapely.box(box.left, box.bottom, box.right, box.top)
