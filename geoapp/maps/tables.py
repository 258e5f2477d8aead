"""Tables as files: CSV and XLSX that spreadsheets open as data, never as formulas."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pandas as pd

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def table_csv(table: pd.DataFrame) -> bytes:
    """Return the table as CSV in UTF-8 with a byte order mark, which spreadsheets expect."""
    return table.map(_as_data).to_csv(index=False).encode("utf-8-sig")


def table_xlsx(
    table: pd.DataFrame, *, title: str, notes: Sequence[str], sheet: str, notes_sheet: str
) -> bytes:
    """Return the table as XLSX, with a second sheet of notes and sources.

    Text stays text: a cell that begins like a formula is stored as a string.
    """
    content = io.BytesIO()
    with pd.ExcelWriter(content, engine="openpyxl") as writer:
        table.to_excel(writer, sheet_name=sheet[:31], index=False, freeze_panes=(1, 1))
        pd.DataFrame({title: list(notes)}).to_excel(
            writer, sheet_name=notes_sheet[:31], index=False
        )
        for worksheet in writer.sheets.values():
            for column in worksheet.columns:
                width = max(len(str(cell.value or "")) for cell in column)
                worksheet.column_dimensions[column[0].column_letter].width = min(width + 2, 60)
                for cell in column:
                    if cell.data_type == "f":
                        cell.data_type = "s"
    return content.getvalue()


def _as_data(value: object) -> object:
    """Keep a spreadsheet from reading a text as a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
