"""The statistics of a theme: its figures by municipality or partnership, with their origin.

A table to work with, not to read: columns are named by slugs, unknown is missing and never zero,
and beside the figures stand the layers they come from, with source, licence, date and whether
they are made up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from geoapp.core.atlas import Atlas
from geoapp.core.choice import Choice
from geoapp.core.layer import LayerSpec
from geoapp.core.partnership import told_in
from geoapp.core.partnership_table import partnership_rows
from geoapp.core.phrases import Phrases
from geoapp.core.table import figure_name

By = Literal["municipality", "partnership"]

MEASURES = (
    "length_km",
    "facilities",
    "places",
    "places_per_1000",
    "places_per_100_children",
    "share_percent",
    "value",
)
"""Quantities of figures, in the order of their columns."""
_WHOLE = ("members", "facilities", "places", "population_within")
_OF_ONE = ("places_per_100_children", "value")


@dataclass(frozen=True)
class _Rows:
    """What the rows stand for: their first columns by key, and ``key`` and ``unit`` of each."""

    by: By
    facts: pd.DataFrame
    members: pd.DataFrame


def theme_statistics(
    atlas: Atlas, theme: str, by: By, phrases: Phrases, *, reach: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the figures of a theme, a row for each municipality or partnership.

    Shares and values of several layers cannot be added up: where a theme has them, each of these
    layers has rows of its own after those of the whole theme.

    Parameters
    ----------
    atlas
        Its figures, municipalities and partnerships.
    theme
        Slug of the theme.
    by
        What a row stands for.
    phrases
        Language of names.
    reach
        Who lives within a distance of a facility, by unit key, where that is known:
        ``population``, ``population_within``, ``basis`` (how it is known), ``layers`` (tuples of
        slugs) and ``distance_m``.

    Returns
    -------
    pandas.DataFrame
        ``key`` and what is known of the municipality (``code``, ``name``, ``country``,
        ``partnerships``) or partnership (``name``, ``countries``, ``members``); ``theme``; those
        of `MEASURES` that the theme has; with ``reach`` ``distance_m``, ``population_within``,
        ``population_percent`` and ``population_basis``; then ``layers``, ``value_unit``,
        ``source``, ``licence``, ``date``, ``attribution``, ``illustrative`` and ``schematic``
        (borders). Figures of partnerships leave out members whose figure is unknown, and
        ``incomplete`` tells of which; a share of area is that of their joint area; values and
        places per 100 children are not joined. Where a column may hold several things, it has
        tuples.
    """
    rows = _municipalities(atlas) if by == "municipality" else _partnerships(atlas, phrases)
    own = replace(atlas, figures=atlas.figures[atlas.figures["theme"] == theme])
    joined = own.joined_figures
    apart = [layer for layer in joined["layer"].unique() if layer]
    together = joined["layer"].eq("").any() or reach is not None or not apart
    blocks = [
        _block(own, joined, (theme, layer), rows, phrases, None if layer else reach)
        for layer in [*([""] if together else []), *apart]
    ]
    table = pd.concat(blocks).rename_axis("key").reset_index()
    return table.astype({name: "Int64" for name in _WHOLE if name in table})


def _municipalities(atlas: Atlas) -> _Rows:
    facts = atlas.municipalities[["code", "name", "country"]].copy()
    belonging = atlas.memberships.groupby("unit")["partnership"].agg(_distinct)
    facts["partnerships"] = [belonging.get(unit, ()) for unit in facts.index]
    return _Rows("municipality", facts, pd.DataFrame({"key": facts.index, "unit": facts.index}))


def _partnerships(atlas: Atlas, phrases: Phrases) -> _Rows:
    members = [
        (found.id, member.unit)
        for found in atlas.partnerships
        for member in found.members
        if member.unit
    ]
    counts = pd.Series([key for key, _ in members], dtype=object).value_counts()
    facts = pd.DataFrame.from_dict(
        {
            found.id: (found.name(phrases.language), found.countries, counts.get(found.id, 0))
            for found in atlas.partnerships
        },
        orient="index",
        columns=["name", "countries", "members"],
    )
    return _Rows("partnership", facts, pd.DataFrame(members, columns=["key", "unit"]))


def _block(
    atlas: Atlas,
    joined: pd.DataFrame,
    key: tuple[str, str],
    rows: _Rows,
    phrases: Phrases,
    reach: pd.DataFrame | None,
) -> pd.DataFrame:
    """Return the rows of a theme, or of a layer that stands apart from its others."""
    theme, layer = key
    figures = _wide(joined, layer, atlas.municipalities.index)
    origin = _contributing(atlas.figures, joined, layer)
    if rows.by == "partnership":
        figures = _sums(atlas, key, figures, rows, phrases)
    if reach is not None:
        figures = figures.join(_people(reach, rows))
        served = reach["layers"].explode().rename("layer").rename_axis("unit").reset_index()
        origin = pd.concat([origin, served])
    beside = _origin(atlas, rows, origin)
    if "value" not in figures:
        beside = beside.drop(columns="value_unit")
    return rows.facts.assign(theme=theme).join(figures).join(beside)


