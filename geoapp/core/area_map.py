"""The map of functional areas: fill by area, hatched where the membership is not stable."""

from __future__ import annotations

import pandas as pd

from geoapp.core.atlas import Atlas
from geoapp.core.building import notices, view_bounds
from geoapp.core.functional_words import SURE_SHARE
from geoapp.core.mapspec import (
    GeometryRef,
    LegendGroup,
    LegendItem,
    MapLayer,
    MapSpec,
    Style,
    View,
)
from geoapp.core.palette import NEUTRAL, partnership_style
from geoapp.core.phrases import Phrases
from geoapp.core.vocabulary import CONTROL_NAMES

_COLOURS = 9
_MOST_IN_LEGEND = 12


def build_area_map(
    atlas: Atlas, units: pd.DataFrame, phrases: Phrases, *, title: str, selected: str | None = None
) -> MapSpec:
    """Return the map of a delineation.

    Parameters
    ----------
    atlas
        Gives names and geometry.
    units
        Indexed by unit key: ``area`` (unit key of its core), ``stability`` (0..1),
        ``second_best``; missing where a unit has none.
    title
        What was delineated and how.
    selected
        Unit key.
    """
    placed = units.dropna(subset=["area"])
    styles, assign = _styles(placed)
    told = _tooltips(atlas, placed, phrases)
    layers = [
        _layer(slug, name, geometry, styles, assign, told, labels=slug == "municipalities")
        for slug, name, geometry in (
            ("context", phrases.gettext("Other municipalities"), atlas.context),
            ("municipalities", phrases.gettext("Municipalities"), atlas.members),
        )
        if geometry is not None
    ]
    known = placed.index.intersection(atlas.municipalities.index)
    return MapSpec(
        title=title,
        language=phrases.language,
        view=View(key=f"areas {title}", bounds=view_bounds(atlas, known)),
        layers=tuple(layers),
        legend=_legend(atlas, placed, styles, assign, phrases),
        notices=notices(atlas, known, [], phrases),
        selected=selected if selected in atlas.municipalities.index else None,
        text_alternative=_in_words(placed, phrases),
        phrases={slug: phrases.gettext(name) for slug, name in CONTROL_NAMES.items()},
    )


def _layer(
    slug: str,
    name: str,
    geometry: GeometryRef,
    styles: tuple[Style, ...],
    assign: dict[str, int],
    told: dict[str, tuple[str, ...]],
    *,
    labels: bool,
) -> MapLayer:
    return MapLayer(
        slug=slug,
        name=name,
        geometry=geometry,
        styles=styles,
        assign=assign,
        tooltips=told,
        selectable=True,
        labels=labels,
    )


def _styles(placed: pd.DataFrame) -> tuple[tuple[Style, ...], dict[str, int]]:
    # colours come again after the ninth, so the largest areas come first
    order = {area: place for place, area in enumerate(_sizes(placed).index)}
    found: dict[Style, int] = {NEUTRAL: 0}
    assign = {}
    for unit, area, stable in zip(placed.index, placed["area"], placed["stability"], strict=True):
        style = partnership_style(order[area] % _COLOURS)
        if pd.notna(stable) and stable < SURE_SHARE:
            style = style.model_copy(update={"pattern": "diagonal", "pattern_colour": "#202020"})
        assign[str(unit)] = found.setdefault(style, len(found))
    return tuple(found), assign


def _sizes(placed: pd.DataFrame) -> pd.Series:
    """Return the number of units of each area, largest first, then by code."""
    return placed["area"].value_counts().sort_index().sort_values(ascending=False, kind="stable")


def _tooltips(atlas: Atlas, placed: pd.DataFrame, phrases: Phrases) -> dict[str, tuple[str, ...]]:
    names = atlas.names
    own = phrases.gettext("Area of {name}")
    stable = phrases.gettext("Stable in {share} % of runs")
    second = phrases.gettext("Second-best area: {name}")
    told = {}
    for row in placed.reset_index(names="unit").to_dict("records"):
        lines = [own.format(name=names.get(row["area"], row["area"]))]
        if pd.notna(row["stability"]):
            lines.append(stable.format(share=phrases.number(100 * row["stability"])))
        if pd.notna(row["second_best"]):
            lines.append(second.format(name=names.get(row["second_best"], row["second_best"])))
        told[str(row["unit"])] = tuple(lines)
    return told


def _legend(
    atlas: Atlas,
    placed: pd.DataFrame,
    styles: tuple[Style, ...],
    assign: dict[str, int],
    phrases: Phrases,
) -> tuple[LegendGroup, ...]:
    names = atlas.names
    sizes = _sizes(placed)
    items = []
    for area, count in sizes.head(_MOST_IN_LEGEND).items():
        first = placed.index[placed["area"] == area][0]
        style = styles[assign[str(first)]].model_copy(update={"pattern": "none"})
        items.append(
            LegendItem(
                label=names.get(str(area), str(area)),
                style=style,
                note=phrases.ngettext("{n} municipality", "{n} municipalities", int(count)),
            )
        )
    unsure = int((placed["stability"] < SURE_SHARE).sum())
    mark = NEUTRAL.model_copy(
        update={"fill": "#ffffff", "pattern": "diagonal", "pattern_colour": "#202020"}
    )
    if unsure:
        items.append(
            LegendItem(
                label=phrases.gettext("Not stable: less than 80 % of runs"),
                style=mark,
                note=phrases.ngettext("{n} municipality", "{n} municipalities", unsure),
            )
        )
    more = len(sizes) - min(len(sizes), _MOST_IN_LEGEND)
    note = phrases.ngettext("{n} more area", "{n} more areas", more) if more else ""
    return (
        LegendGroup(
            title=phrases.gettext("Functional areas, by their centre"),
            items=tuple(items),
            note=note,
        ),
    )


def _in_words(placed: pd.DataFrame, phrases: Phrases) -> str:
    areas = phrases.ngettext("{n} area", "{n} areas", placed["area"].nunique())
    unsure = phrases.ngettext(
        "{n} municipality is not stable",
        "{n} municipalities are not stable",
        int((placed["stability"] < SURE_SHARE).sum()),
    )
    return phrases.gettext(
        "Map of functional areas: {areas}, {unsure}. The same figures stand in the table."
    ).format(areas=areas, unsure=unsure)
