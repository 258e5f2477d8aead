"""Made-up protected nature: areas with winding borders that pay no heed to municipal ones."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.affinity import rotate, scale
from shapely.geometry.base import BaseGeometry

from geoapp.core.codes import Country
from geoapp.core.illustration.territory import (
    PLANE,
    chance,
    made_up,
    published,
    shared_borders,
    territories,
    winding,
)

_NAMES: dict[tuple[str, Country], str] = {
    ("landscape-park", "PL"): "Park krajobrazowy",
    ("landscape-park", "CZ"): "Přírodní park",
    ("nature-reserve", "PL"): "Rezerwat przyrody",
    ("nature-reserve", "CZ"): "Přírodní rezervace",
}

_PARK_M2 = 12e6
_DETAIL_M = 40.0
# Areas keep apart by this multiple of their radii.
_APART = 1.8


def protected_nature(
    municipalities: pd.DataFrame, boundaries: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Draw landscape parks and nature reserves across the borders of neighbours.

    Returns
    -------
    geopandas.GeoDataFrame
        Columns key, name, kind (``landscape-park`` or ``nature-reserve``) and geometry (polygons,
        EPSG:4326) that lie within the boundaries and do not overlap.
    """
    land = territories(municipalities, boundaries)
    whole = shapely.union_all(land.geometry.to_numpy())
    rows: list[dict[str, str]] = []
    areas: list[BaseGeometry] = []
    for number, (first, second, blob) in enumerate(_blobs(land), start=1):
        area = _largest_part(blob.intersection(whole))
        kind = "landscape-park" if area.area >= _PARK_M2 else "nature-reserve"
        country = land["country"][first]
        between = " – ".join(dict.fromkeys([land["name"][first], land["name"][second]]))
        name = f"{_NAMES[kind, country]} {number}, {between}"
        rows.append({"key": f"nature-{number:03d}", "name": made_up(name, country), "kind": kind})
        areas.append(area)
    frame = pd.DataFrame(rows, columns=["key", "name", "kind"])
    return published(gpd.GeoDataFrame(frame, geometry=areas, crs=PLANE))


def _blobs(land: gpd.GeoDataFrame) -> list[tuple[int, int, BaseGeometry]]:
    """Choose borders by chance, keep what is far from the ones before; rows and polygons (m)."""
    chosen: list[tuple[int, int, float, shapely.Point]] = []
    for first, second, centre in _candidates(land):
        width = math.sqrt(min(land.geometry[first].area, land.geometry[second].area) / math.pi)
        radius = width * (0.3 + 0.35 * chance("size", land["unit"][first], land["unit"][second]))
        if all(centre.distance(other) > _APART * (radius + size) for *_, size, other in chosen):
            chosen.append((first, second, radius, centre))
    ovals = [_oval(centre, radius, land["unit"][first]) for first, _, radius, centre in chosen]
    blobs = winding(np.array(ovals, dtype=object), detail_m=_DETAIL_M)
    return [(first, second, blob) for (first, second, *_), blob in zip(chosen, blobs, strict=True)]


def _candidates(land: gpd.GeoDataFrame) -> list[tuple[int, int, shapely.Point]]:
    borders = shared_borders(land)
    across = [
        (int(first), int(second), point)
        for first, second, point in zip(
            borders["first"], borders["second"], borders.geometry, strict=True
        )
    ]
    alone = sorted(set(land.index) - set(borders["first"]) - set(borders["second"]))
    within = [(row, row, land.geometry[row].representative_point()) for row in alone]
    return sorted(
        across + within,
        key=lambda one: chance("nature", land["unit"][one[0]], land["unit"][one[1]]),
    )


def _oval(centre: shapely.Point, radius: float, unit: str) -> BaseGeometry:
    stretch = 1 + 0.35 * chance("stretch", unit)
    return rotate(scale(centre.buffer(radius), stretch, 1 / stretch), 180 * chance("turn", unit))


def _largest_part(shape: BaseGeometry) -> BaseGeometry:
    parts = shapely.get_parts(shape)
    return parts[np.argmax(shapely.area(parts))]