def _wide(joined: pd.DataFrame, layer: str, units: pd.Index) -> pd.DataFrame:
    """Return a column for each quantity, a row for each municipality."""
    own = joined[joined["layer"] == layer]
    by_both = own.set_index(["unit", "quantity"])["value"]
    wide = by_both.unstack()  # noqa: PD010  # there is nothing to aggregate: one value of each
    ordered = [quantity for quantity in MEASURES if quantity in wide]
    return wide[ordered].reindex(units).rename_axis(columns=None)


def _sums(
    atlas: Atlas, key: tuple[str, str], wide: pd.DataFrame, rows: _Rows, phrases: Phrases
) -> pd.DataFrame:
    """Return the figures of partnerships, and of which of them members are left out."""
    theme, layer = key
    added = partnership_rows(atlas, Choice(), phrases).rows.reindex(rows.facts.index)
    sums = pd.DataFrame(index=rows.facts.index)
    for quantity in wide.columns.drop(list(_OF_ONE), errors="ignore"):
        sums[quantity] = added.get(f"{theme}:{quantity}", np.nan)
    incomplete = pd.Series("", index=sums.index) if layer else added["incomplete"]
    if "share_percent" in sums:
        shares, known = _shares(atlas, wide["share_percent"], rows)
        sums["share_percent"] = shares
        name = figure_name(atlas, theme, layer, "share_percent", phrases)
        notes = _notes(name, known, rows)
        incomplete = incomplete.str.cat(notes, sep="; ").str.strip("; ")
    return sums.assign(incomplete=incomplete)


def _shares(atlas: Atlas, shares: pd.Series, rows: _Rows) -> tuple[pd.Series, pd.Series]:
    """Return the share of the joint area of members, and of how many of them it is known."""
    facts = atlas.municipalities
    # schematic borders have the official area; of others what was measured counts
    area_ha = facts["area_computed_ha"].fillna(facts["area_ha"].where(facts["schematic"]))
    own = rows.members.assign(
        share=rows.members["unit"].map(shares), area_ha=rows.members["unit"].map(area_ha)
    ).dropna()
    by_key = own.assign(covered=own["share"] * own["area_ha"]).groupby("key")
    joint = by_key[["covered", "area_ha"]].sum().reindex(rows.facts.index)
    known = by_key.size().reindex(rows.facts.index, fill_value=0)
    return joint["covered"] / joint["area_ha"], known


def _notes(name: str, known: pd.Series, rows: _Rows) -> pd.Series:
    """Tell of how many members a figure is known, where some are left out."""
    members = rows.facts["members"]
    told = [
        f"{name}: {some}/{of}" if 0 < some < of else ""
        for some, of in zip(known, members, strict=True)
    ]
    return pd.Series(told, index=rows.facts.index)


def _people(reach: pd.DataFrame, rows: _Rows) -> pd.DataFrame:
    """Return the people within a distance of a facility, and how that is known."""
    found = rows.members.join(reach, on="unit", how="inner").groupby("key")
    added = found[["population", "population_within"]].sum(min_count=1).reindex(rows.facts.index)
    whole = added["population"].where(added["population"] > 0)
    people = pd.DataFrame(
        {
            "distance_m": reach["distance_m"].max(),
            "population_within": added["population_within"].round(),
            "population_percent": 100 * added["population_within"] / whole,
            "population_basis": found["basis"].agg(_distinct).reindex(rows.facts.index),
        }
    )
    if rows.by == "municipality":
        return people
    known = found.size().reindex(rows.facts.index, fill_value=0)
    return people.assign(population_members=known)


def _contributing(figures: pd.DataFrame, joined: pd.DataFrame, layer: str) -> pd.DataFrame:
    """Return ``unit`` and ``layer`` of the known figures that are in a block of rows."""
    alone = figures["quantity"].isin(joined.loc[joined["layer"] != "", "quantity"])
    inside = alone & (figures["layer"] == layer) if layer else ~alone
    return figures.loc[inside & figures["value"].notna(), ["unit", "layer"]]


def _origin(atlas: Atlas, rows: _Rows, origin: pd.DataFrame) -> pd.DataFrame:
    """Return what stands beside the figures of each row: whose they are and how to be taken."""
    specs = {layer.spec.slug: layer.spec for layer in atlas.layers}
    slugs = rows.members.merge(origin.drop_duplicates(), on="unit").groupby("key")["layer"]
    layers = slugs.agg(_distinct).reindex(rows.facts.index)
    facts = {key: _described([specs[slug] for slug in key]) for key in layers.dropna().unique()}
    described = pd.DataFrame(
        [facts.get(key, _described([])) for key in layers], index=rows.facts.index
    )
    drawn = rows.members["unit"].map(atlas.municipalities["schematic"]).groupby(rows.members["key"])
    return described.assign(schematic=drawn.any().reindex(rows.facts.index, fill_value=False))


def _described(specs: Iterable[LayerSpec]) -> dict[str, object]:
    used = list(specs)
    return {
        "layers": _distinct(spec.slug for spec in used),
        "value_unit": _distinct(spec.unit for spec in used),
        "source": _distinct(told_in(spec.source, "en") for spec in used),
        "licence": _distinct(told_in(spec.licence, "en") for spec in used),
        "date": _distinct(spec.date for spec in used),
        "attribution": _distinct(
            told_in(spec.attribution, "en") for spec in used if spec.attribution
        ),
        "illustrative": any(spec.illustrative for spec in used),
    }


def _distinct(found: Iterable[object]) -> tuple[object, ...]:
    return tuple(dict.fromkeys(thing for thing in found if thing))
