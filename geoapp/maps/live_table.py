"""The live table: rows as the plain data that `table.js` shows."""

from __future__ import annotations

from typing import Any

import pandas as pd

from geoapp.core.table import Column, Table

Json = dict[str, Any]


def table_payload(table: Table, *, caption: str, language: str, selectable: bool) -> Json:
    """Return what the component shows, ready for JSON.

    Parameters
    ----------
    table
        Its index gives the keys of the rows.
    caption
        What the table holds, for those who do not see it.
    language
        BCP 47 tag; numbers are written and texts sorted as it asks.
    selectable
        Whether a row can be selected.

    Returns
    -------
        Numbers are rounded to the decimals of their column; what is unknown is ``None``.
    """
    cells = [_cells(table.rows[column.slug], column) for column in table.columns]
    return {
        "caption": caption,
        "language": language,
        "selectable": selectable,
        "columns": [
            {"heading": column.heading, "kind": column.kind, "decimals": column.decimals}
            for column in table.columns
        ],
        "rows": [
            {"key": str(key), "cells": list(row)}
            for key, row in zip(table.rows.index, zip(*cells, strict=True), strict=True)
        ],
    }


def _cells(values: pd.Series, column: Column) -> list[object]:
    known = values.notna()
    if column.kind == "number":
        rounded = pd.to_numeric(values).astype("float64").round(column.decimals)
        return [number if found else None for number, found in zip(rounded, known, strict=True)]
    return [str(text) if found else None for text, found in zip(values, known, strict=True)]
