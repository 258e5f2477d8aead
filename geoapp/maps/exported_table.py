"""A layer of a map as a table for other programs: geometry, class of the legend, figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
import shapely

from geoapp.core.mapspec import MapLayer, MapSpec, Style
from geoapp.core.phrases import Phrases
from geoapp.core.table import Table
from geoapp.maps.drawn_features import drawn_features, left_out
from geoapp.maps.office_package import written_text
from geoapp.maps.qgis_style import STYLE_COLUMN

_LONGEST_HEADING = 120
_PLACING = ("px", "py", "rank")
_TAKEN = frozenset(
    {"fid", "geom", "geometry", "key", "name", STYLE_COLUMN, "class", "told", "layer", "schematic"}
)


@dataclass(frozen=True)
class ExportedLayer:
    """A layer with its features, EPSG:4326, and what the legend calls each of its styles.

    ``features`` have ``key``, ``name``, `STYLE_COLUMN`, ``class`` (its name in the legend),
    ``told`` (what the map says when it is pointed at), further attributes, figures and
    ``geometry``.
    """

    name: str
    layer: MapLayer
    features: gpd.GeoDataFrame
    labels: dict[int, str]


def exported_layers(
    spec: MapSpec, figures: Table | None, features: Mapping[str, gpd.GeoDataFrame]
) -> Iterator[ExportedLayer]:
    """Yield the layers of a map, from bottom to top, with the features that its view meets.

    Layers of tiles that are not given in full are left out.

    Parameters
    ----------
    spec
        The map.
    figures
        Figures by unit key; they are joined to the municipalities.
    features
        Layers in full detail by slug, as `drawn_features` takes them.
    """
    names = _distinct([layer.slug.replace("-", "_") for layer in spec.layers])
    for layer, name in zip(spec.layers, names, strict=True):
        drawn = drawn_features(layer, features.get(layer.slug))
        if drawn is None:
            continue
        drawn = drawn[shapely.intersects(drawn.geometry.to_numpy(), shapely.box(*spec.view.bounds))]
        labels = style_labels(spec, layer)
        table = drawn.drop(columns=list(_PLACING)).assign(
            name=drawn["name"].map(lambda text: written_text(str(text))),
            **{"class": drawn["style"].map(labels)},
            told=[_told(layer, key) for key in drawn["key"]],
        )
        if figures is not None and layer.selectable:
            table = table.join(_figures(figures), on="key")
        ordered = [*(column for column in table.columns if column != "geometry"), "geometry"]
        yield ExportedLayer(name, layer, table[ordered], labels)


def style_labels(spec: MapSpec, layer: MapLayer) -> dict[int, str]:
    """Return what the legend calls each style of a layer; the name of the layer where it is silent.

    A style that differs from one of the legend in its outline alone is called as that one, stripes
    of two colours as both.
    """
    items = [item for group in spec.legend for item in group.items]
    exact = {item.style: item.label for item in reversed(items)}
    alike = {_inside(item.style): item.label for item in reversed(items)}
    fills = {item.style.fill or "": item.label for item in reversed(items)}
    return {
        index: _both(style, fills) or exact.get(style) or alike.get(_inside(style)) or layer.name
        for index, style in enumerate(layer.styles)
    }


def source_lines(
    spec: MapSpec, features: Mapping[str, gpd.GeoDataFrame], date: str, phrases: Phrases
) -> list[tuple[str, str]]:
    """Return what must go with the data: the kind of each line as a word, and the line."""
    lines = [
        ("title", spec.title),
        *(("notice", notice) for notice in (*spec.notices, *left_out(spec, features, phrases))),
        *(("source", credit) for credit in spec.attribution),
        ("map", spec.text_alternative),
        ("date", date),
        ("crs", "EPSG:4326 (WGS 84)"),
        ("made-with", "geoapp"),
    ]
    return [(kind, written_text(line)) for kind, line in lines if line]


def _told(layer: MapLayer, key: str) -> str | None:
    lines = layer.tooltips.get(key)
    return written_text("; ".join(lines)) if lines else None


def _figures(figures: Table) -> pd.DataFrame:
    """Return figures under their headings, each a name that no other column has."""
    columns = [column for column in figures.columns if column.slug != "name"]
    headings = [written_text(column.heading, _LONGEST_HEADING) for column in columns]
    rows = figures.rows[[column.slug for column in columns]].copy()
    for column in columns:
        if column.kind == "number":
            rows[column.slug] = pd.to_numeric(rows[column.slug]).astype("float64")
        else:
            known = rows[column.slug].notna()
            rows[column.slug] = rows[column.slug].astype(str).map(written_text).where(known, None)
    rows.index = rows.index.astype(str)
    return rows.set_axis(_distinct(headings, _TAKEN), axis=1)


def _distinct(names: list[str], taken: frozenset[str] = frozenset()) -> list[str]:
    """Return names, numbered where a database, blind to capitals, would take two for the same."""
    seen, found = set(taken), []
    for name in names:
        free, number = name or "-", 1
        while free.lower() in seen:
            number += 1
            free = f"{name} {number}" if " " in name else f"{name}_{number}"
        seen.add(free.lower())
        found.append(free)
    return found


def _both(style: Style, fills: Mapping[str, str]) -> str | None:
    """Return the names of both groups of a municipality that has the stripes of the second."""
    if (
        style.pattern != "none"
        and style.fill
        and style.fill in fills
        and style.pattern_colour in fills
    ):
        return f"{fills[style.fill]}; {fills[style.pattern_colour]}"
    return None


def _inside(style: Style) -> tuple[object, ...]:
    return style.fill, style.fill_opacity, style.pattern, style.pattern_colour, style.shape
