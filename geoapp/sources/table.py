"""Reading tables, CSV and XLSX, as text: codes keep their zeros, numbers their decimal marks."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zipfile import BadZipFile

import openpyxl
import pandas as pd
import shapely

from geoapp.core.columns import plain_name
from geoapp.core.encoding import choose_encoding
from geoapp.core.phrases import mark
from geoapp.core.raw import RawLayer, refusal, warning
from geoapp.errors import Problem
from geoapp.sources.formats import FileFormat

Rows = list[list[str | None]]

_SEPARATORS = (";", "\t", ",", "|")
_LOOKED_AT = 50
# A border of a municipality as WKT has some hundred thousand characters.
_CELL_CHARACTERS = 20_000_000
_WKT_NAMES = ("wkt", "geom", "geometry", "the_geom", "wkt_geom", "geometria", "geometrie")
_WKT = re.compile(
    r"\s*(?:SRID\s*=\s*(\d{4,6})\s*;)?\s*((?:MULTI)?(?:POINT|LINESTRING|POLYGON)\b.*)",
    re.IGNORECASE | re.DOTALL,
)


def read_table(
    path: Path,
    found: FileFormat,
    *,
    file: str,
    sublayer: str | None = None,
    encoding: str | None = None,
) -> RawLayer:
    """Read a table of a sniffed format; every cell becomes stripped text, or None when empty.

    A column of geometry as WKT, such as ``POINT (19 50)``, becomes the geometry of the rows.

    Raises
    ------
    FileRefusedError
        When it cannot be read as a table, or there is no such sheet.
    """
    if found == "xlsx":
        rows, problems = _sheet(path, sublayer, file)
        return _with_geometry(RawLayer(file, _frame(rows, file), problems=problems))
    data = path.read_bytes()
    chosen = encoding or choose_encoding(data)
    try:
        text = data.decode(chosen)
    except (UnicodeDecodeError, LookupError) as error:
        raise refusal(
            file,
            "The texts are not in {encoding}. Correct or remove encoding.",
            field="encoding",
            encoding=chosen,
        ) from error
    recovered = encoding is None and not chosen.startswith("utf")
    return _with_geometry(
        RawLayer(
            file,
            _frame(_lines(text, file), file),
            encoding=chosen.upper(),
            encoding_recovered=recovered,
        )
    )


def _with_geometry(raw: RawLayer) -> RawLayer:
    """Return the table with the geometry that one of its columns holds as WKT, if one does."""
    column = next((name for name in raw.table.columns if plain_name(name) in _WKT_NAMES), None)
    if column is None:
        return raw
    cells = raw.table[column]
    found = [_WKT.fullmatch(cell) if isinstance(cell, str) else None for cell in cells]
    if sum(match is not None for match in found) * 2 < int(cells.notna().sum()) or not any(found):
        return raw
    written = [match and match.group(2) for match in found]
    geometry = shapely.from_wkt(written, on_invalid="ignore")
    codes = {match.group(1) for match in found if match and match.group(1)}
    code = codes.pop() if len(codes) == 1 else None
    unread = int((cells.notna() & shapely.is_missing(geometry)).sum())
    text = mark("{count} geometries could not be built and count as missing.")
    problems = (warning(raw.file, text, field=column, count=unread),) if unread else ()
    return replace(
        raw,
        table=raw.table.drop(columns=column),
        geometry=geometry,
        crs=f"EPSG:{code}" if code else None,
        problems=(*raw.problems, *problems),
    )


def _lines(text: str, file: str) -> Rows:
    before = csv.field_size_limit(_CELL_CHARACTERS)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text)))
    except csv.Error as error:
        raise refusal(
            file, "The table cannot be read ({reason}). Export it again.", reason=str(error)
        ) from error
    finally:
        csv.field_size_limit(before)
    return [[cell.strip() or None for cell in row] for row in rows]


def _separator(text: str) -> str:
    """Return the separator that splits the first lines most evenly, the header among them."""
    beginning = "\n".join(text.splitlines()[:_LOOKED_AT])

    def evenness(separator: str) -> tuple[float, int]:
        widths = [
            len(row) for row in csv.reader(beginning.splitlines(), delimiter=separator) if row
        ]
        width, often = Counter(widths).most_common(1)[0] if widths else (1, 0)
        return (often / len(widths), width) if width > 1 and width in widths[:3] else (0.0, 1)

    return max(_SEPARATORS, key=evenness)


def _sheet(path: Path, wanted: str | None, file: str) -> tuple[Rows, tuple[Problem, ...]]:
    try:
        with warnings.catch_warnings():
            # openpyxl warns of styles and rules that play no part in reading cells.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            names = tuple(book.sheetnames)
            name = _sheet_name(names, wanted, file)
            sheet = book[name]
            sheet.reset_dimensions()
            rows = [[_cell(value) for value in row] for row in sheet.iter_rows(values_only=True)]
            book.close()
    except (BadZipFile, KeyError, ValueError, OSError, TypeError, SyntaxError) as error:
        raise refusal(
            file,
            "The workbook cannot be read ({reason}). Save it again as XLSX.",
            reason=str(error),
        ) from error
    if len(names) == 1 or wanted:
        return rows, ()
    text = mark("The workbook has several sheets; {name} was read. The others: {others}.")
    others = ", ".join(other for other in names if other != name)
    return rows, (warning(file, text, field="sublayer", name=name, others=others),)


def _sheet_name(names: Sequence[str], wanted: str | None, file: str) -> str:
    if wanted is None:
        return names[0]
    if wanted in names:
        return wanted
    raise refusal(
        file,
        "The workbook has no sheet {wanted}. Name one with sublayer: {sheets}.",
        field="sublayer",
        wanted=wanted,
        sheets=", ".join(names),
    )


def _cell(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return str(value).strip() or None


def _frame(rows: Rows, file: str) -> pd.DataFrame:
    """Make a frame of text; titles above the header and blank lines are left out."""
    rows = [row for row in rows if any(cell is not None for cell in row)]
    filled = [sum(cell is not None for cell in row) for row in rows[:_LOOKED_AT]]
    if not rows or max(filled) < 2:
        raise refusal(
            file,
            "The file is no table: no line has two cells. Expected a header and rows, separated "
            "by comma, semicolon or tab.",
        )
    top = next(line for line, cells in enumerate(filled) if cells >= 0.6 * max(filled))
    header = _header(rows[top])
    body = rows[top + 1 :]
    if body and body[0][: len(header)] == [str(number + 1) for number in range(len(header))]:
        body = body[1:]
    return pd.DataFrame(_even(body, len(header), top + 2, file), columns=header, dtype=object)


def _header(cells: list[str | None]) -> list[str]:
    while cells and cells[-1] is None:
        cells = cells[:-1]
    names: dict[str, None] = {}
    for position, cell in enumerate(cells, start=1):
        name = cell or f"column_{position}"
        names[f"{name}_{position}" if name in names else name] = None
    return list(names)


def _even(rows: Rows, width: int, first_line: int, file: str) -> Rows:
    for line, row in enumerate(rows, start=first_line):
        if any(cell is not None for cell in row[width:]):
            raise refusal(
                file,
                "Line {line} has more cells than the header ({width}). Put texts that hold the "
                "separator into quotes.",
                line=line,
                width=width,
            )
    return [row[:width] + [None] * (width - len(row)) for row in rows]
