"""What is measured: municipalities in full detail, roads, cycle routes and facilities.

Everything is generated with a fixed seed. The municipalities start from a simplified file of all
Polish gminas and get the detail of surveyed borders by midpoint displacement: how far a midpoint
moves depends only on the two ends of its edge, so that neighbours keep one common border. What
was generated is kept in a cache folder outside the repository (``GEOAPP_BENCH_CACHE``).

All coordinates are metres in EPSG:2180, easting before northing.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import shapely
from platformdirs import user_cache_path

CRS = "EPSG:2180"
SEED = 20240607
LEVELS = 5  # every border edge becomes 32: about 870 vertices for each municipality
SWING = 0.25  # a midpoint moves by at most this part of its edge
FACILITY_KINDS = ("kindergarten", "nursery", "day-care", "care-home")

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_REFERENCE = Path(__file__).parents[1] / "../shared/reference"
_BORDERS = _REFERENCE / "boundaries/pl_gminy_jusuff_2021.gpkg"
_PEOPLE = _REFERENCE / "attributes/pl_gmina_population_vital_migration_2024.csv"


class WorkloadMissingError(Exception):
    """The files from which workloads are generated are not on this machine."""


def cache_folder() -> Path:
    """Return the folder in which generated files are kept, made if need be."""
    configured = os.environ.get("GEOAPP_BENCH_CACHE")
    folder = Path(configured) if configured else user_cache_path("geoapp-benchmarks")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def municipality_file() -> Path:
    """Return a GeoParquet file of 2,477 municipalities, ``unit`` and ``population``."""
    return _kept(f"municipalities-{LEVELS}-{SWING}.parquet", _detailed_municipalities)


def municipalities() -> gpd.GeoDataFrame:
    """Return 2,477 municipalities with about 2.1 million vertices, indexed by ``unit``."""
    return gpd.read_parquet(municipality_file()).set_index("unit")


def simplified_municipalities() -> gpd.GeoDataFrame:
    """Return the same 2,477 municipalities as their file has them, with 70,000 vertices.

    Raises
    ------
    WorkloadMissingError
        The reference files are not beside the repository.
    """
    if not _BORDERS.is_file():
        raise WorkloadMissingError(f"{_BORDERS.name} is not in ../shared/reference")
    read = pyogrio.read_dataframe(_BORDERS).to_crs(CRS)
    people = pd.read_csv(_PEOPLE, dtype={"terc": str}, usecols=["terc", "population_2024"])
    known = people.groupby(people["terc"].str[:6])["population_2024"].max()
    unit = read["terc"].astype(str).str.zfill(7).str[:6]
    population = unit.map(known).fillna(known.median()).astype("int64")
    columns = {"unit": read["terc"].astype(str), "population": population}
    return gpd.GeoDataFrame(columns, geometry=read.geometry.to_numpy(), crs=CRS).set_index("unit")


def road_file(count: int) -> Path:
    """Return a GeoParquet file of that many road segments."""
    return _kept(f"roads-{count}.parquet", lambda: roads(municipalities(), count))


def cycle_route_file(count: int) -> Path:
    """Return a GeoParquet file of that many pieces of cycle routes."""
    return _kept(f"cycle-routes-{count}.parquet", lambda: cycle_routes(municipalities(), count))


def facility_file(count: int) -> Path:
    """Return a GeoParquet file of that many facilities with their places."""
    return _kept(f"facilities-{count}.parquet", lambda: facilities(municipalities(), count))


def roads(areas: gpd.GeoDataFrame, count: int, *, seed: int = SEED) -> gpd.GeoDataFrame:
    """Return road segments of two to six vertices, some 300 m long, where people live."""
    random = np.random.default_rng(seed)
    vertices = random.integers(2, 7, count)
    step_m = random.gamma(4.0, 25.0, count)
    shapes = _walks(_homes(areas, count, random), vertices, step_m, 0.25, random)
    classes = random.choice(["residential", "unclassified", "tertiary"], count)
    return gpd.GeoDataFrame({"class": classes}, geometry=shapes, crs=CRS)


def cycle_routes(areas: gpd.GeoDataFrame, count: int, *, seed: int = SEED) -> gpd.GeoDataFrame:
    """Return pieces of cycle routes of 8 to 24 vertices, some 1.5 km long."""
    random = np.random.default_rng(seed + 1)
    vertices = random.integers(8, 25, count)
    step_m = random.gamma(4.0, 25.0, count)
    shapes = _walks(_homes(areas, count, random), vertices, step_m, 0.15, random)
    networks = random.choice(["lcn", "rcn", "ncn"], count)
    return gpd.GeoDataFrame({"network": networks}, geometry=shapes, crs=CRS)


def facilities(areas: gpd.GeoDataFrame, count: int, *, seed: int = SEED) -> gpd.GeoDataFrame:
    """Return facilities with a kind and known ``places``, as points where people live."""
    random = np.random.default_rng(seed + 2)
    columns = {
        "kind": random.choice(FACILITY_KINDS, count),
        "places": random.integers(5, 250, count),
    }
    return gpd.GeoDataFrame(columns, geometry=shapely.points(_homes(areas, count, random)), crs=CRS)


def detailed(polygons: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return polygons whose edges were broken `LEVELS` times at a moved midpoint.

    Municipalities that would cross themselves or a neighbour have their midpoints moved less.
    """
    kind, corners, (rings, *offsets) = shapely.to_ragged_array(polygons)
    ring = np.repeat(np.arange(len(rings) - 1), np.diff(rings))
    owner = ring
    for offset in offsets:  # from rings to polygons, and from these to those of several parts
        owner = np.searchsorted(offset[1:], owner, "right")
    keys = _edge_keys(corners[:-1], corners[1:])
    swing = np.full(len(keys), SWING)
    while True:
        coordinates, grown = _broken(corners, ring, swing)
        starts = np.concatenate([[0], np.cumsum(np.bincount(grown))])
        made = shapely.from_ragged_array(kind, coordinates, (starts, *offsets))
        wrong = ~shapely.is_valid(made)
        if not wrong.any():
            wrong = ~shapely.is_empty(shapely.coverage_invalid_edges(made))
        if not wrong.any():
            return np.asarray(made)
        crossing = (ring[:-1] == ring[1:]) & wrong[owner[:-1]]
        swing[np.isin(keys, keys[crossing])] /= 2


