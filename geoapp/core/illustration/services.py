"""Made-up services: childcare and care for the elderly as points, broadband as a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geoapp.core.codes import Country
from geoapp.core.illustration.territory import (
    PLANE,
    chance,
    made_up,
    published,
    territories,
)
from geoapp.core.meander import Floats

_NAMES: dict[tuple[str, Country], str] = {
    ("kindergarten", "PL"): "Przedszkole nr",
    ("kindergarten", "CZ"): "Mateřská škola",
    ("nursery", "PL"): "Żłobek nr",
    ("nursery", "CZ"): "Dětská skupina",
    ("residential", "PL"): "Dom pomocy społecznej nr",
    ("residential", "CZ"): "Domov pro seniory",
    ("day-care", "PL"): "Dzienny dom seniora nr",
    ("day-care", "CZ"): "Denní stacionář",
}

_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
_ONE_KINDERGARTEN = 400
_FARTHEST_M = 4_000.0
_NEAREST_M = 250.0
_TRIALS = 4

# Children of kindergarten and of nursery age, as shares of the population.
_KINDERGARTEN_AGE, _NURSERY_AGE = 0.031, 0.028


def childcare(municipalities: pd.DataFrame, boundaries: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Scatter kindergartens and nurseries by population.

    Returns
    -------
    geopandas.GeoDataFrame
        Columns key, name, kind (``kindergarten`` or ``nursery``), places and geometry (points,
        EPSG:4326). Municipalities of unknown population get none.
    """
    land = territories(municipalities, boundaries)
    wanted = {"kindergarten": _kindergartens, "nursery": _nurseries}
    return _scattered(land, "childcare", wanted)


def senior_care(municipalities: pd.DataFrame, boundaries: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Scatter residential homes and day care for the elderly by population.

    Returns
    -------
    geopandas.GeoDataFrame
        Columns key, name, kind (``residential`` or ``day-care``), places and geometry (points,
        EPSG:4326). Municipalities of unknown population get none.
    """
    land = territories(municipalities, boundaries)
    wanted = {"residential": _homes, "day-care": _day_centres}
    return _scattered(land, "senior-care", wanted)


def broadband(municipalities: pd.DataFrame, boundaries: gpd.GeoDataFrame) -> pd.DataFrame:
    """Make up the share of addresses with 100 Mb/s, higher where people live more densely.

    Returns
    -------
    pandas.DataFrame
        Columns code, name and value (%), for municipalities of known population.
    """
    land = territories(municipalities, boundaries).dropna(subset="population")
    density = land["population"] / (land.area / 1e6)
    luck = land["unit"].map(lambda unit: chance("broadband", unit))
    share = 24 + 22 * np.log10(density.clip(lower=1)) + 18 * (luck - 0.5)
    table = land[["code", "name"]].assign(value=share.clip(5, 99.5).round(1))
    return pd.DataFrame(table).reset_index(drop=True)


def _kindergartens(unit: str, population: float) -> list[int]:
    number = min(max(population > _ONE_KINDERGARTEN, round(population / 2_600)), 16)
    children = population * _KINDERGARTEN_AGE * (0.75 + 0.2 * chance("kindergarten", unit))
    return _shared(children, number, smallest=15)


def _nurseries(unit: str, population: float) -> list[int]:
    number = min(_rounded_by_chance(population / 9_000, "nursery", unit), 8)
    children = population * _NURSERY_AGE * (0.15 + 0.2 * chance("nursery places", unit))
    return _shared(children, number, smallest=12)


def _homes(unit: str, population: float) -> list[int]:
    number = min(_rounded_by_chance(population / 12_000, "home", unit), 6)
    return [30 + 10 * int(9 * chance("home", unit, at)) for at in range(number)]


def _day_centres(unit: str, population: float) -> list[int]:
    number = min(_rounded_by_chance(population / 6_000, "day centre", unit), 6)
    return [15 + 5 * int(6 * chance("day centre", unit, at)) for at in range(number)]


def _rounded_by_chance(number: float, *words: object) -> int:
    return math.floor(number + chance("rounding", *words))


def _shared(children: float, number: int, *, smallest: int) -> list[int]:
    """Share children among facilities, the first one the largest, in steps of five places."""
    weights = [1 / (1 + 0.15 * at) for at in range(number)]
    return [max(smallest, 5 * round(children * one / sum(weights) / 5)) for one in weights]


def _scattered(
    land: gpd.GeoDataFrame, layer: str, wanted: Mapping[str, Callable[[str, float], list[int]]]
) -> gpd.GeoDataFrame:
    rows: list[dict[str, object]] = []
    points: list[Floats] = []
    for place in land.dropna(subset="population").itertuples():
        offers = [
            (kind, number, places)
            for kind, offered in wanted.items()
            for number, places in enumerate(offered(place.unit, place.population), start=1)
        ]
        spots = _spots(layer, place.unit, place.geometry, place.seat, len(offers))
        for (kind, number, places), spot in zip(offers, spots, strict=True):
            name = f"{_NAMES[kind, place.country]} {number}, {place.name}"
            rows.append(
                {
                    "key": f"{place.unit}-{kind}-{number}",
                    "name": made_up(name, place.country),
                    "kind": kind,
                    "places": places,
                }
            )
            points.append(spot)
    frame = pd.DataFrame(rows, columns=["key", "name", "kind", "places"])
    geometry = shapely.points(np.array(points).reshape(-1, 2))
    return published(gpd.GeoDataFrame(frame, geometry=geometry, crs=PLANE))


def _spots(layer: str, unit: str, cell: BaseGeometry, seat: shapely.Point, count: int) -> Floats:
    """Return points (m) that spiral out from the seat like seeds of a sunflower, within a cell."""
    reach = min(0.5 * math.sqrt(cell.area / math.pi), _FARTHEST_M)
    number = np.arange(_TRIALS * (count + 1))
    away = _NEAREST_M + (reach - _NEAREST_M) * np.sqrt(number / max(count, 1)) * 0.9
    turn = math.tau * chance(layer, unit) + _GOLDEN_ANGLE * number
    points = np.column_stack([seat.x + away * np.cos(turn), seat.y + away * np.sin(turn)])
    inside = points[shapely.contains_xy(cell, points)]
    # A cell too thin for the spiral has everything at the seat.
    return np.concatenate([inside, np.tile([seat.x, seat.y], (count, 1))])[:count]
