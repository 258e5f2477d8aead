"""Joining relations of OpenStreetMap into cycle routes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import shapely

from geoapp.core.phrases import mark
from geoapp.core.raw import some_of, warning
from geoapp.errors import Problem
from geoapp.sources.remote.osm_elements import Elements, Relation, Row, Way
from geoapp.sources.remote.osm_rules import is_route, network, text

Routes = Mapping[int, Relation]


def cycle_routes(
    elements: Elements, ways: Mapping[int, Way], *, file: str
) -> tuple[list[Row], tuple[Problem, ...]]:
    """Return one row for each route that has a stretch among ``ways``, and what is to be told.

    Rows have ``key``, ``name``, ``ref``, ``network`` and ``geometry``, a MultiLineString in
    EPSG:4326 in which each way of the route lies once, lines that meet end to end as one.

    A relation inside another one is a stage of it, and a route of its own only where it is
    signposted by a reference of its own.
    """
    routes = {id_: found for id_, found in elements.relations.items() if is_route(found.tags)}
    rows, lacking = [], []
    for id_ in sorted(_own_routes(routes)):
        parts = list(_with_stages(id_, routes))
        refs = {member.ref for part in parts for member in part.members if member.kind == "w"}
        shapes = [ways[ref].shape for ref in sorted(refs & ways.keys())]
        if not shapes:
            continue
        row = _row(parts, shapes)
        rows.append(row)
        if refs & elements.absent:
            lacking.append(f"{row['key']} {row['name'] or ''}".strip())
    told = mark(
        "{count} routes have ways that the source does not hold, as where it is cut off at a "
        "border; they were drawn without them: {examples}."
    )
    found = warning(file, told, count=len(lacking), examples=some_of(lacking))
    return rows, (found,) if lacking else ()


def _row(parts: list[Relation], shapes: list[shapely.Geometry]) -> Row:
    ref = _agreed(text(part.tags, "ref") for part in parts)
    return {
        "key": f"r{parts[0].id}",
        "name": _agreed(text(part.tags, "name") for part in parts) or ref,
        "ref": ref,
        "network": _agreed(network(part.tags) for part in parts),
        "geometry": _merged(shapes),
    }


def _agreed(told: Iterable[str | None]) -> str | None:
    """Return what the route says of itself, else what all of its stages that say it agree on."""
    own, *stages = told
    said = {stage for stage in stages if stage}
    return own or (said.pop() if len(said) == 1 else None)


def _merged(shapes: list[shapely.Geometry]) -> shapely.MultiLineString:
    lines = shapely.get_parts(np.array(shapes, dtype=object))
    merged = shapely.line_merge(shapely.MultiLineString(list(lines)))
    return shapely.MultiLineString(list(shapely.get_parts(merged)))


def _own_routes(routes: Routes) -> set[int]:
    """Return which relations are routes of their own rather than stages of another."""
    above: dict[int, set[int]] = {}
    for id_, route in routes.items():
        for stage in _stages(route, routes):
            above.setdefault(stage, set()).add(id_)
    own = {id_ for id_ in routes if _is_own(id_, above.get(id_, set()), routes)}
    reached = {part.id for id_ in own for part in _with_stages(id_, routes)}
    # Relations that contain each other have no outermost one: the oldest stands for all.
    for id_ in sorted(routes.keys() - reached):
        if id_ not in reached:
            own.add(id_)
            reached |= {part.id for part in _with_stages(id_, routes)}
    return own


def _is_own(id_: int, above: set[int], routes: Routes) -> bool:
    ref = text(routes[id_].tags, "ref")
    others = {text(routes[other].tags, "ref") for other in above}
    return not above or (ref is not None and ref not in others and others != {None})


def _with_stages(id_: int, routes: Routes) -> Iterator[Relation]:
    """Yield a route and all its stages, each once, however they are nested."""
    waiting, seen = [id_], {id_}
    while waiting:
        route = routes[waiting.pop(0)]
        yield route
        new = [stage for stage in _stages(route, routes) if stage not in seen]
        seen |= set(new)
        waiting += dict.fromkeys(new)


def _stages(route: Relation, routes: Routes) -> list[int]:
    refs = (member.ref for member in route.members if member.kind == "r")
    return [ref for ref in refs if ref in routes and ref != route.id]
