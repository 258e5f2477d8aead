"""Reading an extract of OpenStreetMap (``.osm.pbf``) with pyosmium, within bounded memory.

A file is passed through several times rather than held: relations, then nodes, whose locations
go into a file, then the ways that matter. Only what a filter of pyosmium lets through reaches
Python. Runs in a process of its own, see `geoapp.sources.remote.osm_child`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from osmium import NodeLocationsForWays, OsmFileIterator
from osmium.filter import IdFilter, TagFilter
from osmium.index import create_map
from osmium.io import File, Reader
from osmium.osm import ALL, NODE, NOTHING, RELATION, WAY, osm_entity_bits

from geoapp.core.mapspec import Bounds
from geoapp.core.raw import refusal
from geoapp.sources.remote.osm_elements import (
    Elements,
    Member,
    Node,
    Relation,
    Way,
    day_of,
    way_through,
)
from geoapp.sources.remote.osm_rules import (
    KEPT,
    NATURE,
    PLACES,
    ROADS,
    ROUTES,
    Tags,
    is_area,
    is_route,
    pairs,
)

STEPS = 4
Step = Callable[[str], None]


def read_elements(path: Path, bounds: Bounds, folder: Path, *, file: str, step: Step) -> Elements:
    """Return what an extract holds in a box of degrees (west, south, east, north).

    Parameters
    ----------
    path
        The extract.
    bounds
        Ways that stay out of this box are left out, unless an area is made of them. Nodes and
        relations are not looked at so closely.
    folder
        Empty; for the locations of all nodes, 16 bytes each.
    file
        Name of the extract for messages.
    step
        Called before each of the `STEPS`, with what is being done.

    Raises
    ------
    FileRefusedError
        When the file holds a history, or nothing near the box.
    RuntimeError
        Of pyosmium, when it is damaged.
    """
    extract = File(str(path), "pbf")
    _refuse_unfit(extract, bounds, file)
    step("reading relations")
    named = _objects(extract, RELATION, TagFilter(*pairs(ROUTES, PLACES, NATURE)))
    relations = {
        found.id: found
        for found in map(_relation, named)
        if is_route(found.tags) or is_area(found.tags)
    }
    step("reading nodes")
    locations = NodeLocationsForWays(create_map(f"sparse_file_array,{folder / 'nodes'}"))
    locations.ignore_errors()
    nodes = {
        node.id: Node(node.id, _kept(node.tags), node.location.lon, node.location.lat)
        for node in _objects(extract, NODE, locations, TagFilter(*pairs(PLACES)))
        if node.location.valid()
    }
    step("reading ways")
    tagged = _objects(extract, WAY, locations, TagFilter(*pairs(ROADS, PLACES, NATURE)))
    ways = {way.id: way for way in _ways(tagged, bounds)}
    step("reading members of relations")
    of_areas = _way_members(relations.values(), routes=False)
    absent = of_areas | _way_members(relations.values(), routes=True)
    named = _objects(extract, WAY, locations, IdFilter(sorted(absent)))
    ways |= {way.id: way for way in _ways(_crossed_off(named, absent), bounds, of_areas)}
    return Elements(nodes, ways, relations, frozenset(absent), _date(extract))


def _refuse_unfit(extract: File, bounds: Bounds, file: str) -> None:
    with Reader(extract, NOTHING) as reader:
        header = reader.header()
    if header.has_multiple_object_versions:
        raise refusal(
            file,
            "Expected an extract of the present state; found a history of all changes. Choose "
            "the file that ends in .osm.pbf.",
        )
    box = header.box()
    if not box.valid():
        return
    west, south, east, north = bounds
    low, high = box.bottom_left, box.top_right
    if low.lon > east or high.lon < west or low.lat > north or high.lat < south:
        raise refusal(
            file,
            "The extract lies between longitude {west} and {east}, latitude {south} and {north}, "
            "beside the area that was asked for. Name the extract that holds it.",
            west=low.lon,
            east=high.lon,
            south=low.lat,
            north=high.lat,
        )


def _objects(extract: File, entities: osm_entity_bits, *handlers: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield what passes the handlers; each is valid only until the next one."""
    # the iterator does not keep its handlers alive, but the arguments of this call do
    with Reader(extract, entities) as reader:
        yield from OsmFileIterator(reader, *handlers)


def _relation(found: Any) -> Relation:  # noqa: ANN401
    members = tuple(Member(member.type, member.ref, member.role) for member in found.members)
    return Relation(found.id, _kept(found.tags), members)


def _kept(tags: Iterable[tuple[str, str]]) -> Tags:
    return {key: value for key, value in tags if key in KEPT}


def _crossed_off(found: Iterable[Any], listed: set[int]) -> Iterator[Any]:
    for way in found:
        listed.discard(way.id)
        yield way


def _ways(
    found: Iterable[Any], bounds: Bounds, needed: frozenset[int] | set[int] = frozenset()
) -> Iterator[Way]:
    """Yield the ways that may touch the box, and those that are needed in any case."""
    for way in found:
        places = [node.location for node in way.nodes]
        pairs_ = [(place.lon_without_check(), place.lat_without_check()) for place in places]
        if way.id in needed or _is_near(pairs_, bounds):
            yield way_through(way.id, _kept(way.tags), _known(pairs_))


def _is_near(pairs_: Sequence[tuple[float, float]], bounds: Bounds) -> bool:
    """Whether the box around some places overlaps another; one that is not known lies anywhere."""
    if not pairs_:
        return False
    lons, lats = zip(*pairs_, strict=True)
    beside = min(lons) > bounds[2] or max(lons) < bounds[0]
    return not (beside or min(lats) > bounds[3] or max(lats) < bounds[1])


def _known(pairs_: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Return longitudes and latitudes, shape (n, 2); NaN where they are none of the Earth's."""
    coordinates = np.array(pairs_, dtype=np.float64).reshape(-1, 2)
    coordinates[(np.abs(coordinates) > (180, 90)).any(axis=1)] = np.nan
    return coordinates


def _way_members(relations: Iterable[Relation], *, routes: bool) -> set[int]:
    chosen = (found for found in relations if is_route(found.tags) == routes)
    return {member.ref for found in chosen for member in found.members if member.kind == "w"}


def _date(extract: File) -> str | None:
    """Return the day the file was made of, else that of the latest change in what is read."""
    with Reader(extract, NOTHING) as reader:
        told = reader.header().get("osmosis_replication_timestamp")
    if told:
        return day_of(told)
    wanted = TagFilter(*pairs(ROUTES, ROADS, PLACES, NATURE))
    latest = max((found.timestamp for found in _objects(extract, ALL, wanted)), default=None)
    return latest.date().isoformat() if latest and latest.timestamp() > 0 else None
