"""Figures of themes: layers joined, rates added, unknown kept apart from zero."""

from __future__ import annotations

import pandas as pd

_NOT_ADDED = ("share_percent", "value")


def add_rates(figures: pd.DataFrame, municipalities: pd.DataFrame) -> pd.DataFrame:
    """Return the figures of themes with places per 1,000 residents and per 100 children added.

    A rate is unknown where the places, the residents or the children are.
    """
    places = figures[figures["quantity"] == "places"]
    # without any places, pandas would give the empty column the type of the units
    population = places["unit"].map(municipalities["population"]).astype("float64")
    children = places["unit"].map(municipalities["children"]).astype("float64")
    rates = [
        places.assign(quantity=quantity, value=factor * places["value"] / base.where(base > 0))
        for quantity, factor, base in (
            ("places_per_1000", 1000, population),
            ("places_per_100_children", 100, children),
        )
    ]
    # children's places say nothing of care for the elderly
    rates[1] = rates[1][rates[1]["theme"] == "childcare"]
    return pd.concat([figures, *rates], ignore_index=True)


def theme_figures(figures: pd.DataFrame) -> pd.DataFrame:
    """Join the layers of each theme into one figure per unit, theme and quantity.

    Known values of several layers add up; the sum is illustrative as soon as one of them is.
    Shares and values do not add up: where two layers know them of the same municipality, each
    layer keeps its own. Columns ``unit``, ``theme``, ``layer`` (empty where layers were joined),
    ``quantity``, ``value``, ``illustrative``.
    """
    known = figures["value"].notna()
    marked = figures.assign(
        value=figures["value"].astype("float64"),
        illustrative=figures["illustrative"].astype(bool) & known,
        layer=figures["layer"].where(_apart(figures), ""),
    )
    by = marked.groupby(["unit", "theme", "layer", "quantity"], sort=False)
    joined = pd.DataFrame(
        {"value": by["value"].sum(min_count=1), "illustrative": by["illustrative"].any()}
    )
    return joined.reset_index()


def _apart(figures: pd.DataFrame) -> pd.Series:
    """Whether a figure is of a kind and theme whose layers cannot be added up."""
    known = figures[figures["value"].notna() & figures["quantity"].isin(_NOT_ADDED)]
    several = known[known.duplicated(["unit", "theme", "quantity"], keep=False)]
    pairs = pd.MultiIndex.from_frame(several[["theme", "quantity"]])
    found = pd.MultiIndex.from_frame(figures[["theme", "quantity"]]).isin(pairs)
    return pd.Series(found, index=figures.index)
