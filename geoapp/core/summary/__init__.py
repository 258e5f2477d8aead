"""Themes per municipality: what a layer amounts to inside each municipality's borders.

`cells` tells without any geometry which municipality a place far from a border lies in, and
`crossings` cuts what is near one; `lines`, `points` and `polygons` add up what they find.
"""

from __future__ import annotations

from typing import Literal

from geoapp.core.summary.by_code import summarise_by_code
from geoapp.core.summary.lines import summarise_lines
from geoapp.core.summary.points import summarise_points
from geoapp.core.summary.polygons import summarise_polygons

Quantity = Literal["length_km", "facilities", "places", "share_percent", "value"]

QUANTITIES: tuple[Quantity, ...] = ("length_km", "facilities", "places", "share_percent", "value")

__all__ = [
    "QUANTITIES",
    "Quantity",
    "summarise_by_code",
    "summarise_lines",
    "summarise_points",
    "summarise_polygons",
]
