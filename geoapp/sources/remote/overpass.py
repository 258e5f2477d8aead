"""Overpass, which answers questions about OpenStreetMap, as a source for small areas."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import shapely

from geoapp.core.mapspec import Bounds
from geoapp.core.measure import area_ha
from geoapp.core.phrases import mark
from geoapp.core.projection import WGS84
from geoapp.core.raw import refusal, warning
from geoapp.errors import Problem
from geoapp.sources.remote.osm_elements import (
    Elements,
    Member,
    Node,
    Relation,
    Way,
    day_of,
    way_through,
)
from geoapp.sources.remote.osm_layers import as_layer, features
from geoapp.sources.remote.osm_rules import KEPT, NATURE, PLACES, ROADS, ROUTE_TYPES, ROUTES, Tags
from geoapp.sources.remote.pulled import Area, Fetch, PulledLayer
from geoapp.sources.remote.registry import RemoteSource
from geoapp.sources.remote.words import plain_words

_SECONDS = 180
_LARGEST_KM2 = 5000
_MEMBERS: Mapping[str, Literal["n", "w", "r"]] = {"node": "n", "way": "w", "relation": "r"}


def pull_overpass(source: RemoteSource, area: Area, fetch: Fetch) -> list[PulledLayer]:
    """Return cycle routes, local roads, childcare, care for the old and protected nature.

    The same layers as `geoapp.sources.remote.osm_extract.pull_extract` gives, for one box.

    Raises
    ------
    FileRefusedError
        When the area is too large to ask for, or the answer is none or not complete.
    RefusedError
        When there is no answer.
    """
    _refuse_large(area.bounds, source.slug)
    path = fetch(
        source.address,
        label=source.slug,
        form={"data": question(area.bounds)},
        expected=("application/json",),
    )
    answer = _answer(path, source.slug)
    elements, problems = elements_of(answer, file=source.slug)
    layers = [
        as_layer(found, elements.date)
        for found in features(elements, area.bounds, file=source.slug)
    ]
    first, *others = layers
    return [replace(first, problems=(*problems, *first.problems)), *others]


def question(bounds: Bounds) -> str:
    """Return what is asked of Overpass for a box of degrees (west, south, east, north).

    Of a route that leaves the box only the ways within are asked for, of an area all of it.
    """
    west, south, east, north = (f"{side:.7f}" for side in bounds)
    box = f"({south},{west},{north},{east})"
    routes = "".join(_chosen({"type": ROUTE_TYPES, **ROUTES}))
    above = f"(.routes;rel(br.routes){routes};)->.routes;"
    found = [f"way{tags}{box};" for tags in _chosen(ROADS)]
    found += [f"nwr{tags}{box};" for tags in _chosen(PLACES)]
    found += [f"wr{tags}{box};" for tags in _chosen(NATURE)]
    return "\n".join(
        [
            f"[out:json][timeout:{_SECONDS}];",
            f"rel{routes}{box}->.routes;",
            # a route may be a stage of one that is itself a part of another
            above,
            above,
            f"way(r.routes){box}->.ridden;",
            f"({''.join(found)})->.found;",
            "(.routes;.ridden;.found;);",
            "out body;",
            "(.ridden;.found;);",
            ">;",
            "out skel qt;",
        ]
    )


def elements_of(answer: Mapping[str, Any], *, file: str) -> tuple[Elements, tuple[Problem, ...]]:
    """Return what an answer holds, and what of it could not be understood.

    An element may come twice, with its tags and as a part of another; the tags are kept.
    """
    listed = [element for element in answer["elements"] if _kind(element) in _SOUND]
    sound = [element for element in listed if _SOUND[_kind(element)](element)]
    nodes = {found.id: found for found in map(_node, _of_kind(sound, "node"))}
    ways = {found["id"]: _way(found, nodes) for found in _of_kind(sound, "way")}
    relations = {found.id: found for found in map(_relation, _of_kind(sound, "relation"))}
    problems = []
    if remark := _remark(answer):
        told = mark("Overpass remarked on its answer: {remark}")
        problems.append(warning(file, told, remark=remark))
    if broken := len(listed) - len(sound):
        told = mark("{count} elements of the answer could not be understood and were left out.")
        problems.append(warning(file, told, count=broken))
    return Elements(nodes, ways, relations, date=_date(answer)), tuple(problems)


def _refuse_large(bounds: Bounds, file: str) -> None:
    box = gpd.GeoSeries([shapely.box(*bounds)], crs=WGS84)
    km2 = float(area_ha(box)[0]) / 100
    if km2 > _LARGEST_KM2:
        raise refusal(
            file,
            "The area lies in a box of {found} km²; Overpass is asked for at most {limit} km², "
            "out of kindness to its server. Use the source osm, which takes an extract.",
            found=round(km2),
            limit=_LARGEST_KM2,
        )


def _answer(path: Path, file: str) -> Mapping[str, Any]:
    try:
        answer = json.loads(path.read_text("utf-8"))
        sound = isinstance(answer["elements"], list)
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise _no_answer(file) from error
    if not sound:
        raise _no_answer(file)
    remark = _remark(answer)
    if "error" in remark:
        # what was found until then would look like all there is
        raise refusal(
            file,
            "Overpass gave up before its answer was complete ({remark}). Try again later, ask "
            "for a smaller area, or use the source osm, which takes an extract.",
            remark=remark,
        )
    return dict(answer)


def _remark(answer: Mapping[str, Any]) -> str:
    return plain_words(str(answer.get("remark", "")))


def _no_answer(file: str) -> Exception:
    return refusal(
        file,
        "Expected an answer of Overpass (JSON with elements); found something else. Correct the "
        "address.",
    )


def _kind(element: object) -> str:
    """Return what an element says it is; of areas, counts and the like, nothing is wanted."""
    return str(element.get("type")) if isinstance(element, dict) else "node"


def _of_kind(sound: Iterable[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Return elements of a kind; of two that are the same one, that with tags comes later."""
    return sorted((found for found in sound if found["type"] == kind), key=_tagged)


