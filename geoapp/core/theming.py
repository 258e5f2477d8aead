"""Theme layers on the map: how each is drawn, and its part of the legend."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from geoapp.core.atlas import Atlas, PreparedLayer
from geoapp.core.classify import class_index, class_limits
from geoapp.core.dates import date_text
from geoapp.core.layer import LayerSpec, LayerStyle
from geoapp.core.mapspec import GeometryKind, LegendGroup, LegendItem, MapLayer, Style
from geoapp.core.partnership import told_in
from geoapp.core.phrases import Phrases
from geoapp.core.vocabulary import quantity_name

_SMALLEST_RADIUS = 5.0
_RADIUS_STEP = 3.5


@dataclass(frozen=True)
class Drawing:
    """A theme layer on the map, and its lines of the legend; ``heading`` where they are classes."""

    layer: MapLayer
    items: tuple[LegendItem, ...]
    heading: str = ""


def theme_drawing(layer: PreparedLayer, atlas: Atlas, phrases: Phrases) -> Drawing | None:
    """Return how a theme layer is drawn; None for one whose file could not be used."""
    if layer.geometry is None:
        return None
    if layer.spec.kind == "table":
        return _value_drawing(layer, atlas, phrases)
    style = _feature_style(layer.spec.style, layer.geometry.kind)
    name = layer_label(layer.spec, phrases)
    item = LegendItem(label=name, style=style, kind=layer.geometry.kind)
    return Drawing(
        MapLayer(slug=layer.spec.slug, name=name, geometry=layer.geometry, styles=(style,)),
        (item,),
    )


def theme_legend(drawings: Sequence[Drawing], phrases: Phrases) -> tuple[LegendGroup, ...]:
    """Return the legend of the themes: one group of single symbols, one for each set of classes."""
    single = tuple(item for drawing in drawings if not drawing.heading for item in drawing.items)
    classed = [
        LegendGroup(title=drawing.heading, items=drawing.items)
        for drawing in drawings
        if drawing.heading
    ]
    if not single:
        return tuple(classed)
    return (LegendGroup(title=phrases.gettext("Themes"), items=single), *classed)


def layer_label(spec: LayerSpec, phrases: Phrases) -> str:
    """Return the name of a layer, with "illustrative" where its data is made up."""
    name = spec.name(phrases.language)
    if spec.illustrative:
        return phrases.gettext("{name} (illustrative)").format(name=name)
    if spec.schematic:
        return phrases.gettext("{name} (schematic)").format(name=name)
    return name


def source_line(spec: LayerSpec, phrases: Phrases) -> str:
    """Return the credit of a layer: name, source, date and licence."""
    credit = told_in(spec.attribution or spec.source, phrases.language)
    date, licence = date_text(spec.date, phrases), told_in(spec.licence, phrases.language)
    return f"{layer_label(spec, phrases)}: {credit}, {date}, {licence}"


def _value_drawing(layer: PreparedLayer, atlas: Atlas, phrases: Phrases) -> Drawing | None:
    """Draw a table as circles whose size and darkness grow with the value of the municipality."""
    spec = layer.spec
    own = atlas.figures[atlas.figures["layer"] == spec.slug].dropna(subset=["value"])
    quantity = next(
        (name for name in ("value", "places", "facilities") if (own["quantity"] == name).any()),
        None,
    )
    if quantity is None or layer.geometry is None:
        return None
    values = own[own["quantity"] == quantity].set_index("unit")["value"]
    limits = class_limits(values)
    styles = tuple(_class_style(spec.style, place) for place in range(len(limits) + 1))
    name = layer_label(spec, phrases)
    items = tuple(
        LegendItem(label=label, style=style, kind="point")
        for label, style in zip(_class_labels(values, limits, phrases), styles, strict=True)
    )
    heading = quantity_name(quantity, name, spec.unit, phrases)
    return Drawing(
        MapLayer(
            slug=spec.slug,
            name=name,
            geometry=layer.geometry,
            styles=styles,
            assign={str(key): class_index(value, limits) for key, value in values.items()},
            default=None,
            tooltips={
                str(key): (f"{heading}: {phrases.number(value, _decimals(value))}",)
                for key, value in values.items()
            },
        ),
        items,
        heading,
    )


def _class_labels(values: pd.Series, limits: list[float], phrases: Phrases) -> list[str]:
    edges = [float(values.min()), *limits, float(values.max())]
    written = [phrases.number(edge, _decimals(edge)) for edge in edges]
    return [low if low == high else f"{low} – {high}" for low, high in itertools.pairwise(written)]


def _decimals(value: float) -> int:
    return 0 if float(value).is_integer() else 1


def _class_style(style: LayerStyle, place: int) -> Style:
    return Style(
        fill=style.colour,
        fill_opacity=0.35 + 0.15 * place,
        stroke="#ffffff",
        width=1,
        shape=style.shape,
        radius=_SMALLEST_RADIUS + _RADIUS_STEP * place,
    )


def _feature_style(style: LayerStyle, kind: GeometryKind) -> Style:
    if kind == "line":
        return Style(stroke=style.colour, width=style.width, dash=style.dash)
    if kind == "point":
        return Style(
            fill=style.colour,
            fill_opacity=0.95,
            stroke="#ffffff",
            width=1,
            shape=style.shape,
            radius=style.radius,
        )
    return Style(
        fill=style.colour,
        fill_opacity=0.25,
        stroke=style.colour,
        width=min(style.width, 1.5),
        dash=style.dash,
        pattern=style.pattern,
        pattern_colour=style.colour,
    )
