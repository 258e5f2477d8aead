"""Which tags of OpenStreetMap make what: the one place where themes meet tags."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

Tags = Mapping[str, str]
Wanted = Mapping[str, tuple[str, ...]]
PlaceTheme = Literal["childcare", "senior-care"]

_ROAD_CLASSES = ("tertiary", "unclassified", "residential", "living_street", "road")
_CHILDCARE = ("kindergarten", "childcare", "nursery")
_HOMES = ("nursing_home", "assisted_living", "group_home")
_NETWORKS = ("icn", "ncn", "rcn", "lcn")
# protect_class is the IUCN category, or 97-99 for treaties; the other numbers protect
# drinking water, landscapes of war or fishing grounds.
_NATURE_CLASSES = re.compile(r"[1-7][ab]?|9[789]")
# A number, at most with words after it: of "25-30" or "50 + 20" nobody knows which is meant.
_CAPACITY = re.compile(r"([0-9]{1,5})(?:\s+[^\W\d_][^\d]*)?")
_LONGEST = 255

ROUTES: Wanted = {"route": ("bicycle",)}
ROUTE_TYPES = ("route", "superroute")
ROADS: Wanted = {"highway": _ROAD_CLASSES}
PLACES: Wanted = {"amenity": (*_CHILDCARE, "nursing_home"), "social_facility": _HOMES}
NATURE: Wanted = {"boundary": ("protected_area", "national_park"), "leisure": ("nature_reserve",)}
KEPT = frozenset(
    {
        *(*ROUTES, *ROADS, *PLACES, *NATURE),
        *("type", "name", "ref", "network", "area"),
        *("capacity", "social_facility:for", "protect_class"),
    }
)
"""Keys that any rule asks for."""


def pairs(*wanted: Wanted) -> Iterator[tuple[str, str]]:
    """Yield every key with every value of it that is wanted.

    >>> list(pairs(ROUTES))
    [('route', 'bicycle')]
    """
    for tags in wanted:
        for key, values in tags.items():
            yield from ((key, value) for value in values)


def is_route(tags: Tags) -> bool:
    """Whether a relation is a route of cyclists, or one that is made of such; no mountain trail."""
    return tags.get("route") == "bicycle" and tags.get("type") in ROUTE_TYPES


def is_area(tags: Tags) -> bool:
    """Whether a relation is made of outlines, or of what belongs together on one site."""
    return tags.get("type") in ("multipolygon", "boundary", "site")


def network(tags: Tags) -> str | None:
    """Return how far a route reaches: ``icn``, ``ncn``, ``rcn``, ``lcn``; None where not told."""
    found = tags.get("network", "").strip().lower()
    return found if found in _NETWORKS else None


def road_class(tags: Tags) -> str | None:
    """Return the class of a local road, None for any other way and for squares."""
    found = tags.get("highway")
    return found if found in _ROAD_CLASSES and tags.get("area") != "yes" else None


def place_kind(theme: PlaceTheme, tags: Tags) -> str | None:
    """Return what a facility of a theme is, by its tag; None where it is none.

    >>> place_kind("childcare", {"amenity": "nursery"})
    'nursery'
    >>> place_kind("senior-care", {"social_facility": "group_home"}) is None
    True
    """
    amenity, home = tags.get("amenity"), tags.get("social_facility")
    if theme == "childcare":
        return amenity if amenity in _CHILDCARE else None
    whom = re.split(r"\s*;\s*", tags.get("social_facility:for", "").strip())
    if home in _HOMES and "senior" in whom:
        return home
    # the older tag says nothing of whom it is for, and then means the old
    old = amenity == "nursing_home" and home is None and ("senior" in whom or whom == [""])
    return amenity if old else None


def nature_kind(tags: Tags) -> str | None:
    """Return how a stretch of nature is protected, None where it is not, or something else is."""
    if tags.get("boundary") in NATURE["boundary"]:
        told = tags.get("protect_class", "").strip().lower()
        return tags["boundary"] if not told or _NATURE_CLASSES.fullmatch(told) else None
    return "nature_reserve" if tags.get("leisure") == "nature_reserve" else None


def text(tags: Tags, key: str) -> str | None:
    """Return a text on one line, no longer than OpenStreetMap allows; None where it is empty."""
    return " ".join(tags.get(key, "").split())[:_LONGEST] or None


def capacity(tags: Tags) -> tuple[int | None, bool]:
    """Return how many places a facility has, and whether what it says could be read.

    >>> [capacity({"capacity": told}) for told in ("50", "50 dzieci", "25-30")]
    [(50, True), (50, True), (None, False)]
    """
    told = tags.get("capacity", "").strip()
    if not told:
        return None, True
    match = _CAPACITY.fullmatch(told)
    return (int(match.group(1)), True) if match else (None, False)
