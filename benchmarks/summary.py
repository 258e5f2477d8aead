"""Themes per municipality: kilometres of roads and routes, and facilities, in 2,477 municipalities.

Usage: ``python -m benchmarks.summary [--segments N] [--runs N] [--only CONTENDER]...``. Every
contender has its data in memory before the clock starts and gives the same figures for every
municipality, which are compared. Borders are in full detail: 2.1 million vertices.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from benchmarks import workloads
from benchmarks.results import AbsentError, Result, Runs, in_turn, results, table, tell, timed
from geoapp.core.summary import summarise_lines, summarise_points

Figures = dict[str, float]
Timed = tuple[Figures, float]

FILES: Mapping[str, Callable[[int], Path]] = {
    "roads": workloads.road_file,
    "cycle-routes": workloads.cycle_route_file,
    "facilities": workloads.facility_file,
}
SIZES = {"roads": 1_000_000, "cycle-routes": 200_000, "facilities": 50_000}

_CUT = """
    SELECT area.unit, sum(ST_Length(ST_Intersection(line.geometry, area.geometry))) / 1000 AS figure
    FROM lines line JOIN areas area ON ST_Intersects(line.geometry, area.geometry)
    GROUP BY area.unit"""
_WITHIN_FIRST = """
    WITH whole AS (
        SELECT line.id, area.unit, ST_Length(line.geometry) AS metres
        FROM lines line JOIN areas area ON ST_Within(line.geometry, area.geometry)),
    rest AS (
        SELECT line.geometry FROM lines line LEFT ANTI JOIN whole ON line.id = whole.id),
    cut AS (
        SELECT area.unit, ST_Length(ST_Intersection(line.geometry, area.geometry)) AS metres
        FROM rest line JOIN areas area ON ST_Intersects(line.geometry, area.geometry))
    SELECT unit, sum(metres) / 1000 AS figure
    FROM (SELECT unit, metres FROM whole UNION ALL SELECT unit, metres FROM cut) found
    GROUP BY unit"""
_COUNT = """
    SELECT area.unit, count(*) AS figure
    FROM lines point JOIN areas area ON ST_Intersects(point.geometry, area.geometry)
    GROUP BY area.unit"""


def geoapp(features: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> Figures:
    """Summarise as the app does."""
    if _are_points(features):
        return _told(summarise_points(features, areas)["facilities"])
    return _told(summarise_lines(features, areas)["length_km"])


def overlay(features: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> Figures:
    """Cut all lines with geopandas.overlay, as its users do."""
    cut = gpd.overlay(features, areas.reset_index(), how="intersection", keep_geom_type=True)
    return _told(cut.length.groupby(cut["unit"]).sum() / 1000)


def sjoin(features: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> Figures:
    """Join with geopandas.sjoin, and intersect the pairs if they are lines."""
    pairs = features[["geometry"]].sjoin(areas[["geometry"]], predicate="intersects")
    if _are_points(features):
        return _told(pairs.groupby("unit").size())
    sides = areas.geometry.loc[pairs["unit"]].to_numpy()
    metres = shapely.length(shapely.intersection(pairs.geometry.to_numpy(), sides))
    return _told(pd.Series(metres / 1000).groupby(pairs["unit"].to_numpy()).sum())


def sedona(query: str, path: Path) -> Timed:
    """Ask SedonaDB, with both tables in its memory."""
    try:
        import pyarrow as pa
        import sedonadb
    except ModuleNotFoundError as error:
        raise AbsentError(f"not installed: {error.name}") from error
    context = sedonadb.connect()
    context.read_parquet(str(workloads.municipality_file())).to_memtable().to_view("areas")
    context.read_parquet(str(path)).to_view("read")
    numbered = context.sql("SELECT row_number() OVER () AS id, geometry FROM read")
    numbered.to_memtable().to_view("lines")
    found, seconds = timed(lambda: pa.table(context.sql(query)).to_pandas())
    return _told(found.set_index("unit")["figure"]), seconds


def duckdb(query: str, path: Path) -> Timed:
    """Ask DuckDB with its spatial extension, with both tables in its memory."""
    try:
        import duckdb as engine
    except ModuleNotFoundError as error:
        raise AbsentError(f"not installed: {error.name}") from error
    connection = engine.connect()
    try:
        connection.execute("INSTALL spatial; LOAD spatial")
    except engine.Error as error:
        told = str(error).partition(" at URL")[0].splitlines()[0]
        raise AbsentError(f"its spatial extension could not be loaded: {told}") from error
    for name, file in (("areas", workloads.municipality_file()), ("lines", path)):
        connection.execute(
            f"CREATE TABLE {name} AS SELECT row_number() OVER () AS id, * FROM read_parquet(?)",  # noqa: S608 - both names are ours
            [str(file)],
        )
    query = query.replace("LEFT ANTI JOIN", "ANTI JOIN")
    found, seconds = timed(lambda: connection.execute(query).df())
    return _told(found.set_index("unit")["figure"]), seconds


Frames = Callable[[gpd.GeoDataFrame, gpd.GeoDataFrame], Figures]
IN_FRAMES: Mapping[str, Frames] = {
    "geoapp": geoapp,
    "geopandas.overlay": overlay,
    "geopandas.sjoin": sjoin,
}
IN_DATABASE: Mapping[str, tuple[Callable[[str, Path], Timed], str, str]] = {
    "SedonaDB": (sedona, _CUT, _COUNT),
    "SedonaDB, within first": (sedona, _WITHIN_FIRST, ""),
    "DuckDB": (duckdb, _CUT, _COUNT),
    "DuckDB, within first": (duckdb, _WITHIN_FIRST, ""),
}
OF_LINES = (*IN_FRAMES, *IN_DATABASE)
OF_POINTS = ("geoapp", "geopandas.sjoin", "SedonaDB", "DuckDB")


def run(*, quick: bool) -> list[Result]:
    """Measure all contenders at all three workloads; quick ones have a twentieth of the size."""
    share = 20 if quick else 1
    return [
        row
        for theme, size in SIZES.items()
        for row in compare(theme, size // share, runs=1 if quick else 5)
    ]


def compare(theme: str, size: int, *, runs: int, only: Sequence[str] = ()) -> list[Result]:
    """Measure the contenders in turn and compare their figures with ours."""
    path = FILES[theme](size)
    names = OF_POINTS if theme == "facilities" else OF_LINES
    chosen = [name for name in names if not only or name in only or name == "geoapp"]
    arguments = ["--file", str(path)]
    found = in_turn("benchmarks.summary", chosen, arguments, runs=runs, limit_seconds=150)
    notes = {name: _agreement(found["geoapp"], told) for name, told in found.items()}
    return results(f"{size:,} {theme.replace('-', ' ')}", found, notes | {"geoapp": ""})


def _agreement(ours: Runs, told: Runs) -> str:
    if told.failure:
        return ""
    here, there = pd.Series(ours.answer), pd.Series(told.answer)
    apart = (here - there.reindex(here.index, fill_value=0.0)).abs() / here.where(here > 0, 1.0)
    return f"same figures to {max(apart.max(), np.finfo(float).eps):.0e}"


def _one(name: str, path: Path) -> tuple[Any, float]:
    if name in IN_FRAMES:
        features, areas = gpd.read_parquet(path), workloads.municipalities()
        return timed(lambda: IN_FRAMES[name](features, areas))
    ask, cut, count = IN_DATABASE[name]
    return ask(count if path.name.startswith("facilities") else cut, path)


def _are_points(features: gpd.GeoDataFrame) -> bool:
    return bool((shapely.get_type_id(features.geometry.to_numpy()) == 0).all())


def _told(figures: pd.Series) -> Figures:
    known = figures[figures > 0]
    return dict(zip(known.index.astype(str), known.astype(float), strict=True))


def main() -> None:
    """Print the table of one workload."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--theme", choices=list(FILES), default="roads")
    parser.add_argument("--segments", type=int, help="number of features")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", action="append", choices=OF_LINES, default=[])
    parser.add_argument("--one", choices=OF_LINES, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        tell(lambda: _one(chosen.one, chosen.file))
        return
    size = chosen.segments or SIZES[chosen.theme]
    print(table(compare(chosen.theme, size, runs=chosen.runs, only=chosen.only)))


if __name__ == "__main__":
    main()
