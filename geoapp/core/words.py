"""A map in sentences, from the same legend and figures: for who cannot see it, and for minutes.

Every sentence is only there when it is true: a pattern is told where the figures have one, and
what is unknown is told as unknown.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from geoapp.core.atlas import Atlas, PreparedLayer
from geoapp.core.building import group_choice, notices
from geoapp.core.choice import Choice
from geoapp.core.collation import collation_key
from geoapp.core.legend import group_legend
from geoapp.core.mapspec import LegendGroup
from geoapp.core.phrases import Phrases, mark
from geoapp.core.table import figure_name, marked_heading
from geoapp.core.theming import layer_label

_QUANTITIES = ("value", "share_percent", "length_km", "places", "facilities")
"""What a theme is told by: the first of these that it has, as on the map."""
_DECIMALS = {"facilities": 0, "places": 0}
_MOST_NAMES = 3
_FEWEST_FOR_PATTERN = 10
_STRONG = 0.5
"""Of a rank correlation that is told as a pattern."""
_UNLIKELY = 3.0
"""How many standard errors from none it must be, because several are looked at for each theme."""
_KM_PER_DEGREE = 111.2

_DIRECTIONS = {
    ("north", True): mark("Higher values lie to the north."),
    ("north", False): mark("Higher values lie to the south."),
    ("east", True): mark("Higher values lie to the east."),
    ("east", False): mark("Higher values lie to the west."),
    ("out", True): mark("Higher values lie at the edge of the area shown."),
    ("out", False): mark("Higher values lie in the middle of the area shown."),
}


def map_in_words(atlas: Atlas, choice: Choice, phrases: Phrases) -> tuple[str, ...]:
    """Return the map that `geoapp.core.building.build_map` draws for a choice, in sentences.

    They tell what is shown, each class of the legend with its number of municipalities, of each
    theme the highest and lowest municipalities and where the higher values lie (only where the
    ranks of values and places agree beyond doubt), what is unknown, and what is schematic or
    made up.
    """
    grouped = group_choice(atlas, choice)
    units = [str(unit) for unit in grouped.groups.index]
    chosen = [
        layer
        for layer in atlas.themes
        if layer.spec.slug in choice.layers and _is_drawn(atlas, layer)
    ]
    return (
        _subject(atlas, choice, units, phrases),
        *_classes(group_legend(atlas, grouped, phrases), phrases),
        *_without_borders(atlas, units, phrases),
        *(theme_words(atlas, layer, units, phrases) for layer in chosen),
        *notices(atlas, pd.Index(units), chosen, phrases),
    )


def theme_words(atlas: Atlas, layer: PreparedLayer, units: list[str], phrases: Phrases) -> str:
    """Return a theme layer in sentences: extremes, pattern, what is unknown.

    Parameters
    ----------
    layer
        The theme layer.
    units
        Unit keys of the municipalities that the map is about.
    """
    own = atlas.figures[atlas.figures["layer"] == layer.spec.slug]
    own = own[own["unit"].isin(units)]
    quantity = next(
        (name for name in _QUANTITIES if own.loc[own["quantity"] == name, "value"].notna().any()),
        None,
    )
    if quantity is None:
        nothing = phrases.gettext("{theme}: no figure is known for these municipalities.")
        return nothing.format(theme=layer_label(layer.spec, phrases))
    values = own[own["quantity"] == quantity].set_index("unit")["value"].astype("float64")
    values = values.reindex(units)
    name = figure_name(atlas, layer.spec.theme, layer.spec.slug, quantity, phrases)
    illustrative = pd.Series([layer.spec.illustrative])
    heading = marked_heading(name, illustrative, phrases)
    told = values.dropna()
    sentences = (
        *_extremes(atlas, heading, told, _DECIMALS.get(quantity, 1), phrases),
        *_pattern(atlas, told, phrases),
        *_unknown(values, phrases),
    )
    return " ".join(sentences)


def spatial_trend(values: pd.Series, lon: pd.Series, lat: pd.Series) -> tuple[str, bool] | None:
    """Return where higher values lie, if they clearly lie anywhere.

    Parameters
    ----------
    values
        By unit key, none missing.
    lon, lat
        Degrees (EPSG:4326), same index, none missing.

    Returns
    -------
        ``north``, ``east`` or ``out`` (away from the middle) and whether values rise that way;
        None without a pattern.

    Notes
    -----
    Spearman's rank correlation of values with the distance north, east and from the mean centre.
    It is told from 0.5 on where it is at least three standard errors, ``1 / sqrt(n - 1)``, away
    from none.

    Examples
    --------
    >>> import pandas as pd
    >>> lat, lon = pd.Series(range(10)) / 10 + 49, pd.Series(19.0, index=range(10))
    >>> spatial_trend(2 * lat, lon, lat), spatial_trend(lon, lon, lat)
    (('north', True), None)
    """
    if len(values) < _FEWEST_FOR_PATTERN or values.nunique() < _MOST_NAMES:
        return None
    north = (lat - lat.mean()) * _KM_PER_DEGREE
    east = (lon - lon.mean()) * _KM_PER_DEGREE * float(np.cos(np.radians(lat.mean())))
    ways = {"north": north, "east": east, "out": np.hypot(north, east)}
    found = {
        way: _rank_correlation(values, pd.Series(distance, index=values.index))
        for way, distance in ways.items()
    }
    way = max(found, key=lambda name: abs(found[name]))
    least = max(_STRONG, _UNLIKELY / float(np.sqrt(len(values) - 1)))
    return (way, found[way] > 0) if abs(found[way]) >= least else None


def _rank_correlation(first: pd.Series, second: pd.Series) -> float:
    one, other = first.rank().to_numpy(), second.rank().to_numpy()
    spread = float(one.std() * other.std())
    return float(((one - one.mean()) * (other - other.mean())).mean() / spread) if spread else 0.0


def _is_drawn(atlas: Atlas, layer: PreparedLayer) -> bool:
    """Whether the map shows the layer; a table without any known figure has no symbols."""
    if layer.spec.kind != "table" or layer.geometry is None:
        return layer.geometry is not None
    own = atlas.figures["layer"] == layer.spec.slug
    return bool(atlas.figures.loc[own, "value"].notna().any())


def _subject(atlas: Atlas, choice: Choice, units: list[str], phrases: Phrases) -> str:
    names = [
        partnership.name(phrases.language, short=True)
        for partnership in atlas.partnerships
        if partnership.id in choice.partnerships
    ]
    what = ", ".join(names) or phrases.gettext("All partnerships")
    counted = phrases.ngettext("{n} municipality", "{n} municipalities", len(units))
    return phrases.gettext("Map of {what}: {counted}.").format(what=what, counted=counted)


def _classes(legend: LegendGroup, phrases: Phrases) -> list[str]:
    if not legend.items:
        return []
    classes = "; ".join(f"{item.label}: {item.note}" for item in legend.items)
    told = phrases.gettext("Colours and outlines stand for: {meaning}. {classes}.")
    return [told.format(meaning=legend.title, classes=classes)]


def _without_borders(atlas: Atlas, units: list[str], phrases: Phrases) -> list[str]:
    missing = int(atlas.municipalities["west"].reindex(units).isna().sum())
    if not missing:
        return []
    return [
        phrases.ngettext(
            "{n} municipality is not drawn, because its borders are not known.",
            "{n} municipalities are not drawn, because their borders are not known.",
            missing,
        )
    ]


def _extremes(
    atlas: Atlas, heading: str, values: pd.Series, decimals: int, phrases: Phrases
) -> list[str]:
    low, high = (phrases.number(float(edge), decimals) for edge in (values.min(), values.max()))
    if low == high:
        same = phrases.gettext("{theme}: {value} wherever it is known ({names}).")
        return [same.format(theme=heading, value=high, names=_names(atlas, values, phrases))]
    told = phrases.gettext(
        "{theme}: highest {high} ({high_names}), lowest {low} ({low_names}), median {median}."
    )
    # as many digits as are written, so that all who share the written value are named
    units = np.floor(values * 10**decimals + 0.5)
    return [
        told.format(
            theme=heading,
            high=high,
            high_names=_names(atlas, values[units == units.max()], phrases),
            low=low,
            low_names=_names(atlas, values[units == units.min()], phrases),
            median=phrases.number(float(values.median()), max(decimals, 1)),
        )
    ]


def _names(atlas: Atlas, values: pd.Series, phrases: Phrases) -> str:
    names = sorted(
        (atlas.names[str(unit)] for unit in values.index),
        key=lambda name: collation_key(name, phrases.language),
    )
    if len(names) <= _MOST_NAMES:
        return ", ".join(names)
    others = len(names) - _MOST_NAMES + 1
    rest = phrases.ngettext("{n} other municipality", "{n} other municipalities", others)
    return ", ".join([*names[: _MOST_NAMES - 1], rest])


def _pattern(atlas: Atlas, values: pd.Series, phrases: Phrases) -> list[str]:
    places = atlas.municipalities[["west", "east", "south", "north"]].reindex(values.index).dropna()
    placed = values.loc[places.index]
    lon = (places["west"] + places["east"]) / 2
    lat = (places["south"] + places["north"]) / 2
    trend = spatial_trend(placed, lon, lat)
    return [phrases.gettext(_DIRECTIONS[trend])] if trend else []


def _unknown(values: pd.Series, phrases: Phrases) -> list[str]:
    missing = int(values.isna().sum())
    if not missing:
        return []
    return [
        phrases.ngettext(
            "Unknown, not zero, in {n} municipality.",
            "Unknown, not zero, in {n} municipalities.",
            missing,
        )
    ]
