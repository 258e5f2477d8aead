"""Building a map: an atlas and a reader's choice in, a map specification out."""

from __future__ import annotations

import pandas as pd

from geoapp.core.atlas import Atlas, PreparedLayer
from geoapp.core.choice import Choice
from geoapp.core.grouping import choose_memberships, group_municipalities
from geoapp.core.legend import Grouped, group_label, group_legend, group_styles
from geoapp.core.mapspec import BaseMap, Bounds, MapLayer, MapSpec, Style, View
from geoapp.core.palette import NEUTRAL, overlap_style, uncertain_style
from geoapp.core.phrases import Phrases
from geoapp.core.theming import source_line, theme_drawing, theme_legend
from geoapp.core.vocabulary import CONTROL_NAMES

_WHOLE: Bounds = (14.0, 48.5, 24.2, 54.9)
_ORDER = {"polygon": 0, "line": 1, "point": 2}


def build_map(atlas: Atlas, choice: Choice, phrases: Phrases) -> MapSpec:
    """Return the map of the chosen partnerships, grouped and themed as chosen.

    Slugs that the atlas does not know are passed over, so that an old address still opens.
    """
    grouped = group_choice(atlas, choice)
    drawn = [
        (layer, drawing)
        for layer in atlas.themes
        if layer.spec.slug in choice.layers
        and (drawing := theme_drawing(layer, atlas, phrases)) is not None
    ]
    chosen, drawings = [layer for layer, _ in drawn], [drawing for _, drawing in drawn]
    legend = group_legend(atlas, grouped, phrases)
    units = grouped.groups.index
    return MapSpec(
        title=_title(atlas, choice, phrases),
        language=phrases.language,
        view=View(key=_view_key(atlas, choice), bounds=view_bounds(atlas, units)),
        layers=(
            *_municipality_layers(atlas, grouped, phrases),
            *sorted(
                (drawing.layer for drawing in drawings),
                key=lambda layer: _ORDER[layer.geometry.kind],
            ),
        ),
        legend=(legend, *theme_legend(drawings, phrases)),
        base_map=_base_map(atlas, choice),
        attribution=_attribution(atlas, units, chosen, phrases),
        notices=notices(atlas, units, chosen, phrases),
        selected=choice.selected if choice.selected in atlas.municipalities.index else None,
        text_alternative=_in_words(atlas, choice, phrases),
        phrases={slug: phrases.gettext(name) for slug, name in CONTROL_NAMES.items()},
    )


def group_choice(atlas: Atlas, choice: Choice) -> Grouped:
    """Return the municipalities of the chosen partnerships with the groups they are in."""
    known = {partnership.id for partnership in atlas.partnerships}
    memberships = choose_memberships(atlas.memberships, known.intersection(choice.partnerships))
    groups = group_municipalities(choice.group_by, memberships, atlas.statuses)
    return Grouped(choice.group_by, memberships, groups)


def notices(
    atlas: Atlas, units: pd.Index, layers: list[PreparedLayer], phrases: Phrases
) -> tuple[str, ...]:
    """Return what no reader may overlook: schematic borders and made-up themes."""
    told = []
    schematic = atlas.municipalities["schematic"].reindex(units)
    if schematic.all() and len(schematic):
        told.append(phrases.gettext("Schematic borders: areas are true, shapes are invented."))
    elif schematic.any():
        told.append(
            phrases.ngettext(
                "Schematic borders in {n} municipality: its area is true, its shape invented.",
                "Schematic borders in {n} municipalities: areas are true, shapes are invented.",
                int(schematic.sum()),
            )
        )
    if invented := [
        layer.spec.name(phrases.language) for layer in layers if layer.spec.illustrative
    ]:
        told.append(
            phrases.gettext("Illustrative data, made up: {names}.").format(
                names=", ".join(invented)
            )
        )
    return tuple(told)


def _municipality_layers(atlas: Atlas, grouped: Grouped, phrases: Phrases) -> list[MapLayer]:
    layers = []
    if atlas.context:
        layers.append(
            MapLayer(
                slug="context",
                name=phrases.gettext("Other municipalities"),
                geometry=atlas.context,
                styles=(NEUTRAL,),
                selectable=True,
            )
        )
    if atlas.members:
        styles, assign = _assign_styles(atlas, grouped)
        layers.append(
            MapLayer(
                slug="municipalities",
                name=phrases.gettext("Municipalities"),
                geometry=atlas.members,
                styles=styles,
                assign=assign,
                tooltips=_tooltips(atlas, grouped, phrases),
                selectable=True,
                labels=True,
            )
        )
    return layers


def _assign_styles(atlas: Atlas, grouped: Grouped) -> tuple[tuple[Style, ...], dict[str, int]]:
    plain = group_styles(atlas, grouped)
    uncertain = grouped.uncertain
    places: dict[Style, int] = {NEUTRAL: 0}
    assign = {}
    for unit, found in grouped.groups.items():
        style = plain[found[0]]
        if len(found) > 1:
            style = overlap_style(style, plain[found[1]])
        if unit in uncertain:
            style = uncertain_style(style)
        assign[str(unit)] = places.setdefault(style, len(places))
    return tuple(places), assign


def _tooltips(atlas: Atlas, grouped: Grouped, phrases: Phrases) -> dict[str, tuple[str, ...]]:
    slugs = {slug for found in grouped.groups for slug in found}
    labels = {slug: group_label(atlas, grouped.by, slug, phrases) for slug in slugs}
    population = atlas.municipalities["population"].reindex(grouped.groups.index)
    residents = phrases.gettext("Residents: {number}")
    return {
        str(unit): (
            *(labels[slug] for slug in found),
            residents.format(number=phrases.number(people)),
        )
        for (unit, found), people in zip(grouped.groups.items(), population, strict=True)
    }


def _title(atlas: Atlas, choice: Choice, phrases: Phrases) -> str:
    names = [
        partnership.name(phrases.language, short=True)
        for partnership in atlas.partnerships
        if partnership.id in choice.partnerships
    ]
    return ", ".join(names) or phrases.gettext("All partnerships")


def _view_key(atlas: Atlas, choice: Choice) -> str:
    geometry = atlas.members.name if atlas.members else ""
    known = {partnership.id for partnership in atlas.partnerships}
    return " ".join([geometry, *sorted(known.intersection(choice.partnerships))])


def view_bounds(atlas: Atlas, units: pd.Index) -> Bounds:
    """Return what shows the municipalities; both countries where none has borders."""
    table = atlas.municipalities.reindex(units)
    if not table["west"].notna().any():
        return _WHOLE
    low = table[["west", "south"]].min()
    high = table[["east", "north"]].max()
    return (float(low["west"]), float(low["south"]), float(high["east"]), float(high["north"]))


def _base_map(atlas: Atlas, choice: Choice) -> BaseMap | None:
    return next((entry for entry in atlas.base_maps if entry.slug == choice.base_map), None)


def _attribution(
    atlas: Atlas, units: pd.Index, chosen: list[PreparedLayer], phrases: Phrases
) -> tuple[str, ...]:
    borders = set(atlas.municipalities["boundary"].reindex(units))
    used = [layer for layer in atlas.layers if layer.spec.slug in borders]
    lines = [source_line(layer.spec, phrases) for layer in (*used, *chosen)]
    return tuple(dict.fromkeys(lines))


def _in_words(atlas: Atlas, choice: Choice, phrases: Phrases) -> str:
    # words are made from what this module knows, so that neither could load before the other
    from geoapp.core.words import map_in_words

    return " ".join(map_in_words(atlas, choice, phrases))
