"""Reading a million lines, or a window of them, and simplifying municipalities for display.

Usage: ``python -m benchmarks.reading [--lines N] [--runs N]``. Every reader ends with geometries in
memory. Files are written before the clock starts, so that the disk hardly plays a part.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import shapely

from benchmarks import workloads
from benchmarks.results import Result, Runs, in_turn, results, table, tell, timed
from geoapp.core.mapspec import Bounds
from geoapp.store.analysis import read_features, write_features
from geoapp.store.scales import simplify_coverage

LINES = 1_000_000
FIONA_LINES = 50_000  # all would take minutes; the time of these is scaled
WINDOW_M = 20_000
TOLERANCES_M = (100, 300)
METRES_PER_DEGREE = 111_000

# answer (a number of lines, or a note) and seconds
Measured = tuple[Any, float]
Contender = Callable[[], Measured]


def run(*, quick: bool) -> list[Result]:
    """Measure all contenders; quick ones read a twentieth of the lines, once."""
    return compare(LINES // 20 if quick else LINES, runs=1 if quick else 5)


def compare(count: int, *, runs: int) -> list[Result]:
    """Measure the contenders of all workloads in turn."""
    # written here, not by the first reader, whose memory would be that of writing
    for written in (_prepared, _geopackage, _flatgeobuf):
        written(count)
    rows = []
    for workload, contenders in _workloads(count).items():
        names = [f"{workload}: {name}" for name in contenders]
        found = in_turn(
            "benchmarks.reading", names, ["--lines", str(count)], runs=runs, limit_seconds=150
        )
        plain = {name.partition(": ")[2]: told for name, told in found.items()}
        rows += results(workload, plain, {name: _note(told) for name, told in plain.items()})
    return rows


def _workloads(count: int) -> Mapping[str, Mapping[str, Contender]]:
    simplifying = {
        f"simplify 2,477 municipalities to {tolerance_m} m": simplifiers(tolerance_m)
        for tolerance_m in TOLERANCES_M
    }
    return {
        f"read {count:,} lines": readers(count),
        f"read a window of {WINDOW_M // 1000} km from {count:,} lines": window_readers(count),
    } | simplifying


def readers(count: int) -> Mapping[str, Contender]:
    """Return who reads all lines."""
    return {
        "geoapp": lambda: _lines(lambda: read_features(_prepared(count))),
        "geopandas, GeoParquet": lambda: _lines(
            lambda: gpd.read_parquet(workloads.road_file(count))
        ),
        "pyogrio, GeoPackage": lambda: _lines(lambda: pyogrio.read_dataframe(_geopackage(count))),
        "pyogrio with arrow, GeoPackage": lambda: _lines(
            lambda: pyogrio.read_dataframe(_geopackage(count), use_arrow=True)
        ),
        "pyogrio with arrow, FlatGeobuf": lambda: _lines(
            lambda: pyogrio.read_dataframe(_flatgeobuf(count), use_arrow=True)
        ),
        "fiona, GeoPackage": lambda: _with_fiona(count),
    }


def window_readers(count: int) -> Mapping[str, Contender]:
    """Return who reads the lines of a window around the largest municipality."""
    return {
        "geoapp": lambda: _in_window(lambda bounds: read_features(_prepared(count), bounds=bounds)),
        "pyogrio with arrow, GeoPackage": lambda: _in_window(
            lambda box: pyogrio.read_dataframe(_geopackage(count), bbox=box, use_arrow=True)
        ),
        "pyogrio with arrow, FlatGeobuf": lambda: _in_window(
            lambda box: pyogrio.read_dataframe(_flatgeobuf(count), bbox=box, use_arrow=True)
        ),
    }


def simplifiers(tolerance_m: float) -> Mapping[str, Contender]:
    """Return who simplifies all municipalities, in degrees as a browser wants them."""
    tolerance = tolerance_m / METRES_PER_DEGREE
    return {
        "geoapp": lambda: _simplified(lambda areas: simplify_coverage(areas, tolerance_m)),
        "geopandas simplify": lambda: _simplified(lambda areas: areas.simplify(tolerance)),
    }


def _lines(read: Callable[[], gpd.GeoDataFrame]) -> Measured:
    read()  # the first reading fills the caches of the disk and loads what is loaded once
    frame, seconds = timed(read)
    return f"{len(frame):,} lines", seconds


def _with_fiona(count: int) -> Measured:
    import fiona  # brings a GDAL of its own
    from shapely.geometry import shape

    part = min(count, FIONA_LINES)
    with fiona.open(_geopackage(count)) as source:
        some = itertools.islice(source, part)
        read, seconds = timed(lambda: [shape(feature["geometry"]) for feature in some])
    return f"{len(read):,} lines read, their time scaled to all", seconds * count / part


def _simplified(simplify: Callable[[gpd.GeoSeries], gpd.GeoSeries]) -> Measured:
    areas = workloads.municipalities().geometry.to_crs("EPSG:4326")
    simpler, seconds = timed(lambda: simplify(areas))
    vertices = int(shapely.get_num_coordinates(simpler.to_numpy()).sum())
    shapes = shapely.make_valid(simpler.to_crs(workloads.CRS).to_numpy())
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    first = left < right
    common = shapely.area(shapely.intersection(shapes[left[first]], shapes[right[first]]))
    overlap_km2 = float(common.sum()) / 1e6
    return f"{vertices:,} vertices left, {overlap_km2:,.1f} km² of overlaps", seconds


def _in_window(read: Callable[[Bounds], gpd.GeoDataFrame]) -> Measured:
    areas = workloads.municipalities()
    middle = areas.geometry[areas["population"].idxmax()].centroid
    half = WINDOW_M / 2
    window = (middle.x - half, middle.y - half, middle.x + half, middle.y + half)
    return _lines(lambda: read(window))


def _prepared(count: int) -> Path:
    """Return the roads as the app keeps them: GeoParquet, sorted along a curve, with boxes."""
    return _written(f"roads-{count}-prepared.parquet", count, write_features)


def _geopackage(count: int) -> Path:
    return _written(f"roads-{count}.gpkg", count, pyogrio.write_dataframe)


def _flatgeobuf(count: int) -> Path:
    return _written(f"roads-{count}.fgb", count, pyogrio.write_dataframe)


def _written(name: str, count: int, write: Callable[[gpd.GeoDataFrame, Path], object]) -> Path:
    path = workloads.cache_folder() / name
    if not path.is_file():
        draft = path.with_name(f"draft-{name}")
        draft.unlink(missing_ok=True)
        write(gpd.read_parquet(workloads.road_file(count)), draft)
        draft.replace(path)
    return path


def _note(told: Runs) -> str:
    return "" if told.failure else str(told.answer)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        workload, _, name = chosen.one.partition(": ")
        tell(_workloads(chosen.lines)[workload][name])
        return
    print(table(compare(chosen.lines, runs=chosen.runs)))


if __name__ == "__main__":
    main()
