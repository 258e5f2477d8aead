from __future__ import annotations

import json

import numpy as np
import pandas as pd

from geoapp.core.table import Column, Table
from geoapp.maps.live_table import table_payload

ROWS = pd.DataFrame(
    {
        "name": ["Ujsoły <b>", "Wałcz"],
        "population": pd.array([4321, None], dtype="Int64"),
        "area": [12.3456, np.nan],
        "role": [None, "Lider"],
    },
    index=["241714", "321701"],
)
TABLE = Table(
    ROWS,
    (
        Column("name", "Gmina"),
        Column("population", "Liczba mieszkańców", "number"),
        Column("area", "Powierzchnia (ha)", "number", 1),
        Column("role", "Rola"),
    ),
)


def test_rows_are_plain_data_with_unknown_as_null() -> None:
    sent = table_payload(TABLE, caption="Gminy", language="pl", selectable=True)
    assert sent["rows"] == [
        {"key": "241714", "cells": ["Ujsoły <b>", 4321, 12.3, None]},
        {"key": "321701", "cells": ["Wałcz", None, None, "Lider"]},
    ]
    assert sent["columns"][2] == {"heading": "Powierzchnia (ha)", "kind": "number", "decimals": 1}
    assert json.loads(json.dumps(sent, allow_nan=False)) == sent


def test_a_table_without_rows_keeps_its_columns() -> None:
    empty = Table(ROWS.iloc[:0], TABLE.columns)
    sent = table_payload(empty, caption="Gminy", language="pl", selectable=False)
    assert sent["rows"] == []
    assert len(sent["columns"]) == 4
