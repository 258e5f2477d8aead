"""Tables as files: CSV and XLSX that spreadsheets open as data, never as formulas."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Mapping, Sequence

import pandas as pd
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from geoapp.core.atlas import Atlas
from geoapp.core.phrases import Phrases, mark
from geoapp.core.table import Column, Table, theme_name
from geoapp.maps.office_package import dated_package

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

UNKNOWN_NOTE = mark("An empty cell stands for what is unknown, never for zero.")
"""Belongs to the notes of a workbook, in the language of the reader."""

_IDENTITY = ("name", "code", "country")
_NOTES_WIDTH = 110
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
_BOLD = Font(name="Calibri", size=11, bold=True)
_TINT = PatternFill("solid", fgColor="DCE6F1")
_WRAPPED = Alignment(wrap_text=True, vertical="top")


def table_csv(table: pd.DataFrame) -> bytes:
    """Return the table as CSV in UTF-8 with a byte order mark, which spreadsheets expect.

    Text that begins like a formula, in a cell or a heading, has an apostrophe put before it.
    """
    safe = table.map(_as_data).set_axis([_as_data(name) for name in table.columns], axis=1)
    # with this line end, a text that holds a bare carriage return is quoted too
    return safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def theme_tables(atlas: Atlas, table: Table, phrases: Phrases) -> dict[str, Table]:
    """Return a table of municipalities as one of facts and one for each theme, by its name.

    Parameters
    ----------
    atlas
        Knows which theme a figure belongs to.
    table
        As from `geoapp.core.table.municipality_rows`.
    phrases
        The language of the names.
    """
    themes = {layer.spec.slug: layer.spec.theme for layer in atlas.themes}
    facts = [column for column in table.columns if ":" not in column.slug]
    known = [column for column in facts if column.slug in _IDENTITY]
    parts: dict[str, list[Column]] = {}
    for column in table.columns:
        if ":" in column.slug:
            slug = column.slug.partition(":")[0]
            name = theme_name(atlas, themes.get(slug, slug), phrases)
            parts.setdefault(name, []).append(column)
    sheets = {phrases.gettext("Municipalities"): tuple(facts)}
    sheets |= {name: (*known, *columns) for name, columns in parts.items()}
    return {
        name: Table(table.rows[[column.slug for column in columns]], columns)
        for name, columns in sheets.items()
    }


def tables_xlsx(
    tables: Mapping[str, Table | pd.DataFrame],
    *,
    title: str,
    notes: Sequence[str],
    notes_sheet: str,
    date: dt.date | None = None,
) -> bytes:
    """Return tables, by the name of their sheet, as XLSX with a last sheet of notes and sources.

    Text stays text: a cell that begins like a formula is stored as a string. Control characters,
    which XLSX cannot hold, are left out. Numbers are whole in the cell and shown with the
    decimals of their column; a cell of an unknown figure is empty.

    Parameters
    ----------
    tables
        Described tables, or frames that are written as they are.
    title, notes
        First line and further lines of the last sheet.
    notes_sheet
        Name of the last sheet.
    date
        What the file is dated: the same input then gives the same bytes. Without it, the moment
        of writing.
    """
    names = _sheet_names([*tables, notes_sheet])
    content = io.BytesIO()
    with pd.ExcelWriter(content, engine="openpyxl") as writer:
        for sheet, table in zip(names, tables.values(), strict=False):
            frame = table.headed() if isinstance(table, Table) else table
            _plain(frame).to_excel(writer, sheet_name=sheet, index=False, freeze_panes=(1, 1))
            if isinstance(table, Table):
                _show_decimals(writer.sheets[sheet], table.columns)
        told = pd.DataFrame({_printable(title): [_printable(note) for note in notes]})
        told.to_excel(writer, sheet_name=names[-1], index=False)
        for worksheet in writer.sheets.values():
            _finish(worksheet)
        last = writer.sheets[names[-1]]
        last.column_dimensions["A"].width = _NOTES_WIDTH
        for (cell,) in last.iter_rows():
            cell.alignment = _WRAPPED
    return dated_package(content.getvalue(), date) if date else content.getvalue()


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    return table.map(_printable).set_axis([_printable(name) for name in table.columns], axis=1)


def _show_decimals(worksheet: Worksheet, columns: Sequence[Column]) -> None:
    for cells, column in zip(worksheet.columns, columns, strict=True):
        if column.kind == "number":
            for cell in cells[1:]:
                cell.number_format = "#,##0" + (
                    "." + "0" * column.decimals if column.decimals else ""
                )


def _finish(worksheet: Worksheet) -> None:
    """Make a sheet ready to be read and printed, and keep every text a text."""
    worksheet.page_setup.orientation = "landscape"
    worksheet.page_setup.fitToHeight = 0
    worksheet.sheet_properties.pageSetUpPr.fitToPage = True
    worksheet.print_title_rows = "1:1"
    for column in worksheet.columns:
        heading, *cells = column
        width = max((len(str(cell.value or "")) for cell in cells), default=0)
        # a long heading takes several lines
        wanted = max(width, min(len(str(heading.value or "")), 24))
        worksheet.column_dimensions[heading.column_letter].width = min(wanted + 2, 60)
        heading.font, heading.fill, heading.alignment = _BOLD, _TINT, _WRAPPED
        for cell in column:
            # a text such as "=1" is taken for a formula, "#N/A" for an error
            if cell.data_type in ("f", "e"):
                cell.data_type = "s"


def _sheet_names(names: Sequence[str]) -> list[str]:
    """Return names that a workbook allows: no two alike, at most 31 characters, few signs."""
    found: list[str] = []
    for name in names:
        plain = _FORBIDDEN.sub(" ", str(_printable(name))).strip("' ") or "-"
        free, number = plain[:31], 1
        while free.lower() in (other.lower() for other in found):
            number += 1
            ending = f" {number}"
            free = plain[: 31 - len(ending)] + ending
        found.append(free)
    return found


def _printable(value: object) -> object:
    return ILLEGAL_CHARACTERS_RE.sub("", value) if isinstance(value, str) else value


def _as_data(value: object) -> object:
    """Keep a spreadsheet from reading a text as a formula."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
