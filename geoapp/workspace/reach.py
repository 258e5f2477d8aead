"""What can be reached from a municipality: other seats by road, and facilities with places.

Only real layers count; an illustration proves nothing. Without a road layer times are over
straight lines and labelled so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geoapp.core.functional.links import MODELLED, Measured
from geoapp.core.functional.roads import road_graph, straight_line_minutes, travel_minutes
from geoapp.core.functional.services import gaussian, nearest_links, service_links
from geoapp.core.measure import EQUAL_AREA
from geoapp.store.files import digest, obtain, store_root
from geoapp.workspace.opening import Workspace
from geoapp.workspace.prepared import VERSION, LayerCopy, load_layer_copy

Floats = npt.NDArray[np.float64]

ROADS = "local-roads"
ROAD_KMH = 50.0
"""Speed on every road of a road layer, which states none."""
ROADS_AROUND_M = 30_000
"""How far around the seats roads are taken into account."""
MOST_SEATS = 2_000
SEATS_AT_ONCE = 16  # each takes eight bytes for every crossing of the network
SERVICE_SCALE_MIN = 15.0
"""Travel time at which a facility counts 61 % (Gaussian)."""


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """Seats, roads and facilities of a workspace.

    Attributes
    ----------
    seats
        Points in EPSG:3035, indexed by unit key; only municipalities whose point is known.
    minutes
        Travel times by road between the seats, infinite where not reached; None where there is
        no real road layer, or where the seats are too many for times between all of them.
    supply
        Places of real facilities by unit key of the municipality they lie in.
    """

    seats: gpd.GeoSeries
    minutes: pd.DataFrame | None
    supply: pd.Series


def load_reach(workspace: Workspace, *, store: Path | None = None) -> Reach:
    """Return what a workspace knows of seats, roads and facilities.

    Times by road are worked out once and kept: a country has a million roads.
    """
    root = store or store_root()
    known = workspace.municipalities.dropna(subset=["lon", "lat"])
    points = gpd.points_from_xy(known["lon"], known["lat"], crs="EPSG:4326").to_crs(EQUAL_AREA)
    seats = gpd.GeoSeries(points, index=known.index)
    return Reach(seats, _minutes(workspace, seats, root), _supply(workspace, root))


def road_minutes(reach: Reach, unit: str) -> pd.Series | None:
    """Return the minutes by road from a seat to every other, infinite where not reached.

    None where there is no road layer or the seat is not known.
    """
    if reach.minutes is None or unit not in reach.minutes.index:
        return None
    row = pd.Series(reach.minutes.loc[unit])
    return row.drop(index=unit)


def shared_services(workspace: Workspace, reach: Reach, unit: str) -> Measured | None:
    """Return the share of a municipality's served demand that lands in each other one, and back.

    Demand is the population, supply the places of real facilities, both at the seats; two-step
    floating catchment. Only municipalities whose facilities are known take part, so that one
    without data does not look as if its people went elsewhere. None where the municipality is
    not among them.
    """
    known = _served(workspace, reach)
    if unit not in known or len(known) < 2:
        return None
    population = workspace.municipalities["population"]
    seats = reach.seats.loc[known]
    minutes = _minutes_between(reach, seats, seats)
    units = [str(each) for each in known]
    shares = service_links(
        population[known].to_numpy(),
        reach.supply[known].to_numpy(),
        minutes,
        gaussian(SERVICE_SCALE_MIN),
        demand_in=units,
        supply_in=units,
    )
    if unit not in shares.index:
        return None
    forth = shares.T[unit].drop(index=unit, errors="ignore")
    back = shares[unit] if unit in shares else pd.Series(0.0, index=shares.index)
    return Measured(forth, back.drop(index=unit), MODELLED)


def nearest_facility(workspace: Workspace, reach: Reach, unit: str) -> str | None:
    """Return the municipality in which the facility nearest to a seat lies.

    None where the facilities of the municipality are not known, or none can be reached.
    """
    known = _served(workspace, reach)
    with_places = known[reach.supply.reindex(known) > 0]
    if unit not in known or with_places.empty:
        return None
    found = nearest_links(
        np.ones(1),
        _minutes_between(reach, reach.seats.loc[[unit]], reach.seats.loc[with_places]),
        demand_in=[unit],
        supply_in=[str(each) for each in with_places],
    )
    return str(found.loc[unit].idxmax()) if unit in found.index else None


def _served(workspace: Workspace, reach: Reach) -> pd.Index:
    """Return the municipalities whose facilities, seat and residents are known."""
    known = reach.supply.index.intersection(reach.seats.index)
    return known[workspace.municipalities["population"].reindex(known).notna()]


def _minutes_between(reach: Reach, origins: gpd.GeoSeries, destinations: gpd.GeoSeries) -> Floats:
    if reach.minutes is not None:
        return np.asarray(reach.minutes.loc[origins.index, destinations.index])
    apart = _coordinates(origins)[:, None, :] - _coordinates(destinations)[None, :, :]
    return straight_line_minutes(np.hypot(apart[..., 0], apart[..., 1]) / 1000)


def _minutes(workspace: Workspace, seats: gpd.GeoSeries, root: Path) -> pd.DataFrame | None:
    specs = [spec for spec in workspace.layers if spec.theme == ROADS and spec.kind == "line"]
    copies = [
        load_layer_copy(root, workspace.root, spec) for spec in specs if not spec.illustrative
    ]
    copies = [copy for copy in copies if copy.usable]
    if not copies or not 0 < len(seats) <= MOST_SEATS:
        return None

    def build(draft: Path) -> None:
        _road_times(copies, seats).to_parquet(draft / "minutes.parquet")

    places = [f"{unit} {point.wkt}" for unit, point in seats.items()]
    key = digest([VERSION, "minutes", *[copy.key for copy in copies], *places])
    found = pd.read_parquet(obtain(root, key, build) / "minutes.parquet")
    return None if found.empty else found


def _road_times(copies: list[LayerCopy], seats: gpd.GeoSeries) -> pd.DataFrame:
    """Return minutes between all seats; empty where no road lies around them."""
    west, south, east, north = seats.buffer(ROADS_AROUND_M).to_crs("EPSG:4326").total_bounds
    bounds = (float(west), float(south), float(east), float(north))
    lines = [
        gpd.GeoDataFrame(copy.features(bounds)).geometry.to_crs(EQUAL_AREA).to_numpy()
        for copy in copies
    ]
    every = np.concatenate(lines)
    if not len(every):
        return pd.DataFrame()
    graph, places = road_graph(every, ROAD_KMH), _coordinates(seats)
    rows = [
        travel_minutes(graph, places[start : start + SEATS_AT_ONCE], places)
        for start in range(0, len(places), SEATS_AT_ONCE)
    ]
    return pd.DataFrame(np.vstack(rows), index=seats.index, columns=seats.index)


def _supply(workspace: Workspace, root: Path) -> pd.Series:
    """Add up the places of real facilities that say in which municipality they lie."""
    specs = [
        spec
        for spec in workspace.layers
        if spec.kind in ("table", "point") and not spec.illustrative
    ]
    copies = [load_layer_copy(root, workspace.root, spec) for spec in specs]
    rows = [copy.features() for copy in copies if copy.usable]
    placed = [frame[["unit", "places"]] for frame in rows if {"unit", "places"} <= {*frame.columns}]
    if not placed:
        return pd.Series(dtype=float)
    every = pd.concat(placed).dropna()
    return every["places"].astype(float).groupby(every["unit"]).sum()


def _coordinates(points: gpd.GeoSeries) -> Floats:
    return np.column_stack([points.x, points.y])
