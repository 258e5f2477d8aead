"""Marginalisation status: Polish and Czech lists in one vocabulary.

``at-risk`` stands for an area at risk of permanent marginalisation (Polish strategy KSRR) and
for an economically and socially endangered area (Czech HSOÚ, delimited by administrative
district, ORP). ``not-listed``: the source looked at the municipality and does not name it.
``unknown``: no source says anything; it is never read as "not at risk".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, Self

import pandas as pd
from pydantic import Field, model_validator

from geoapp.core.codes import unit_key
from geoapp.core.partnership import Certainty, FuzzyDate
from geoapp.core.value import Value

Status = Literal["at-risk", "losing-functions", "not-listed", "unknown"]
ListName = Literal["ksrr", "hsou"]

STATUSES: tuple[Status, ...] = ("at-risk", "losing-functions", "not-listed", "unknown")
COLUMNS = ("status", "list", "year", "certainty", "source", "date", "note")


class StatusRow(Value):
    """One row of a status list, for a municipality or for a Czech district (ORP, by name)."""

    list: ListName
    year: int | None = Field(default=None, ge=1990, le=2100)
    unit_kind: Literal["municipality", "orp"]
    unit: str = Field(min_length=1)
    name: str = ""
    status: Status
    certainty: Certainty = "certain"
    source: str = Field(min_length=1)
    date: FuzzyDate | None = None
    note: str = ""

    @model_validator(mode="after")
    def _unit_fits_kind(self) -> Self:
        if self.unit_kind == "municipality" and unit_key(self.unit) is None:
            raise ValueError(f"{self.unit!r} is no municipality code")
        return self


def resolve_statuses(rows: Sequence[StatusRow], municipalities: pd.DataFrame) -> pd.DataFrame:
    """Return the status of every municipality, with where it comes from.

    Parameters
    ----------
    rows
        Rows of all lists.
    municipalities
        Indexed by unit key; the optional column ``orp`` holds the Czech district's name.

    Returns
    -------
    pandas.DataFrame
        Same index; columns `COLUMNS`. The latest statement wins, a municipality's own row before
        its district's; where no row speaks, ``unknown`` with empty source.
    """
    by_unit = _latest(row for row in rows if row.unit_kind == "municipality")
    by_orp = _latest(row for row in rows if row.unit_kind == "orp")
    orps = (
        municipalities["orp"]
        if "orp" in municipalities
        else pd.Series("", index=municipalities.index)
    )
    found = [by_unit.get(str(unit)) or by_orp.get(str(orp)) for unit, orp in orps.items()]
    return pd.DataFrame(
        [_as_record(row) for row in found], index=municipalities.index, columns=list(COLUMNS)
    )


def _latest(rows: Iterable[StatusRow]) -> dict[str, StatusRow]:
    chosen: dict[str, StatusRow] = {}
    for row in sorted(rows, key=lambda row: (str(row.year or row.date or "")[:4], row.date or "")):
        key = unit_key(row.unit) if row.unit_kind == "municipality" else row.unit
        chosen[str(key)] = row
    return chosen


def _as_record(row: StatusRow | None) -> tuple[object, ...]:
    if row is None:
        return ("unknown", "", None, "", "", "", "")
    return (row.status, row.list, row.year, row.certainty, row.source, row.date or "", row.note)
