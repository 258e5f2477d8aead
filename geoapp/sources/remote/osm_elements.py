"""What OpenStreetMap holds of a place, before any of it has become a feature of a layer.

Coordinates are degrees of EPSG:4326, longitude first. An extract and an answer of Overpass both
become `Elements`, so that everything after it exists once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geoapp.core.mapspec import Bounds
from geoapp.sources.remote.osm_rules import Tags

Row = dict[str, Any]
"""One feature: its columns by name, and its ``geometry`` in EPSG:4326."""


class Member(NamedTuple):
    """One member of a relation."""

    kind: Literal["n", "w", "r"]
    ref: int
    role: str


@dataclass(frozen=True, slots=True)
class Node:
    """A point; ``lon`` and ``lat`` in degrees."""

    id: int
    tags: Tags
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Way:
    """A line through nodes.

    Attributes
    ----------
    id, tags
        As in OpenStreetMap.
    shape
        A line, several where a node between them is not known, None where less than a line is.
    whole
        Whether all of its nodes are known.
    """

    id: int
    tags: Tags
    shape: shapely.LineString | shapely.MultiLineString | None
    whole: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """Members that make something together."""

    id: int
    tags: Tags
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Elements:
    """What was read, by identifier.

    Attributes
    ----------
    nodes, ways, relations
        Those that may become features, or parts of some.
    absent
        Ways that a relation names and the source does not hold, as far as it was asked.
    date
        Of the data, ``YYYY-MM-DD``.
    """

    nodes: Mapping[int, Node] = field(default_factory=dict)
    ways: Mapping[int, Way] = field(default_factory=dict)
    relations: Mapping[int, Relation] = field(default_factory=dict)
    absent: frozenset[int] = frozenset()
    date: str | None = None


def joined(several: Sequence[Elements]) -> Elements:
    """Return what several extracts hold together, of the date of the oldest.

    What lies across their common border is in each of them, and perhaps whole in one only.
    """
    ways: dict[int, Way] = {}
    for elements in several:
        ways |= {way.id: way for way in elements.ways.values() if way.whole or way.id not in ways}
    return Elements(
        nodes={id_: node for elements in several for id_, node in elements.nodes.items()},
        ways=ways,
        relations={id_: found for elements in several for id_, found in elements.relations.items()},
        absent=frozenset.intersection(*(elements.absent for elements in several)) - ways.keys(),
        date=min((elements.date for elements in several if elements.date), default=None),
    )


def way_through(id_: int, tags: Tags, coordinates: NDArray[np.float64]) -> Way:
    """Return the way through coordinates, shape (n, 2), longitude first; NaN where not known."""
    known = np.isfinite(coordinates).all(axis=1)
    whole = bool(known.all())
    pieces = [coordinates]
    if not whole:
        pieces = np.split(coordinates, np.flatnonzero(np.diff(known)) + 1)
    stretches = [
        shapely.LineString(stretch)
        for stretch in pieces
        if len(stretch) > 1 and np.isfinite(stretch[0, 0]) and (stretch[1:] != stretch[0]).any()
    ]
    if len(stretches) < 2:
        return Way(id_, tags, stretches[0] if stretches else None, whole and bool(stretches))
    return Way(id_, tags, shapely.MultiLineString(stretches), whole)


def day_of(timestamp: str) -> str | None:
    """Return the day of a time as OpenStreetMap writes it, None where it is none.

    >>> day_of("2026-11-20T21:20:35Z")
    '2026-11-20'
    """
    try:
        return dt.datetime.fromisoformat(timestamp).date().isoformat()
    except ValueError:
        return None


def ways_within(elements: Elements, bounds: Bounds) -> dict[int, Way]:
    """Return the ways that touch a box of degrees (west, south, east, north), each as a whole."""
    shaped = [way for way in elements.ways.values() if way.shape is not None]
    shapes = np.array([way.shape for way in shaped], dtype=object)
    touching = shapely.intersects(shapes, shapely.box(*bounds))
    return {way.id: way for way, inside in zip(shaped, touching, strict=True) if inside}


def enclosed(lines: Sequence[shapely.Geometry]) -> shapely.Geometry:
    """Return what closed lines enclose, without what others enclose within it; empty if nothing.

    Of lines that enclose each other, the outermost is an edge of the area, the next one of a
    hole, and so on, whatever roles they were given.
    """
    return shapely.build_area(shapely.node(shapely.GeometryCollection(list(lines))))