def _tagged(element: Mapping[str, Any]) -> bool:
    return bool(element.get("tags"))


def _chosen(wanted: Mapping[str, Iterable[str]]) -> list[str]:
    return [f'["{key}"~"^({"|".join(values)})$"]' for key, values in wanted.items()]


def _is_object(element: object) -> bool:
    if not isinstance(element, dict) or not _is_id(element.get("id")):
        return False
    tags = element.get("tags", {})
    return isinstance(tags, dict) and all(isinstance(value, str) for value in tags.values())


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_node(element: Mapping[str, Any]) -> bool:
    degrees = [element.get("lon"), element.get("lat")] if _is_object(element) else []
    return bool(degrees) and all(
        isinstance(value, (int, float)) and abs(value) <= most
        for value, most in zip(degrees, (180, 90), strict=True)
    )


def _is_way(element: Mapping[str, Any]) -> bool:
    nodes = element.get("nodes") if _is_object(element) else None
    return isinstance(nodes, list) and all(map(_is_id, nodes))


def _is_relation(element: Mapping[str, Any]) -> bool:
    members = element.get("members") if _is_object(element) else None
    return isinstance(members, list) and all(map(_is_member, members))


def _is_member(member: object) -> bool:
    if not isinstance(member, dict) or member.get("type") not in _MEMBERS:
        return False
    return _is_id(member.get("ref")) and isinstance(member.get("role"), str)


_SOUND: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "node": _is_node,
    "way": _is_way,
    "relation": _is_relation,
}


def _node(element: Mapping[str, Any]) -> Node:
    return Node(element["id"], _tags(element), float(element["lon"]), float(element["lat"]))


def _way(element: Mapping[str, Any], nodes: Mapping[int, Node]) -> Way:
    known = (nodes.get(ref) for ref in element["nodes"])
    listed = [(node.lon, node.lat) if node else (math.nan, math.nan) for node in known]
    coordinates = np.array(listed, dtype=np.float64).reshape(-1, 2)
    return way_through(element["id"], _tags(element), coordinates)


def _relation(element: Mapping[str, Any]) -> Relation:
    members = (
        Member(_MEMBERS[member["type"]], member["ref"], member["role"])
        for member in element["members"]
    )
    return Relation(element["id"], _tags(element), tuple(members))


def _tags(element: Mapping[str, Any]) -> Tags:
    return {key: value for key, value in element.get("tags", {}).items() if key in KEPT}


def _date(answer: Mapping[str, Any]) -> str | None:
    about = answer.get("osm3s")
    told = about.get("timestamp_osm_base") if isinstance(about, dict) else None
    return day_of(told) if isinstance(told, str) else None
