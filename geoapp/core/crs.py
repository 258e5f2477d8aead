"""Which coordinates a file is in: what it states, what the user declares, what can be recognised.

The coordinates themselves decide whether a statement can be true: municipalities of Poland and
Czechia, read rightly, lie in Poland and Czechia.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from geoapp.core.codes import Country, country_of
from geoapp.core.phrases import mark
from geoapp.core.projection import (
    EQUAL_AREA,
    KROVAK,
    KROVAK_POSITIVE,
    WGS84,
    Pairs,
    Reading,
    sample,
)
from geoapp.core.raw import Geometries, refusal, warning
from geoapp.errors import Problem

Origin = Literal["file", "declared", "recognised"]

# Generous outlines drawn by hand, longitude and latitude: they tell one CRS from another and
# what lies far away, never on which side of a border something is.
_POLAND = shapely.from_wkt(
    "POLYGON ((13.8 53.5, 13.9 54.2, 16.4 55.0, 18.5 55.1, 19.8 54.7, 22.9 54.7, 23.9 54.1, "
    "24.2 52.6, 24.5 50.6, 23.6 49.8, 23.0 48.8, 20.0 48.9, 18.7 49.1, 17.4 49.8, 16.2 49.9, "
    "15.0 50.6, 14.5 51.0, 14.3 52.0, 13.8 53.5))"
)
_CZECHIA = shapely.from_wkt(
    "POLYGON ((11.9 50.3, 12.9 50.7, 14.3 51.2, 15.4 51.1, 16.8 50.7, 17.8 50.5, 19.0 50.0, "
    "19.1 49.3, 18.0 48.8, 17.0 48.4, 15.0 48.6, 13.8 48.4, 12.5 49.2, 11.9 50.3))"
)
_AREA = shapely.union_all([_POLAND, _CZECHIA]).buffer(0.2)
_WIDER = (11.5, 48.0, 25.0, 55.5)

# Middle of each voivodeship and of Czechia (longitude, latitude, radius in kilometres), rounded.
_MIDDLES: dict[str, tuple[float, float, float]] = {
    "02": (16.4, 51.1, 170),
    "04": (18.5, 53.1, 170),
    "06": (22.9, 51.2, 170),
    "08": (15.3, 52.2, 170),
    "10": (19.4, 51.6, 170),
    "12": (20.3, 49.9, 170),
    "14": (21.1, 52.4, 200),
    "16": (17.9, 50.6, 170),
    "18": (22.2, 50.0, 170),
    "20": (22.9, 53.3, 170),
    "22": (18.0, 54.2, 170),
    "24": (19.0, 50.3, 170),
    "26": (20.8, 50.8, 170),
    "28": (20.8, 53.9, 170),
    "30": (17.2, 52.3, 200),
    "32": (15.5, 53.6, 170),
    "CZ": (15.4, 49.8, 290),
}

_COMMON = (
    *(Reading(crs) for crs in (WGS84, "EPSG:2180", KROVAK, EQUAL_AREA, "EPSG:3857")),
    *(Reading(crs) for crs in ("EPSG:32633", "EPSG:32634")),
)
_UNUSUAL = (
    Reading(WGS84, "north-east"),
    Reading("EPSG:2180", "north-east"),
    Reading(EQUAL_AREA, "north-east"),
    Reading(KROVAK, "south-west"),
    Reading(KROVAK, "west-south"),
    Reading(KROVAK, "north-east"),
)

_ENOUGH_TO_RECOGNISE = 0.9
# A file of all Europe states its CRS rightly although few of its features lie in the area.
_ENOUGH_TO_BELIEVE = 0.02


@dataclass(frozen=True, slots=True)
class Places:
    """Where features should lie by their municipality codes.

    ``centres`` are middles of features in the coordinates of the file, shape (n, 2); ``keys``
    are their unit keys. A reading that moves them into another region is wrong.
    """

    centres: Pairs
    keys: tuple[str, ...]

    def contradict(self, reading: Reading) -> bool:
        """Tell whether a reading puts most features far from the region their codes name."""
        if not self.keys:
            return False
        regions = ["CZ" if country_of(key) == "CZ" else key[:2] for key in self.keys]
        middles = np.array([_MIDDLES[region] for region in regions])
        lon, lat = reading.lon_lat(self.centres).T
        east_km = (lon - middles[:, 0]) * 111.3 * np.cos(np.radians(middles[:, 1]))
        north_km = (lat - middles[:, 1]) * 111.3
        near = np.hypot(east_km, north_km) <= middles[:, 2]
        return bool(np.mean(near) < 0.5)


@dataclass(frozen=True, slots=True)
class Settled:
    """The reading that is used, where it comes from, and what the reader must know of it."""

    reading: Reading
    origin: Origin
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Evidence:
    file: str
    pairs: Pairs
    places: Places | None

    def fits(self, reading: Reading, enough: float) -> bool:
        if share_inside(self.pairs, reading) < enough:
            return False
        return self.places is None or not self.places.contradict(reading)

    def example(self) -> str:
        return ", ".join(f"{number:.10g}" for number in self.pairs[0]) if len(self.pairs) else "-"


def settle(
    pairs: Pairs,
    *,
    file: str,
    stated: str | None = None,
    declared: str | None = None,
    places: Places | None = None,
) -> Settled:
    """Decide how the coordinates of a file are to be read.

    Parameters
    ----------
    pairs
        Coordinates of the file, shape (n, 2), in its own order and unit.
    file
        Name for messages.
    stated
        CRS that the file states, ``EPSG:n`` or WKT.
    declared
        CRS that the layer description or the user states; it wins over the file.
    places
        Where the features should lie, as far as they have municipality codes.

    Raises
    ------
    FileRefusedError
        When the coordinates fit no known CRS, or several.
    """
    evidence = _Evidence(file, sample(pairs), places)
    if declared:
        return _settle_declared(evidence, declared)
    known = _known(stated) if stated else None
    return _settle_stated(evidence, known) if known else _settle_unstated(evidence)


def recognise(pairs: Pairs, places: Places | None = None) -> tuple[Reading, ...]:
    """Return every reading that puts the pairs, shape (n, 2), into Poland and Czechia.

    Pairs in unusual order or sign are considered only where no usual reading fits.

    >>> [reading.crs for reading in recognise(np.array([[-743100.0, -1043600.0]]))]
    ['EPSG:5514']
    """
    evidence = _Evidence("", sample(pairs), places)
    for readings in (_COMMON, _UNUSUAL):
        if fitting := _fitting(evidence, readings, _ENOUGH_TO_RECOGNISE):
            return fitting
    return ()


def share_inside(pairs: Pairs, reading: Reading) -> float:
    """Return the share of pairs, shape (n, 2), that a reading puts into Poland and Czechia."""
    if not len(pairs):
        return 0.0
    lon, lat = reading.lon_lat(pairs).T
    return float(np.mean(shapely.contains_xy(_AREA, lon, lat)))


def outside_area(geometry: Geometries) -> NDArray[np.bool_]:
    """Tell which EPSG:4326 geometries do not touch longitude 11.5..25, latitude 48..55.5.

    One that spans more than half the world crosses the antimeridian and lies outside too.
    """
    bounds = shapely.bounds(geometry)
    west, south, east, north = _WIDER
    beside = (bounds[:, 0] > east) | (bounds[:, 2] < west) | (bounds[:, 2] - bounds[:, 0] > 180)
    outside: NDArray[np.bool_] = beside | (bounds[:, 1] > north) | (bounds[:, 3] < south)
    return outside


def lies_in(geometry: Geometries) -> dict[Country, float]:
    """Return the share of EPSG:4326 geometries that lie in one country beyond doubt.

    A geometry within the generous outlines of both countries counts for neither.
    """
    points = shapely.point_on_surface(geometry)
    poland, czechia = (shapely.contains(outline, points) for outline in (_POLAND, _CZECHIA))
    return {"PL": float(np.mean(poland & ~czechia)), "CZ": float(np.mean(czechia & ~poland))}


def is_crs(text: str) -> bool:
    """Tell whether a text names a CRS of a place on earth, as ``EPSG:n`` or WKT.

    >>> is_crs("EPSG:2180"), is_crs("EPSG:1")
    (True, False)
    """
    return _known(text) is not None


def _settle_declared(evidence: _Evidence, declared: str) -> Settled:
    crs = _known(declared)
    if crs is None:
        raise refusal(
            evidence.file,
            "The CRS {crs} is not known. Set crs to an EPSG code, for example EPSG:2180.",
            field="crs",
            crs=declared[:80],
        )
    fitting = _fitting(evidence, _arrangements(crs), _ENOUGH_TO_BELIEVE)
    if fitting:
        return Settled(fitting[0], "declared", _turned(evidence.file, crs, fitting[0]))
    fitting = recognise(evidence.pairs, evidence.places)
    raise refusal(
        evidence.file,
        "The coordinates ({example}) cannot be in the declared {crs}: read so, the features lie "
        "outside Poland and Czechia or far from where their codes say. Correct or remove crs; "
        "what would fit: {candidates}.",
        field="crs",
        crs=Reading(crs).label,
        example=evidence.example(),
        candidates=_labels(fitting) or "-",
    )


def _settle_stated(evidence: _Evidence, crs: str) -> Settled:
    if fitting := _fitting(evidence, _arrangements(crs), _ENOUGH_TO_BELIEVE):
        turned = _turned(evidence.file, crs, fitting[0])
        return Settled(fitting[0], "recognised" if turned else "file", turned)
    reading = _only(recognise(evidence.pairs, evidence.places), evidence)
    finding = warning(
        evidence.file,
        "The file states {stated}, but coordinates such as {example} cannot be in it; they were "
        "read as {crs}. Set crs to confirm.",
        stated=Reading(crs).label,
        example=evidence.example(),
        crs=reading.label,
    )
    turned = _turned(evidence.file, reading.crs, reading)
    return Settled(reading, "recognised", (finding, *turned))


def _settle_unstated(evidence: _Evidence) -> Settled:
    reading = _only(recognise(evidence.pairs, evidence.places), evidence)
    finding = warning(
        evidence.file,
        "The file states no CRS; coordinates such as {example} were recognised as {crs}. "
        "Set crs to confirm.",
        example=evidence.example(),
        crs=reading.label,
    )
    turned = _turned(evidence.file, reading.crs, reading)
    return Settled(reading, "recognised", (finding, *turned))


def _fitting(
    evidence: _Evidence, readings: Iterable[Reading], enough: float
) -> tuple[Reading, ...]:
    return tuple(reading for reading in readings if evidence.fits(reading, enough))


def _only(readings: tuple[Reading, ...], evidence: _Evidence) -> Reading:
    if len(readings) == 1:
        return readings[0]
    text = mark(
        "The CRS of the coordinates ({example}) could not be recognised: none of {candidates} "
        "puts them into Poland or Czechia where they belong. Set crs to the EPSG code."
    )
    if readings:
        text = mark(
            "The CRS of the coordinates ({example}) could not be recognised: they would fit each "
            "of {candidates}. Set crs to the one that is meant."
        )
    raise refusal(
        evidence.file,
        text,
        field="crs",
        example=evidence.example(),
        candidates=_labels(readings or _COMMON),
    )


def _labels(readings: Iterable[Reading]) -> str:
    return ", ".join(reading.label for reading in readings)


def _arrangements(crs: str) -> tuple[Reading, ...]:
    """Return the readings to try for a CRS, the regular one first."""
    if crs != KROVAK_POSITIVE:
        return (Reading(crs), *(reading for reading in _UNUSUAL if reading.crs == crs))
    regular_first = ("south-west", "west-south", "east-north", "north-east")
    return tuple(Reading(KROVAK, arrangement) for arrangement in regular_first)  # type: ignore[arg-type]


def _turned(file: str, crs: str, reading: Reading) -> tuple[Problem, ...]:
    """Return the finding about a reading that is not the regular one of its CRS, or nothing."""
    if reading == _arrangements(crs)[0]:
        return ()
    if reading.label == KROVAK_POSITIVE:
        text = mark(
            "The coordinates are positive Krovak values ({arrangement}, as in EPSG:5513); "
            "they were turned into negative east and north of EPSG:5514."
        )
    else:
        text = mark(
            "The coordinates come as {arrangement}, not as usual in {crs}; they were put right."
        )
    return (warning(file, text, crs=Reading(crs).label, arrangement=reading.arrangement),)


def _known(crs: str) -> str | None:
    """Return ``EPSG:n`` for a CRS that has a code, else its WKT; None where it names no place.

    Only a definition that carries a code brings its way to WGS 84 with it: Krovak from an
    ESRI ``.prj`` would otherwise lie about 100 m off.
    """
    try:
        parsed = CRS.from_user_input(crs)
    except CRSError:
        return None
    parsed = parsed.sub_crs_list[0] if parsed.is_compound else parsed
    if not (parsed.is_geographic or parsed.is_projected):
        return None
    if parsed.to_authority() == ("OGC", "CRS84"):
        return WGS84
    code = parsed.to_epsg(min_confidence=20)
    return f"EPSG:{code}" if code else parsed.to_wkt()
