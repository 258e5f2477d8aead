"""The arrangement of a print sheet: paper, sizes of text, and blocks that flow into columns.

All lengths are millimetres of paper from the lower left corner, text sizes are points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

Paper = Literal["a4", "a3", "a0"]
Orientation = Literal["portrait", "landscape"]

PAPERS: dict[Paper, tuple[float, float]] = {
    "a4": (210, 297),
    "a3": (297, 420),
    "a0": (841, 1189),
}
_FACTORS: dict[Paper, float] = {"a4": 1.0, "a3": 1.3, "a0": 3.2}
"""How much larger than on A4 everything is drawn; less than the paper grows, so that a larger
sheet also shows more."""


@dataclass(frozen=True, slots=True)
class Rect:
    """A part of the page."""

    left: float
    bottom: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width

    @property
    def top(self) -> float:
        """The upper edge."""
        return self.bottom + self.height

    @property
    def centre(self) -> tuple[float, float]:
        """The middle, right and up."""
        return self.left + self.width / 2, self.bottom + self.height / 2

    def grown(self, margin: float) -> Rect:
        """Return the part with a margin around it, or less of it with a negative one."""
        return Rect(
            self.left - margin,
            self.bottom - margin,
            self.width + 2 * margin,
            self.height + 2 * margin,
        )


@dataclass(frozen=True, slots=True)
class Look:
    """The page and how large things are on it; ``text`` shrinks what must fit."""

    paper: Paper
    orientation: Orientation
    text: float = 1.0

    @property
    def page(self) -> Rect:
        """The whole paper."""
        sides = PAPERS[self.paper]
        width, height = sides if self.orientation == "portrait" else sides[::-1]
        return Rect(0, 0, width, height)

    @property
    def factor(self) -> float:
        """How much larger than on A4 things are drawn."""
        return _FACTORS[self.paper]

    @property
    def gap(self) -> float:
        """The distance of two parts of the sheet."""
        return 3 * self.factor

    def size(self, points: float) -> float:
        """Return a text size in points of this sheet from one of an A4 sheet."""
        return points * self.factor * self.text

    def shrunk(self, text: float) -> Look:
        """Return the same sheet with smaller text."""
        return replace(self, text=text)


@dataclass(frozen=True, slots=True)
class Block:
    """Something of a known height that is drawn from its upper left corner down.

    A block that ``leads`` never stands last in a column, a ``blank`` one never first.
    """

    height: float
    draw: Callable[[Axes, float, float], None]
    leads: bool = False
    blank: bool = False


def flow(blocks: Sequence[Block], height: float, columns: int) -> list[list[Block]] | None:
    """Return the blocks in columns of a height, in their order; None where they do not fit."""
    filled: list[list[Block]] = [[]]
    left = height
    for place, block in enumerate(blocks):
        if block.blank and not filled[-1]:
            continue
        wanted = _together(blocks, place)
        if wanted > left + 1e-9 and filled[-1]:
            filled.append([])
            left = height
            if block.blank:
                continue
        if wanted > left + 1e-9 or len(filled) > columns:
            return None
        filled[-1].append(block)
        left -= block.height
    return filled


def _together(blocks: Sequence[Block], place: int) -> float:
    """Return the height of a block and of those that it must not be parted from."""
    last = place
    while blocks[last].leads and last + 1 < len(blocks):
        last += 1
    return sum(block.height for block in blocks[place : last + 1])


def least_height(blocks: Sequence[Block], most: float, columns: int) -> float | None:
    """Return the smallest height, to a millimetre, at which blocks fit; None beyond the most."""
    if flow(blocks, most, columns) is None:
        return None
    heights = range(max(1, int(sum(block.height for block in blocks) / columns)), int(most) + 1)
    return next((float(height) for height in heights if flow(blocks, height, columns)), None)


def draw_columns(
    axes: Axes, columns: Sequence[Sequence[Block]], place: Rect, width: float, gap: float
) -> None:
    """Draw columns of blocks beside one another, each from the upper edge of the place."""
    for number, column in enumerate(columns):
        top = place.top
        for block in column:
            block.draw(axes, place.left + number * (width + gap), top)
            top -= block.height


def layer_axes(figure: Figure, look: Look, place: Rect, name: str) -> Axes:
    """Return a named layer of the figure for a part of the page, in mm of the page."""
    page = look.page
    shares = (
        place.left / page.width,
        place.bottom / page.height,
        place.width / page.width,
        place.height / page.height,
    )
    axes = figure.add_axes(shares, frameon=False, xticks=[], yticks=[])
    axes.set_xlim(place.left, place.right)
    axes.set_ylim(place.bottom, place.top)
    axes.set_axis_off()
    axes.set_gid(name)
    return axes
