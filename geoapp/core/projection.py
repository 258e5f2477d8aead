"""How coordinates become longitude and latitude.

Geometry leaves `to_wgs84` as EPSG:4326 with longitude first. A *reading* is one way to understand
the coordinate pairs of a file: a CRS, and which number of the pair is east and which is north.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.transformer import AreaOfInterest, TransformerGroup

from geoapp.core.raw import Geometries

Pairs = NDArray[np.float64]
Arrangement = Literal["east-north", "north-east", "west-south", "south-west"]

WGS84 = "EPSG:4326"
EQUAL_AREA = "EPSG:3035"
KROVAK = "EPSG:5514"
KROVAK_POSITIVE = "EPSG:5513"

_SAMPLE = 5000


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand coordinate pairs; ``crs`` has its axes as east, north."""

    crs: str
    arrangement: Arrangement = "east-north"

    @property
    def label(self) -> str:
        """What to show: the EPSG code (positive Krovak values are EPSG:5513), else a name."""
        if self.crs == KROVAK and self.arrangement in ("west-south", "south-west"):
            return KROVAK_POSITIVE
        return self.crs if self.crs.startswith("EPSG:") else CRS.from_user_input(self.crs).name

    def east_north(self, pairs: Pairs) -> Pairs:
        """Bring pairs of the file, shape (n, 2), into the order and sign of east, north."""
        ordered = pairs[:, ::-1] if self.arrangement in ("north-east", "south-west") else pairs
        return -ordered if self.arrangement in ("west-south", "south-west") else ordered

    def lon_lat(self, pairs: Pairs) -> Pairs:
        """Return longitude and latitude of pairs, shape (n, 2), good enough to tell a place."""
        return _columns(_transformer(self.crs), self.east_north(pairs))


def to_wgs84(geometry: Geometries, reading: Reading) -> tuple[Geometries, float | None]:
    """Return the geometry in EPSG:4326, longitude first, and the accuracy in metres.

    The accuracy is that of the operation pyproj knows for this place, None where it knows none.
    """
    if reading == Reading(WGS84):
        return geometry, 0.0
    operation, accuracy = _best_operation(reading, sample(shapely.get_coordinates(geometry)))

    def to_lon_lat(pairs: Pairs) -> Pairs:
        return _columns(operation, reading.east_north(pairs))

    return shapely.transform(geometry, to_lon_lat), accuracy


def sample(pairs: Pairs) -> Pairs:
    """Return some thousand of the pairs, shape (n, 2), evenly taken."""
    return pairs[:: max(1, len(pairs) // _SAMPLE)]


def _columns(transformer: Transformer, pairs: Pairs) -> Pairs:
    return np.column_stack(transformer.transform(pairs[:, 0], pairs[:, 1]))


@cache
def _transformer(crs: str) -> Transformer:
    return Transformer.from_crs(crs, WGS84, always_xy=True)


def _best_operation(reading: Reading, pairs: Pairs) -> tuple[Transformer, float | None]:
    lon_lat = reading.lon_lat(pairs)
    lon_lat = lon_lat[np.isfinite(lon_lat).all(axis=1)]
    if not len(lon_lat):
        return _transformer(reading.crs), None
    place = shapely.box(*lon_lat.min(axis=0), *lon_lat.max(axis=0))
    group = TransformerGroup(
        reading.crs, WGS84, always_xy=True, area_of_interest=AreaOfInterest(*place.bounds)
    )
    # PROJ ranks an operation for all Czechoslovakia (6 m) before the one for Czechia (1 m).
    known = [operation for operation in group.transformers if operation.accuracy >= 0]
    if not known:
        return _transformer(reading.crs), None
    best = min(known, key=lambda operation: (-_cover(operation, place), operation.accuracy))
    return best, best.accuracy


def _cover(operation: Transformer, place: shapely.Polygon) -> float:
    """Return to one decimal which share of the place an operation is meant for."""
    if operation.area_of_use is None or not place.area:
        return 1.0
    meant = shapely.box(*operation.area_of_use.bounds)
    return round(float(meant.intersection(place).area / place.area), 1)
