"""Figures by municipality, as statistical offices publish them: one period, unknown kept apart."""

from __future__ import annotations

import pandas as pd

from geoapp.core.codes import country_of, unit_keys
from geoapp.core.layer import Columns
from geoapp.core.phrases import mark
from geoapp.core.raw import some_of, warning
from geoapp.errors import Problem
from geoapp.sources.remote.pulled import Area, PulledLayer
from geoapp.sources.remote.registry import RemoteSource

FIGURES = ("code", "name", "period", "value")
"""Columns of figures: municipality code, its name, ``YYYY[-MM[-DD]]``, and a number or none."""

_PUBLISHED = 0.5


def value_layer(figures: pd.DataFrame, source: RemoteSource, area: Area) -> PulledLayer:
    """Return the layer of the figures of one period, for the municipalities of an area.

    The theme is what the registry calls ``table``, the same for the tables of both countries.

    Parameters
    ----------
    figures
        Columns `FIGURES`, of any municipalities; each once in a period.
    source
        ``parameters.period`` names the period that is wanted, such as ``2023``; by default it is
        the newest one that is known for half of the municipalities.
    area
        For which municipalities.

    Notes
    -----
    A municipality without a figure stays unknown, and is told. Where no figure is known at all
    the table is empty.
    """
    units = unit_keys(figures["code"])
    own = figures[_inside(units, area)].assign(unit=units)
    period = _chosen_period(own, source.parameters.get("period", ""))
    rows = own[own["period"] == period] if period else own.iloc[:0]
    if rows["value"].isna().all():
        rows = rows.iloc[:0]
    return PulledLayer(
        slug=source.slug_of_layer,
        theme=source.theme or source.parameters.get("table", source.slug_of_layer),
        names=source.names,
        kind="table",
        table=rows[list(FIGURES)].reset_index(drop=True),
        columns=Columns(code="code", name="name", value="value"),
        measure="value",
        unit=source.parameters.get("unit"),
        complete=source.complete,
        date=period,
        problems=_without_figure(rows, source, area, period),
    )


def _inside(units: pd.Series, area: Area) -> pd.Series:
    if not area.whole:
        return units.isin(area.units)
    return units.notna() & units.map(country_of, na_action="ignore").isin(area.countries)


def _chosen_period(figures: pd.DataFrame, wanted: str) -> str | None:
    """Return the newest period that begins as wanted and is known for enough municipalities."""
    begun = figures[figures["period"].str.startswith(wanted)]
    known = begun[begun["value"].notna()].groupby("period")["unit"].nunique()
    enough = known[known >= _PUBLISHED * figures["unit"].nunique()]
    periods = enough if len(enough) else known
    return str(max(periods.index)) if len(periods) else None


def _without_figure(
    rows: pd.DataFrame, source: RemoteSource, area: Area, period: str | None
) -> tuple[Problem, ...]:
    unknown = rows[rows["value"].isna()]
    named = (unknown["unit"] + " " + unknown["name"].fillna("")).str.strip().tolist()
    absent = [] if area.whole else sorted(area.units - set(rows["unit"]))
    found = [*absent, *named]
    text = mark(
        "{count} municipalities of the area have no figure of {period} at the source; it stays "
        "unknown: {examples}."
    )
    told = {"count": len(found), "period": period or "-", "examples": some_of(found)}
    return (warning(source.slug, text, field="value", **told),) if found else ()
