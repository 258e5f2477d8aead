"""A report laid out on pages of A4: blocks that flow, tables that go on with their heading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from geoapp.maps.portrait_charts import ACCENT, RULE, facts_block, panel_blocks
from geoapp.maps.portrait_parts import (
    Blanks,
    Facts,
    Grid,
    Heading,
    MapPage,
    Panels,
    Paragraph,
    Part,
    Report,
)
from geoapp.maps.sheet_layout import Block, Look, Rect
from geoapp.maps.sheet_panels import gap_block
from geoapp.maps.sheet_text import (
    INK,
    MM_PER_POINT,
    QUIET,
    inert,
    line_height,
    text_width,
    wrap,
    write,
    write_lines,
)

LOOK = Look("a4", "portrait")
COLUMN = Rect(16, 22, 178, 255)
"""The part of the page that is filled."""

_BODY, _SMALL, _HEADING, _TITLE = 8.8, 7.2, 13.0, 21.0
_CELL, _DENSE_CELL, _DENSE_FROM = 7.2, 6.4, 20
_PADDING, _LEAST_ROW_MM, _DENSE_ROW_MM = 1.2, 4.2, 3.35
_MOST_LINES = 40
_LONGEST_CELL = 12
_LEAST_HEADING = 5.0
_HAND_MM = 8.0
_AMBER = "#b35c00"


@dataclass(frozen=True)
class Laid:
    """A block on a page, with the height at which it begins."""

    block: Block
    top: float


@dataclass(frozen=True)
class Page:
    """A page of blocks, or a map; ``opens`` are the sections that begin on it."""

    blocks: tuple[Laid, ...] = ()
    shown: MapPage | None = None
    opens: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Piece:
    """A block with what is drawn again above it where it begins a page."""

    block: Block
    again: Block | None = None
    opens: str = ""


@dataclass
class _Filling:
    """The page in work."""

    top: float = COLUMN.top
    blocks: list[Laid] = field(default_factory=list)
    opens: list[str] = field(default_factory=list)

    def put(self, block: Block) -> None:
        self.blocks.append(Laid(block, self.top))
        self.top -= block.height

    def done(self) -> Page:
        return Page(tuple(self.blocks), opens=tuple(self.opens))


def pages(report: Report) -> list[Page]:
    """Return the pages of a report, maps on pages of their own."""
    found: list[Page] = []
    pieces = [_Piece(block) for block in _title_blocks(report)]
    before: Part | None = None
    for part in report.parts:
        if isinstance(part, MapPage):
            found += [*_filled(pieces), Page(shown=part)]
            pieces = []
        else:
            pieces += _pieces(part, leads=isinstance(before, Heading))
        before = part
    return [*found, *_filled(pieces)]


def _filled(pieces: Sequence[_Piece]) -> Iterator[Page]:
    """Yield pages; what leads is never parted from what comes after it."""
    page = _Filling()
    for place, piece in enumerate(pieces):
        if piece.block.height + _led(pieces, place) > page.top - COLUMN.bottom and page.blocks:
            yield page.done()
            page = _Filling()
            if piece.again is not None:
                page.put(piece.again)
        page.put(piece.block)
        if piece.opens:
            page.opens.append(piece.opens)
    if page.blocks:
        yield page.done()


def _led(pieces: Sequence[_Piece], place: int) -> float:
    """Return the height of what must stand on the same page after a piece."""
    height = 0.0
    while pieces[place].block.leads and place + 1 < len(pieces):
        place += 1
        height += pieces[place].block.height
    return min(height, COLUMN.height / 2)


def _pieces(part: Part, *, leads: bool) -> list[_Piece]:
    """Return the pieces of a part; ``leads`` where a remark must stand with what comes next."""
    if isinstance(part, Heading):
        return [_Piece(_heading_block(part.text), opens=part.text)]
    if isinstance(part, Paragraph):
        return [
            _Piece(replace(block, leads=leads and part.quiet)) for block in _paragraph_blocks(part)
        ]
    if isinstance(part, Blanks):
        return [_Piece(block) for block in _blank_blocks(part)]
    if isinstance(part, Facts):
        return [_Piece(facts_block(part, COLUMN.width))]
    if isinstance(part, Panels):
        return [_Piece(block) for block in panel_blocks(part.panels, COLUMN.width)]
    return _grid_pieces(part) if isinstance(part, Grid) else []


def _title_blocks(report: Report) -> list[Block]:
    lines = wrap(report.title, COLUMN.width, _TITLE, bold=True, most=4)
    below = wrap(report.subtitle, COLUMN.width, 9.6, most=3)
    warned = [Paragraph(told, warns=True) for told in report.notices]
    height = len(lines) * line_height(_TITLE) + len(below) * line_height(9.6) + 7

    def draw(axes: Axes, left: float, top: float) -> None:
        axes.add_artist(Rectangle((left, top + 1), 30, 1.6, facecolor=ACCENT, lw=0))
        end = write_lines(axes, lines, left, top - 2, _TITLE, bold=True, colour=ACCENT)
        write_lines(axes, below, left, end - 1, 9.6, colour=QUIET)

    return [Block(height, draw), *(block for told in warned for block in _paragraph_blocks(told))]


def _heading_block(text: str) -> Block:
    lines = wrap(text, COLUMN.width, _HEADING, bold=True, most=3)
    height = 4 + len(lines) * line_height(_HEADING) + 2.5

    def draw(axes: Axes, left: float, top: float) -> None:
        end = write_lines(axes, lines, left, top - 4, _HEADING, bold=True, colour=ACCENT)
        axes.plot([left, left + COLUMN.width], [end, end], color=ACCENT, lw=0.8)

    return Block(height, draw, leads=True)


def _paragraph_blocks(part: Paragraph) -> Iterator[Block]:
    """Yield the text in blocks that a page can hold."""
    size = _SMALL if part.quiet else _BODY
    colour = QUIET if part.quiet else INK
    indent = 4.0 if part.warns else 0.0
    lines = wrap(part.text, COLUMN.width - 2 * indent, size, bold=part.warns)
    for start in range(0, len(lines), _MOST_LINES):
        yield _lines_block(lines[start : start + _MOST_LINES], size, colour, indent, part.warns)


def _lines_block(lines: list[str], size: float, colour: str, indent: float, warns: bool) -> Block:
    frame = 1.6 if warns else 0.0
    height = len(lines) * line_height(size) + 2 * frame

    def draw(axes: Axes, left: float, top: float) -> None:
        if warns:
            box = Rectangle((left, top - height), COLUMN.width, height, fc="#fff4e5", lw=0)
            axes.add_artist(box)
            axes.add_artist(Rectangle((left, top - height), 1.4, height, fc=_AMBER, lw=0))
        write_lines(axes, lines, left + indent, top - frame, size, bold=warns, colour=colour)

    return Block(height + (1.2 if colour == QUIET else 2.4), draw)


def _blank_blocks(part: Blanks) -> list[Block]:
    words = wrap(part.heading, COLUMN.width, _BODY, bold=True, most=2)

    def draw_words(axes: Axes, left: float, top: float) -> None:
        write_lines(axes, words, left, top, _BODY, bold=True)

    def draw_line(axes: Axes, left: float, top: float) -> None:
        base = [top - _HAND_MM, top - _HAND_MM]
        axes.plot([left, left + COLUMN.width], base, color=RULE, lw=0.5)

    head = Block(len(words) * line_height(_BODY), draw_words, leads=True)
    return [head, *(Block(_HAND_MM, draw_line) for _ in range(part.lines))]


def _grid_pieces(grid: Grid) -> list[_Piece]:
    size = _DENSE_CELL if len(grid.rows) >= _DENSE_FROM else _CELL
    whole = sum(grid.weights)
    widths = [COLUMN.width * weight / whole for weight in grid.weights]
    small = min(size, *(_fitting(*pair) for pair in zip(grid.headings, widths, strict=True)))
    head = _row_block(grid, grid.headings, widths, small, bold=True, heads=True)
    last = len(grid.rows) - 1 if grid.total else -1
    rows = [
        _row_block(grid, row, widths, size, bold=place == last)
        for place, row in enumerate(grid.rows)
    ]
    below = gap_block(LOOK)
    return [_Piece(head), *(_Piece(row, again=head) for row in rows), _Piece(below)]


def _fitting(heading: str, width: float) -> float:
    """Return the size at which no word of a heading is broken, but never one too small to read."""
    widest = max(text_width(word, 1, bold=True) for word in inert(heading).split(" "))
    return max(_LEAST_HEADING, (width - 2 * _PADDING) / max(widest, 1e-6))


def _row_block(
    grid: Grid,
    cells: Sequence[str],
    widths: Sequence[float],
    size: float,
    *,
    bold: bool = False,
    heads: bool = False,
) -> Block:
    lines = [
        wrap(cell, width - 2 * _PADDING, size, bold=bold, most=_LONGEST_CELL)
        for cell, width in zip(cells, widths, strict=True)
    ]
    dense = size <= _DENSE_CELL and not heads
    least, padding = (_DENSE_ROW_MM, 0.45) if dense else (_LEAST_ROW_MM, _PADDING)
    height = max(least, max(map(len, lines)) * line_height(size) + padding)

    def draw(axes: Axes, left: float, top: float) -> None:
        if heads:
            axes.add_artist(
                Rectangle((left, top - height), COLUMN.width, height, fc="#e2e9f0", lw=0)
            )
        edge = left
        for place, (cell, width) in enumerate(zip(lines, widths, strict=True)):
            box = Rect(edge, top - padding / 2, width, 0)
            _write_cell(axes, cell, box, size, place in grid.numbers, bold)
            edge += width
        ink, wide = (INK, 0.7) if heads or bold else (RULE, 0.4)
        rule = [top - height, top - height]
        axes.plot([left, left + COLUMN.width], rule, color=ink, lw=wide)

    return Block(height, draw, leads=heads)


def _write_cell(
    axes: Axes, lines: list[str], place: Rect, size: float, number: bool, bold: bool
) -> None:
    """Write a cell from its upper edge down; numbers end at its right edge."""
    top = place.top
    if not number:
        write_lines(axes, lines, place.left + _PADDING, top, size, bold=bold)
        return
    for line in lines:
        baseline = top - 0.95 * size * MM_PER_POINT
        write(axes, line, (place.right - _PADDING, baseline), size, bold=bold, align="right")
        top -= line_height(size)
