"""Tables as native tables of slides, cut so that each slide can be read from the back row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.slide import Slide
from pptx.util import Emu, Pt

from geoapp.core.phrases import Phrases
from geoapp.core.table import Column, Table
from geoapp.maps.office_package import written_text
from geoapp.maps.slides_shapes import LOCALES, Box

ROWS = 12
COLUMNS = 7

_LONGEST_CELL, _LONGEST_HEADING = 60, 70


@dataclass(frozen=True)
class TablePart:
    """What of a table stands on one slide: texts as they are shown."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    size: int = 12


def table_parts(table: Table, phrases: Phrases) -> tuple[TablePart, ...]:
    """Return a table in parts of at most `ROWS` rows and `COLUMNS` columns.

    The first column is repeated in each part; what is unknown is a dash.
    """
    return tuple(
        TablePart(
            tuple(written_text(column.heading, _LONGEST_HEADING) for column in columns),
            tuple(
                zip(
                    *(_texts(rows[column.slug], column, phrases) for column in columns), strict=True
                )
            ),
            tuple(column.kind == "number" for column in columns),
        )
        for columns in _column_groups(table.columns)
        for rows in _row_groups(table.rows)
    )


def text_part(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> TablePart:
    """Return a table of texts, the last column of figures."""
    last = len(headings) - 1
    return TablePart(
        tuple(written_text(heading, _LONGEST_HEADING) for heading in headings),
        tuple(tuple(written_text(cell, _LONGEST_CELL) for cell in row) for row in rows),
        tuple(place == last for place in range(len(headings))),
        size=16,
    )


def add_table(slide: Slide, part: TablePart, box: Box, name: str, language: str) -> None:
    """Put a part of a table on a slide, editable, with its heading marked as such."""
    rows = len(part.rows) + 1
    height = min(box.height // rows, 400_000)
    places = map(Emu, (box.left, box.top, box.width, height * rows))
    frame = slide.shapes.add_table(rows, len(part.headings), *places)
    frame.name = written_text(name, 120)
    frame._element.nvGraphicFramePr.cNvPr.set("descr", written_text(name))
    table = frame.table
    for place, width in enumerate(_widths(part, box.width)):
        table.columns[place].width = width
    for place, texts in enumerate((part.headings, *part.rows)):
        table.rows[place].height = height
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


def _row_groups(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for start in range(0, max(len(rows), 1), ROWS):
        yield rows.iloc[start : start + ROWS]


def _widths(part: TablePart, width: int) -> list[int]:
    """Return the widths of the columns by their longest text, within limits; they add up."""
    columns = zip(*part.rows, strict=True) if part.rows else [()] * len(part.headings)
    wanted = [
        min(max([*map(len, texts), len(heading) // 2, *map(_word, (heading, *texts))]), 30) + 3
        for heading, texts in zip(part.headings, columns, strict=True)
    ]
    widths = [width * share // sum(wanted) for share in wanted]
    return [*widths[:-1], width - sum(widths[:-1])]


def _word(text: str) -> int:
    """Return the length of the longest word, which a narrower column would break."""
    return max(map(len, text.split()), default=0)
