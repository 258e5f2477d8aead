"""Tables as files: CSV and XLSX that spreadsheets open as data, never as formulas."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import pandas as pd
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def table_csv(table: pd.DataFrame) -> bytes:
    """Return the table as CSV in UTF-8 with a byte order mark, which spreadsheets expect.

    Text that begins like a formula, in a cell or a heading, has an apostrophe put before it.
    """
    safe = table.map(_as_data).set_axis([_as_data(name) for name in table.columns], axis=1)
    # with this line end, a text that holds a bare carriage return is quoted too
    return safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def tables_xlsx(
    tables: Mapping[str, pd.DataFrame], *, title: str, notes: Sequence[str], notes_sheet: str
) -> bytes:
    """Return tables, by the name of their sheet, as XLSX with a last sheet of notes and sources.

    Text stays text: a cell that begins like a formula is stored as a string. Control characters,
    which XLSX cannot hold, are left out.
    """
    content = io.BytesIO()
    with pd.ExcelWriter(content, engine="openpyxl") as writer:
        for sheet, table in tables.items():
            printable = table.map(_printable).set_axis(
                [_printable(name) for name in table.columns], axis=1
            )
            printable.to_excel(writer, sheet_name=sheet[:31], index=False, freeze_panes=(1, 1))
        pd.DataFrame({_printable(title): [_printable(note) for note in notes]}).to_excel(
            writer, sheet_name=notes_sheet[:31], index=False
        )
        for worksheet in writer.sheets.values():
            for column in worksheet.columns:
                width = max(len(str(cell.value or "")) for cell in column)
                worksheet.column_dimensions[column[0].column_letter].width = min(width + 2, 60)
                for cell in column:
                    # a text such as "=1" is taken for a formula, "#N/A" for an error
                    if cell.data_type in ("f", "e"):
                        cell.data_type = "s"
    return content.getvalue()


def _printable(value: object) -> object:
    return ILLEGAL_CHARACTERS_RE.sub("", value) if isinstance(value, str) else value


def _as_data(value: object) -> object:
    """Keep a spreadsheet from reading a text as a formula."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
