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
from geoapp.core.theming import source_line
from geoapp.core.vocabulary import CONTROL_NAMES

# colours alone, then with dots and with crosses; the diagonal says "not stable" here
_LOOKS = (*range(9), *range(18, 27), *range(27, 36))
_HATCH = "diagonal"
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
    looks = _looks(placed)
    styles, assign = _styles(placed, looks)
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
    bounds = view_bounds(atlas, known)
    return MapSpec(
        title=title,
        language=phrases.language,
        view=View(key=f"areas {bounds}", bounds=bounds),
        layers=tuple(layers),
        legend=_legend(atlas, placed, looks, phrases),
        attribution=_attribution(atlas, known, phrases),
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


def _looks(placed: pd.DataFrame) -> dict[str, Style]:
    """Return the style of each area; looks come again after the 27th, so the largest come first."""
    return {
        str(area): partnership_style(_LOOKS[place % len(_LOOKS)])
        for place, area in enumerate(_sizes(placed).index)
    }


def _styles(
    placed: pd.DataFrame, looks: dict[str, Style]
) -> tuple[tuple[Style, ...], dict[str, int]]:
    found: dict[Style, int] = {NEUTRAL: 0}
    assign = {}
    for unit, area, stable in zip(placed.index, placed["area"], placed["stability"], strict=True):
        style = looks[area]
        if pd.notna(stable) and stable < SURE_SHARE:
            style = style.model_copy(update={"pattern": _HATCH})
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
    looks: dict[str, Style],
    phrases: Phrases,
) -> tuple[LegendGroup, ...]:
    names = atlas.names
    sizes = _sizes(placed)
    items = [
        LegendItem(
            label=names.get(str(area), str(area)),
            style=looks[str(area)],
            note=phrases.ngettext("{n} municipality", "{n} municipalities", int(count)),
        )
        for area, count in sizes.head(_MOST_IN_LEGEND).items()
    ]
    unsure = int((placed["stability"] < SURE_SHARE).sum())
    mark = NEUTRAL.model_copy(update={"fill": "#ffffff", "pattern": _HATCH})
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


def _attribution(atlas: Atlas, known: pd.Index, phrases: Phrases) -> tuple[str, ...]:
    used = set(atlas.municipalities["boundary"].reindex(known))
    lines = [source_line(layer.spec, phrases) for layer in atlas.layers if layer.spec.slug in used]
    return tuple(dict.fromkeys(lines))


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
