"""Facilities of OpenStreetMap as points: each once, with its places where they are known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

import numpy as np
import shapely

from geoapp.core.mapspec import Bounds
from geoapp.core.phrases import mark
from geoapp.core.raw import Geometries, some_of, warning
from geoapp.errors import Problem
from geoapp.sources.remote.osm_elements import Elements, Relation, Row, enclosed
from geoapp.sources.remote.osm_rules import PlaceTheme, Tags, capacity, is_area, place_kind, text

_ALIKE = 0.8


@dataclass(frozen=True, slots=True)
class _Place:
    """One object; ``shape`` is a point, the area of its grounds, or a line that is not closed."""

    key: str
    kind: str
    name: str | None
    places: int | None
    shape: shapely.Geometry
    unread: str = ""

    @property
    def label(self) -> str:
        return f"{self.key} {self.name or ''}".strip()


def facilities(
    elements: Elements, bounds: Bounds, theme: PlaceTheme, *, file: str
) -> tuple[list[Row], tuple[Problem, ...]]:
    """Return one row for each facility within a box of degrees (west, south, east, north).

    Rows have ``key``, ``name``, ``kind``, ``places`` (None where not known) and ``geometry``, a
    point in EPSG:4326; of an area a point inside it. What is mapped again within its own grounds,
    under a similar name, is one facility; what is not known of the grounds is taken from there.
    """
    found = list(_places(elements, theme))
    nowhere = [place for place in found if place.shape.is_empty]
    placed = [place for place in found if not place.shape.is_empty]
    points = shapely.point_on_surface(_shapes(placed))
    inside = shapely.intersects(points, shapely.box(*bounds))
    kept, twice = _each_once([place for place, near in zip(placed, inside, strict=True) if near])
    rows = [_row(place) for place in kept]
    unread = [f"{place.label} ({place.unread})" for place in kept if place.unread]
    return rows, (
        *_told(
            file,
            mark(
                "{count} facilities are mapped both as a point or building and as the grounds "
                "around it; they count once: {examples}."
            ),
            [place.label for place in twice],
        ),
        *_told(
            file,
            mark(
                "The capacity of {count} facilities is no plain number and counts as unknown: "
                "{examples}."
            ),
            unread,
        ),
        *_told(
            file,
            mark(
                "{count} facilities have no place that the source tells, and were left out: "
                "{examples}."
            ),
            [place.label for place in nowhere],
        ),
    )


def _places(elements: Elements, theme: PlaceTheme) -> Iterator[_Place]:
    for node in elements.nodes.values():
        if kind := place_kind(theme, node.tags):
            yield _place(f"n{node.id}", kind, node.tags, shapely.Point(node.lon, node.lat))
    for way in elements.ways.values():
        if kind := place_kind(theme, way.tags):
            yield _place(f"w{way.id}", kind, way.tags, _extent([way.shape]))
    for relation in elements.relations.values():
        if is_area(relation.tags) and (kind := place_kind(theme, relation.tags)):
            extent = _extent(_lines(relation, elements))
            yield _place(f"r{relation.id}", kind, relation.tags, extent)


def _place(key: str, kind: str, tags: Tags, shape: shapely.Geometry) -> _Place:
    places, read = capacity(tags)
    unread = "" if read else text(tags, "capacity") or ""
    return _Place(key, kind, text(tags, "name"), places, shape, unread)


def _lines(relation: Relation, elements: Elements) -> list[shapely.Geometry | None]:
    refs = [member.ref for member in relation.members if member.kind == "w"]
    return [elements.ways[ref].shape for ref in refs if ref in elements.ways]


def _extent(lines: list[shapely.Geometry | None]) -> shapely.Geometry:
    """Return the area within lines, else the lines: even what is not closed tells where it is."""
    known = [line for line in lines if line is not None]
    area = enclosed(known)
    return shapely.MultiLineString(list(shapely.get_parts(known))) if area.is_empty else area


def _each_once(places: list[_Place]) -> tuple[list[_Place], list[_Place]]:
    """Return the facilities, and those that are another one mapped again inside it."""
    ordered = sorted(places, key=lambda place: (-place.shape.area, place.key))
    inner, outer = _inside_another(ordered)
    kept: dict[int, _Place] = dict(enumerate(ordered))
    for within, around in zip(inner, outer, strict=True):
        if around in kept and within in kept and _same(kept[around], kept[within]):
            kept[around] = _completed(kept[around], kept.pop(within))
    twice = [place for position, place in enumerate(ordered) if position not in kept]
    return list(kept.values()), twice


def _inside_another(ordered: list[_Place]) -> tuple[list[int], list[int]]:
    """Return pairs of positions: what lies in which larger area, from the largest area on."""
    points = shapely.point_on_surface(_shapes(ordered))
    tree = shapely.STRtree(points)
    outer, inner = tree.query(_shapes(ordered), predicate="intersects")
    is_within = (outer < inner) & (shapely.get_dimensions(_shapes(ordered))[outer] == 2)
    pairs = sorted(zip(outer[is_within].tolist(), inner[is_within].tolist(), strict=True))
    return [within for _, within in pairs], [around for around, _ in pairs]


def _same(place: _Place, other: _Place) -> bool:
    if place.kind != other.kind:
        return False
    if place.name is None or other.name is None:
        return True
    own, its = _plain(place.name), _plain(other.name)
    numbers = [re.findall(r"\d+", name) for name in (own, its)]
    if all(numbers) and numbers[0] != numbers[1]:
        return False
    return own in its or its in own or SequenceMatcher(None, own, its).ratio() >= _ALIKE


def _plain(name: str) -> str:
    return " ".join("".join(sign if sign.isalnum() else " " for sign in name.casefold()).split())


def _completed(place: _Place, other: _Place) -> _Place:
    known = other if place.places is None and other.places is not None else place
    return replace(place, name=place.name or other.name, places=known.places, unread=known.unread)


def _row(place: _Place) -> Row:
    return {
        "key": place.key,
        "name": place.name,
        "kind": place.kind,
        "places": place.places,
        "geometry": shapely.point_on_surface(place.shape),
    }


def _shapes(places: list[_Place]) -> Geometries:
    shapes = np.empty(len(places), dtype=object)
    shapes[:] = [place.shape for place in places]
    return shapes


def _told(file: str, text_: str, examples: list[str]) -> tuple[Problem, ...]:
    if not examples:
        return ()
    return (warning(file, text_, count=len(examples), examples=some_of(examples)),)
