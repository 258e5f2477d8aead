"""Tables as native tables of slides, cut so that each slide can be read from the back row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.slide import Slide
from pptx.util import Emu, Pt

from geoapp.core.phrases import Phrases
from geoapp.core.table import Column, Table
from geoapp.maps.office_package import written_text
from geoapp.maps.sheet_text import line_height, text_width, wrap
from geoapp.maps.slides_shapes import EMU_PER_MM, LOCALES, Box

ROWS = 12
COLUMNS = 7

_SIZE, _LARGE = 12, 16
_LONGEST_CELL, _LONGEST_HEADING = 60, 70
_WIDE_MM, _PADDING_MM = 60.0, 5.0
_BETWEEN_ROWS_MM = 1.5
_AIR = 4 * EMU_PER_MM


@dataclass(frozen=True)
class TablePart:
    """What of a table stands on one slide: texts as they are shown, ``widths`` in EMU."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    widths: tuple[int, ...]
    size: int = _SIZE


def table_parts(table: Table, phrases: Phrases, room: Box) -> tuple[TablePart, ...]:
    """Return a table in parts of at most `ROWS` rows and `COLUMNS` columns that fit into a box.

    The first column is repeated in each part; what is unknown is a dash.
    """
    return tuple(
        part
        for columns in _column_groups(table.columns)
        for part in _row_parts(_whole(table.rows, columns, phrases, room), room)
    )


def text_part(headings: Sequence[str], rows: Sequence[Sequence[str]], room: Box) -> TablePart:
    """Return a table of texts for a box, the last column of figures."""
    last = len(headings) - 1
    above = tuple(written_text(heading, _LONGEST_HEADING) for heading in headings)
    cells = tuple(tuple(written_text(cell, _LONGEST_CELL) for cell in row) for row in rows)
    numeric = tuple(place == last for place in range(len(headings)))
    return TablePart(above, cells, numeric, _widths(above, cells, room.width, _LARGE), _LARGE)


def add_table(slide: Slide, part: TablePart, box: Box, name: str, language: str) -> None:
    """Put a part of a table on a slide, editable, with its heading marked as such."""
    needed = _heights(part)
    airy = min(max((box.height - sum(needed)) // len(needed), 0), _AIR)
    heights = [height + airy for height in needed]
    places = map(Emu, (box.left, box.top, sum(part.widths), sum(heights)))
    frame = slide.shapes.add_table(len(heights), len(part.headings), *places)
    frame.name = written_text(name, 120)
    frame._element.nvGraphicFramePr.cNvPr.set("descr", written_text(name))
    table = frame.table
    for place, width in enumerate(part.widths):
        table.columns[place].width = width
    for place, texts in enumerate((part.headings, *part.rows)):
        table.rows[place].height = heights[place]
        for column, text in enumerate(texts):
            _write(table.cell(place, column), text, part, column, place == 0, language)


def _write(
    cell: Any,  # noqa: ANN401 - python-pptx does not name its type
    text: str,
    part: TablePart,
    column: int,
    heading: bool,
    language: str,
) -> None:
    cell.margin_top = cell.margin_bottom = Pt(2)
    cell.margin_left = cell.margin_right = Pt(5)
    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    paragraph = cell.text_frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.RIGHT if part.numeric[column] else PP_ALIGN.LEFT
    run = paragraph.add_run()
    run.text = text
    run.font.size = Pt(part.size - heading)
    run.font.bold = heading
    run._r.get_or_add_rPr().set("lang", LOCALES[language])


def _texts(values: pd.Series, column: Column, phrases: Phrases) -> list[str]:
    if column.kind == "number":
        numbers = pd.to_numeric(values).astype("float64")
        return [phrases.number(float(number), column.decimals) for number in numbers]
    unknown = phrases.number(None)
    return [
        written_text(str(text), _LONGEST_CELL) if pd.notna(text) else unknown for text in values
    ]


def _column_groups(columns: tuple[Column, ...]) -> Iterator[tuple[Column, ...]]:
    first, rest = columns[:1], columns[1:]
    step = COLUMNS - 1
    if not rest:
        yield first
    for start in range(0, len(rest), step):
        yield (*first, *rest[start : start + step])


def _whole(
    rows: pd.DataFrame, columns: tuple[Column, ...], phrases: Phrases, room: Box
) -> TablePart:
    """Return all rows of some columns, with the widths that all parts of them have."""
    headings = tuple(written_text(column.heading, _LONGEST_HEADING) for column in columns)
    texts = (_texts(rows[column.slug], column, phrases) for column in columns)
    cells = tuple(zip(*texts, strict=True))
    numeric = tuple(column.kind == "number" for column in columns)
    return TablePart(headings, cells, numeric, _widths(headings, cells, room.width, _SIZE))


def _row_parts(whole: TablePart, room: Box) -> Iterator[TablePart]:
    heading, *heights = _heights(whole)
    start, used = 0, heading
    for place, height in enumerate(heights):
        if place > start and (place - start == ROWS or used + height > room.height):
            yield replace(whole, rows=whole.rows[start:place])
            start, used = place, heading
        used += height
    yield replace(whole, rows=whole.rows[start:])


def _heights(part: TablePart) -> list[int]:
    """Return the heights in EMU that the heading and the rows need."""
    return [
        _height(texts, part, part.size - (not place), bold=not place)
        for place, texts in enumerate((part.headings, *part.rows))
    ]


def _height(texts: Sequence[str], part: TablePart, size: int, *, bold: bool) -> int:
    lines = max(
        len(wrap(text, width / EMU_PER_MM - _PADDING_MM, size, bold=bold))
        for text, width in zip(texts, part.widths, strict=True)
    )
    return round((lines * line_height(size) + _BETWEEN_ROWS_MM) * EMU_PER_MM)


def _widths(
    headings: Sequence[str], rows: Sequence[Sequence[str]], width: int, size: int
) -> tuple[int, ...]:
    """Return the widths of the columns, which add up: each holds its longest word, if all can.

    What is left goes to the columns by how much more their longest text needs, within limits.
    """
    texts = zip(*rows, strict=True) if rows else [()] * len(headings)
    columns = list(zip(headings, texts, strict=True))
    least = np.array([_widest(_words(heading), _words(*held), size) for heading, held in columns])
    # a heading may take three lines
    thirds = [text_width(heading, size, bold=True) / 3 for heading in headings]
    whole = np.maximum([_widest([], held, size) for _, held in columns], thirds)
    more = np.clip(np.minimum(whole, _WIDE_MM) - least, 0, None) + 1
    free = width / EMU_PER_MM - least.sum()
    shares = least + more * free / more.sum() if free > 0 else least
    edges = np.round(np.cumsum(shares) * (width / shares.sum())).astype(int)
    return tuple(int(step) for step in np.diff(edges, prepend=0))


def _widest(headings: Sequence[str], texts: Sequence[str], size: int) -> float:
    """Return the width in mm of a column in which none of these is broken."""
    bold = [text_width(text, size - 1, bold=True) for text in headings]
    plain = [text_width(text, size) for text in texts]
    return max([*bold, *plain], default=0.0) + _PADDING_MM


def _words(*texts: str) -> list[str]:
    return [word for text in texts for word in text.split()]
