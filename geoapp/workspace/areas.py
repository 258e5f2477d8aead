"""For which municipalities a source is asked: partnerships, codes or countries, and their box."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geoapp.core.codes import Country, country_of, unit_key
from geoapp.core.mapspec import Bounds
from geoapp.core.raw import some_of
from geoapp.errors import RefusedError
from geoapp.sources.remote.pulled import Area
from geoapp.store.files import store_root
from geoapp.workspace.linking import memberships
from geoapp.workspace.opening import Workspace
from geoapp.workspace.prepared import load_borders, load_layer_copy

Boxes = NDArray[np.float64]

_COUNTRY_BOXES: dict[Country, Bounds] = {
    "PL": (14.0, 48.95, 24.2, 54.95),
    "CZ": (12.05, 48.5, 18.9, 51.1),
}
_KM_PER_DEGREE = 111.2
_BORDER_MARGIN_KM = 0.5
# Seats lie off the middle and municipalities are not round: twice the radius of a circle of their
# area, and a little more, holds all but the strangest.
_REACH_OF_RADIUS = 2.0
_REACH_KM = 3.0
_UNKNOWN_REACH_KM = 20.0


def resolve_area(
    workspace: Workspace,
    asked: str,
    *,
    countries: Sequence[Country] = ("PL", "CZ"),
    by_place: bool = False,
    store: Path | None = None,
) -> Area:
    """Return the area that a text names.

    Parameters
    ----------
    workspace
        Whose partnerships, municipalities and real borders are known.
    asked
        Ids of partnerships, codes of municipalities, with commas between them; or ``PL``, ``CZ``
        or both.
    countries
        Where the source has data; municipalities elsewhere are left out.
    by_place
        Whether the box matters, so that the place of every municipality must be known. Else the
        box of its country stands in where it is not.
    store
        Folder of prepared data; `geoapp.store.files.store_root` by default.

    Raises
    ------
    RefusedError
        When the text names nothing that is known, or nothing where the source has data, or what
        lies nobody knows where.
    """
    words = [word.strip() for word in asked.split(",") if word.strip()]
    whole = [word.upper() for word in words if word.upper() in _COUNTRY_BOXES]
    if whole and len(whole) < len(words):
        raise RefusedError(f"{asked}: give countries or parts of them, not both")
    if whole:
        return _countries(workspace, [country for country in countries if country in whole], asked)
    units = sorted({unit for word in words for unit in _units(workspace, word)})
    inside = [unit for unit in units if country_of(unit) in countries]
    if not inside:
        raise RefusedError(f"{asked or 'area'}: expected municipalities in {_told(countries)}")
    boxes = _boxes(workspace, inside, store or store_root())
    if by_place:
        _refuse_unknown_places(inside, boxes)
    country = np.array([_COUNTRY_BOXES[country_of(unit)] for unit in inside])
    return Area(
        frozenset(inside),
        _box(np.where(np.isnan(boxes), country, boxes)),
        tuple(country for country in countries if country in map(country_of, inside)),
    )


def _countries(workspace: Workspace, chosen: Sequence[Country], asked: str) -> Area:
    if not chosen:
        raise RefusedError(f"{asked}: the source has no data there")
    known = [unit for unit in workspace.municipalities.index if country_of(unit) in chosen]
    boxes = np.array([_COUNTRY_BOXES[country] for country in chosen])
    return Area(frozenset(known), _box(boxes), tuple(chosen), whole=True)


def _units(workspace: Workspace, word: str) -> list[str]:
    members = memberships(workspace.partnerships)
    if word in members:
        return members[word]
    if key := unit_key(word):
        return [key]
    raise RefusedError(
        f"{word}: expected a partnership of the workspace ({', '.join(members) or 'it has none'}), "
        "codes of municipalities with commas between them, or PL or CZ"
    )


def _refuse_unknown_places(units: Sequence[str], boxes: Boxes) -> None:
    unknown = [unit for unit, box in zip(units, boxes, strict=True) if np.isnan(box).any()]
    if unknown:
        raise RefusedError(
            f"area: nothing tells where {some_of(unknown)} lies; pull or add its borders first, "
            "or put lon and lat of its seat into data/municipalities.csv"
        )


def _told(countries: Iterable[Country]) -> str:
    return " or ".join({"PL": "Poland", "CZ": "Czechia"}[country] for country in countries)


def _box(boxes: Boxes) -> Bounds:
    west, south = boxes[:, :2].min(axis=0)
    east, north = boxes[:, 2:].max(axis=0)
    return float(west), float(south), float(east), float(north)


def _boxes(workspace: Workspace, units: Sequence[str], store: Path) -> Boxes:
    """Return a box for each municipality: of its borders, else around its seat, else unknown."""
    bordered = _real_boxes(workspace, store).reindex(list(units))
    seats = workspace.municipalities.reindex(list(units))
    radius_km = np.sqrt(seats["area_ha"].to_numpy(float) / 100 / np.pi)
    reach_km = radius_km * _REACH_OF_RADIUS + _REACH_KM
    reach_km = np.where(np.isnan(reach_km), _UNKNOWN_REACH_KM, reach_km)
    around = _around(seats[["lon", "lat", "lon", "lat"]].to_numpy(float), reach_km)
    own = _around(bordered.to_numpy(float), np.full(len(units), _BORDER_MARGIN_KM))
    return np.where(np.isnan(own), around, own)


def _around(boxes: Boxes, reach_km: Boxes) -> Boxes:
    up = reach_km / _KM_PER_DEGREE
    across = up / np.cos(np.radians(boxes[:, 1]))
    reach: Boxes = np.column_stack([-across, -up, across, up])
    return boxes + reach


def _real_boxes(workspace: Workspace, store: Path) -> pd.DataFrame:
    """Return west, south, east, north by unit key of what has real borders in the workspace."""
    columns = ["west", "south", "east", "north"]
    real = [spec for spec in workspace.layers if spec.theme == "boundaries" and not spec.schematic]
    copies = [load_layer_copy(store, workspace.root, spec) for spec in real]
    if not any(copy.usable for copy in copies):
        return pd.DataFrame(columns=columns, dtype=float)
    return load_borders(store, copies).table[columns]
