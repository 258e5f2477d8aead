"""The layers that OpenStreetMap gives: what they are called, and their features of one area."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoapp.core.layer import Columns, LayerKind, Measure
from geoapp.core.mapspec import Bounds
from geoapp.core.partnership import Names
from geoapp.core.phrases import mark
from geoapp.core.projection import WGS84
from geoapp.core.raw import some_of, warning
from geoapp.errors import Problem
from geoapp.sources.remote.osm_elements import (
    Elements,
    Relation,
    Row,
    Way,
    enclosed,
    ways_within,
)
from geoapp.sources.remote.osm_places import facilities
from geoapp.sources.remote.osm_routes import cycle_routes
from geoapp.sources.remote.osm_rules import is_area, nature_kind, road_class, text
from geoapp.sources.remote.pulled import PulledLayer

Theme = Literal["cycle-routes", "local-roads", "childcare", "senior-care", "protected-nature"]


@dataclass(frozen=True, slots=True)
class _Described:
    names: Names
    kind: LayerKind
    measure: Measure
    columns: tuple[str, ...]


_LAYERS: Mapping[Theme, _Described] = {
    "cycle-routes": _Described(
        {"pl": "Trasy rowerowe", "cs": "Cyklotrasy", "en": "Cycle routes"},
        "line",
        "length",
        ("key", "name", "ref", "network"),
    ),
    "local-roads": _Described(
        {"pl": "Drogi lokalne", "cs": "Místní komunikace", "en": "Local roads"},
        "line",
        "length",
        ("key", "name", "ref", "class"),
    ),
    "childcare": _Described(
        {
            "pl": "Przedszkola i żłobki",
            "cs": "Mateřské školy a dětské skupiny",
            "en": "Kindergartens and nurseries",
        },
        "point",
        "count",
        ("key", "name", "kind", "places"),
    ),
    "senior-care": _Described(
        {"pl": "Domy opieki dla seniorów", "cs": "Domovy pro seniory", "en": "Homes for the old"},
        "point",
        "count",
        ("key", "name", "kind", "places"),
    ),
    "protected-nature": _Described(
        {"pl": "Przyroda chroniona", "cs": "Chráněná příroda", "en": "Protected nature"},
        "polygon",
        "share",
        ("key", "name", "kind"),
    ),
}
THEMES: tuple[Theme, ...] = tuple(_LAYERS)


@dataclass(frozen=True, slots=True)
class Found:
    """Features of one theme, with ``key`` and the columns of its layer, and what is to be told."""

    theme: Theme
    table: gpd.GeoDataFrame
    problems: tuple[Problem, ...] = ()


def features(elements: Elements, bounds: Bounds, *, file: str) -> list[Found]:
    """Return what lies in a box of degrees (west, south, east, north), one `Found` for a theme.

    Lines and areas that reach out of the box come whole. Tables are in EPSG:4326; an empty one
    tells that nothing was found. ``file`` names the source in what is to be told.
    """
    ways = ways_within(elements, bounds)
    rows: dict[Theme, tuple[list[Row], tuple[Problem, ...]]] = {
        "cycle-routes": cycle_routes(elements, ways, file=file),
        "local-roads": (_roads(ways), ()),
        "childcare": facilities(elements, bounds, "childcare", file=file),
        "senior-care": facilities(elements, bounds, "senior-care", file=file),
        "protected-nature": _nature(elements, bounds, file),
    }
    return [Found(theme, _table(theme, found), told) for theme, (found, told) in rows.items()]


def as_layer(found: Found, date: str | None) -> PulledLayer:
    """Return features as a layer; that nothing was mapped never proves that there is nothing."""
    described = _LAYERS[found.theme]
    has_places = "places" in described.columns
    return PulledLayer(
        slug=found.theme,
        theme=found.theme,
        names=described.names,
        kind=described.kind,
        table=found.table,
        columns=Columns(name="name", places="places" if has_places else None),
        measure=described.measure,
        complete=False,
        date=date,
        problems=found.problems,
    )


def _table(theme: Theme, rows: list[Row]) -> gpd.GeoDataFrame:
    columns = _LAYERS[theme].columns
    table = pd.DataFrame(
        {name: pd.Series([row[name] for row in rows], dtype=object) for name in columns}
    )
    if "places" in table:
        table["places"] = table["places"].astype("Int64")
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = [row["geometry"] for row in rows]
    return gpd.GeoDataFrame(table, geometry=shapes, crs=WGS84)


def _roads(ways: Mapping[int, Way]) -> list[Row]:
    return [
        {
            "key": f"w{way.id}",
            "name": text(way.tags, "name"),
            "ref": text(way.tags, "ref"),
            "class": class_,
            "geometry": way.shape,
        }
        for way in ways.values()
        if (class_ := road_class(way.tags)) is not None
    ]


def _nature(elements: Elements, bounds: Bounds, file: str) -> tuple[list[Row], tuple[Problem, ...]]:
    rows, open_ = [], []
    box = shapely.box(*bounds)
    for key, found, ways in _outlined(elements):
        lines = [way.shape for way in ways if way is not None and way.shape is not None]
        area = enclosed(lines)
        closed = all(way is not None and way.whole for way in ways) and not area.is_empty
        if not shapely.intersects(area if closed else shapely.GeometryCollection(lines), box):
            continue
        name = text(found.tags, "name")
        if closed:
            kind = nature_kind(found.tags)
            rows.append({"key": key, "name": name, "kind": kind, "geometry": area})
        else:
            open_.append(f"{key} {name or ''}".strip())
    told = mark(
        "{count} protected areas have an outline that is not closed in the source, and were left "
        "out: {examples}."
    )
    problem = warning(file, told, count=len(open_), examples=some_of(open_))
    return rows, (problem,) if open_ else ()


def _outlined(elements: Elements) -> list[tuple[str, Way | Relation, list[Way | None]]]:
    """Return what is protected, with its key and the ways around it, None for an absent one."""
    single: list[tuple[str, Way | Relation, list[Way | None]]] = [
        (f"w{way.id}", way, [way]) for way in elements.ways.values() if nature_kind(way.tags)
    ]
    return single + [
        (f"r{found.id}", found, [elements.ways.get(ref) for ref in _outline(found)])
        for found in elements.relations.values()
        if is_area(found.tags) and nature_kind(found.tags)
    ]


def _outline(relation: Relation) -> list[int]:
    drawn = ("", "outer", "inner")
    return [
        member.ref for member in relation.members if member.kind == "w" and member.role in drawn
    ]