def _broken(corners: FloatArray, ring: IntArray, swing: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return the vertices of finer rings and the ring of each; the last vertex is the first."""
    swing = np.append(swing, 0.0)
    for _ in range(LEVELS):
        has_edge = np.append(ring[:-1] == ring[1:], False)
        middle = _moved_midpoints(corners, np.roll(corners, -1, axis=0), swing)
        repeats = 1 + has_edge
        place = np.cumsum(repeats) - repeats
        finer = np.repeat(corners, repeats, axis=0)
        finer[place[has_edge] + 1] = middle[has_edge]
        corners, ring, swing = finer, np.repeat(ring, repeats), np.repeat(swing, repeats)
    return corners, ring


def _moved_midpoints(start: FloatArray, end: FloatArray, swing: FloatArray) -> FloatArray:
    low, high = _sorted_ends(start, end)
    side = 2.0 * _hashed(low, high) / 2.0**64 - 1.0
    along = high - low
    across = np.column_stack([-along[:, 1], along[:, 0]])
    return np.asarray((low + high) / 2 + across * (side * swing)[:, None])


def _edge_keys(start: FloatArray, end: FloatArray) -> npt.NDArray[np.uint64]:
    """Return a number for each edge that is the same from either end."""
    return _hashed(*_sorted_ends(start, end))


def _sorted_ends(start: FloatArray, end: FloatArray) -> tuple[FloatArray, FloatArray]:
    first = (start[:, 0] < end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] < end[:, 1]))
    return np.where(first[:, None], start, end), np.where(first[:, None], end, start)


def _hashed(*ends: FloatArray) -> npt.NDArray[np.uint64]:
    """Mix the bits of coordinates (the finaliser of MurmurHash3, 64 bits)."""
    mixed = np.full(len(ends[0]), SEED, np.uint64)
    for column in np.ascontiguousarray(np.hstack(ends)).view(np.uint64).T:
        mixed = mixed * np.uint64(31) ^ column
        mixed = (mixed ^ (mixed >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
        mixed = (mixed ^ (mixed >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
        mixed ^= mixed >> np.uint64(33)
    return mixed


def _detailed_municipalities() -> gpd.GeoDataFrame:
    simple = simplified_municipalities()
    return simple.set_geometry(detailed(simple.geometry.to_numpy()), crs=CRS).reset_index()


def _homes(areas: gpd.GeoDataFrame, count: int, random: np.random.Generator) -> FloatArray:
    """Return places around the middle of municipalities, as many as people live there."""
    people = areas["population"].to_numpy(dtype="float64")
    chosen = np.sort(random.choice(len(areas), count, p=people / people.sum()))
    middle = shapely.get_coordinates(shapely.point_on_surface(areas.geometry.to_numpy()))
    spread = np.sqrt(areas.geometry.area.to_numpy()) / 2.5
    places: FloatArray = middle[chosen] + random.normal(size=(count, 2)) * spread[chosen, None]
    return places


def _walks(
    start: FloatArray,
    vertices: IntArray,
    step_m: FloatArray,
    bend: float,
    random: np.random.Generator,
) -> npt.NDArray[Any]:
    """Return lines that set off in any direction and turn by about ``bend`` radians a step."""
    offsets = np.concatenate([[0], np.cumsum(vertices)])
    line = np.repeat(np.arange(len(vertices)), vertices)
    first = offsets[:-1]
    turn = random.normal(0.0, bend, len(line))
    turn[first] = random.uniform(0.0, 2 * np.pi, len(first))
    heading = _restarted_sum(turn, first, line)
    step = np.column_stack([np.cos(heading), np.sin(heading)]) * step_m[line, None]
    step[first] = start
    coordinates = np.column_stack([_restarted_sum(axis, first, line) for axis in step.T])
    kind = shapely.GeometryType.LINESTRING
    return np.asarray(shapely.from_ragged_array(kind, coordinates, (offsets,)))


def _restarted_sum(values: FloatArray, first: IntArray, line: IntArray) -> FloatArray:
    """Return running sums that begin anew with every line."""
    total = np.cumsum(values)
    before = total[first] - values[first]
    return np.asarray(total - before[line])


def _kept(name: str, make: Callable[[], gpd.GeoDataFrame]) -> Path:
    path = cache_folder() / name
    if not path.is_file():
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            draft = Path(folder) / name
            make().to_parquet(draft, write_covering_bbox=True)
            draft.replace(path)
    return path
