"""Putting the features of a file where they belong: EPSG:4326, flat, valid, of one kind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from geoapp.core.corrections import invalid_noted, noted
from geoapp.core.crs import Places, Settled, is_crs, outside_area, settle
from geoapp.core.mapspec import GeometryKind
from geoapp.core.phrases import mark
from geoapp.core.projection import Reading, to_wgs84
from geoapp.core.raw import Geometries, refusal, some_of, warning
from geoapp.core.repair import is_missing, refuse_non_finite, repaired
from geoapp.errors import Problem

_NOTHING: dict[GeometryKind, str] = {
    "point": mark(
        "No feature has a usable point. Expected a layer of points; choose another file or layer."
    ),
    "line": mark(
        "No feature has a usable line. Expected a layer of lines; choose another file or layer."
    ),
    "polygon": mark(
        "No feature has a usable polygon. Expected a layer of polygons; choose another file or "
        "layer."
    ),
}
_USELESS: dict[GeometryKind, str] = {
    "point": mark("{count} features are no usable points and were left out: {examples}."),
    "line": mark("{count} features are no usable lines and were left out: {examples}."),
    "polygon": mark("{count} features are no usable polygons and were left out: {examples}."),
}
_NO_PLACE = mark(
    "{count} features lie at the coordinates 0, 0, which stand for an unknown place, and were left "
    "out: {examples}."
)
_ABSENT = mark("{count} rows have no geometry and were left out: {examples}.")
_REPAIRED = mark("{count} invalid geometries were repaired: {examples}.")
_FAR = mark("{count} features lie outside Poland and Czechia: {examples}.")


@dataclass(frozen=True, slots=True)
class Located:
    """Usable geometry in EPSG:4326, longitude first, on the rows that have any.

    ``accuracy_m`` is that of the way there, None where unknown; ``repaired`` counts what was
    invalid; ``notes`` tell of each feature what was done.
    """

    shapes: pd.Series
    settled: Settled
    accuracy_m: float | None
    repaired: int
    problems: tuple[Problem, ...]
    notes: tuple[pd.DataFrame, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a file is to be: its name for messages, the kind of feature, and CRS statements."""

    file: str
    kind: GeometryKind
    stated_crs: str | None = None
    declared_crs: str | None = None


def locate(
    shapes: pd.Series, asked: Asked, *, labels: pd.Series, units: pd.Series | None = None
) -> Located:
    """Bring geometry in the coordinates of a file into EPSG:4326, repaired.

    Parameters
    ----------
    shapes
        Shapely geometries on the rows of the file.
    asked
        What the file is to be.
    labels
        A text for each row, to name examples.
    units
        Unit keys of rows that have one; they must not contradict the coordinates.

    Raises
    ------
    FileRefusedError
        When a coordinate is no number, the CRS remains unknown, or nothing usable is left.
    """
    refuse_non_finite(shapes.to_numpy(), asked.file)
    present, absent = _without_missing(shapes)
    present, nowhere = _without_origin(present)
    _refuse_nothing(present, asked)
    settled = settle(
        shapely.get_coordinates(present.to_numpy()),
        file=asked.file,
        stated=asked.stated_crs,
        declared=asked.declared_crs,
        places=_places(present, units),
    )
    placed, accuracy = to_wgs84(present.to_numpy(), settled.reading)
    fixed, invalid = repaired(_emptied_where_lost(placed), asked.kind)
    usable, useless = _without_missing(pd.Series(fixed, index=present.index, dtype=object))
    _refuse_nothing(usable, asked)
    mended = present.index[invalid].intersection(usable.index)
    far = usable.index[outside_area(usable.to_numpy())]
    problems = (
        *_finding(asked, _ABSENT, labels[absent]),
        *_finding(asked, _NO_PLACE, labels[nowhere]),
        *settled.problems,
        *_finding(asked, _REPAIRED, labels[mended]),
        *_finding(asked, _USELESS[asked.kind], labels[useless]),
        *_finding(asked, _FAR, labels[far]),
    )
    before = pd.Series(placed, index=present.index, dtype=object)
    notes = (
        noted("no-geometry", absent),
        noted("no-place", nowhere),
        _crs_note(settled, asked),
        invalid_noted(mended, before[mended].to_numpy()),
        noted("unusable", useless),
        noted("far", far, places=usable[far].to_numpy()),
    )
    return Located(usable, settled, accuracy, len(mended), problems, notes)


def _crs_note(settled: Settled, asked: Asked) -> pd.DataFrame:
    if not settled.problems:
        return noted("crs", pd.RangeIndex(0))
    stated = asked.declared_crs or asked.stated_crs
    before = Reading(stated).label if stated and is_crs(stated) else stated or ""
    after = f"{settled.reading.label}, {settled.reading.arrangement}"
    return noted("crs", pd.RangeIndex(1), before=before, after=after)


def _without_origin(shapes: pd.Series) -> tuple[pd.Series, pd.Index]:
    """Take out what lies at 0, 0 of whatever system: no system has a place of the area there."""
    origin = (shapely.bounds(shapes.to_numpy()) == 0).all(axis=1)
    return shapes[~origin], shapes.index[origin]


def _without_missing(shapes: pd.Series) -> tuple[pd.Series, pd.Index]:
    missing = is_missing(shapes.to_numpy())
    return shapes[~missing], shapes.index[missing]


def _refuse_nothing(shapes: pd.Series, asked: Asked) -> None:
    if shapes.empty:
        raise refusal(asked.file, _NOTHING[asked.kind], field="geometry")


def _places(shapes: pd.Series, units: pd.Series | None) -> Places | None:
    if units is None:
        return None
    known = units[units.index.intersection(shapes.index)]
    bounds = shapely.bounds(shapes[known.index].to_numpy())
    return Places((bounds[:, :2] + bounds[:, 2:]) / 2, tuple(known)) if len(known) else None


def _emptied_where_lost(geometry: Geometries) -> Geometries:
    """Return the geometry, empty where its coordinates are no longitude and latitude."""
    pairs, rows = shapely.get_coordinates(geometry, return_index=True)
    on_earth = np.isfinite(pairs).all(axis=1) & (np.abs(pairs) <= (180, 90)).all(axis=1)
    result = geometry.copy()
    result[np.unique(rows[~on_earth])] = shapely.Point()
    return result


def _finding(asked: Asked, text: str, labels: pd.Series) -> tuple[Problem, ...]:
    if labels.empty:
        return ()
    named = some_of(labels)
    return (warning(asked.file, text, field="geometry", count=len(labels), examples=named),)
