"""Writing a delineation as CSV or GeoPackage, with a note that makes the run repeatable."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
import struct
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import CRS

from geoapp import __version__
from geoapp.errors import RefusedError

SUFFIXES = (".csv", ".gpkg")

_APPLICATION_ID = 0x47504B47
_VERSION_ID = 10300
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SYSTEM_TABLES = """
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
  table_name TEXT PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '', last_change DATETIME NOT NULL, min_x DOUBLE, min_y DOUBLE,
  max_x DOUBLE, max_y DOUBLE, srs_id INTEGER REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT PRIMARY KEY REFERENCES gpkg_contents(table_name), column_name TEXT NOT NULL,
  geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL,
  m TINYINT NOT NULL);
"""
_WGS84 = 4326


def method_note(
    report: Mapping[str, Any], data: Path, *, seed: int | None, settings: Mapping[str, object]
) -> dict[str, Any]:
    """Return what it takes to repeat a run.

    Parameters
    ----------
    report
        As from `geoapp.core.functional.report.delineation_report`.
    data
        The flow table; its SHA-256 tells whether another file is the same.
    seed
        Of the random numbers; None where none were drawn.
    settings
        Whatever else changed the result.
    """
    with data.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return {
        "method": report["method"],
        "parameters": report["parameters"],
        "settings": dict(settings),
        "data": data.name,
        "data_sha256": digest,
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "version": f"geoapp {__version__}",
        "seed": seed,
        "note": report["note"],
    }


def write_delineation(
    path: Path,
    units: pd.DataFrame,
    areas: pd.DataFrame,
    note: Mapping[str, Any],
    *,
    boundaries: gpd.GeoSeries | None = None,
    replace: bool = False,
) -> tuple[Path, ...]:
    """Write units and areas; return the files that were written.

    A CSV file holds the units, and the note lies beside it as ``NAME.method.json``. A GeoPackage
    holds the layers ``units`` and ``areas`` and the table ``method``; with ``boundaries`` (any
    CRS, indexed by code) units and areas have geometry in EPSG:4326, without them none.

    Raises
    ------
    RefusedError
        Another suffix, a folder that is not there, or files that are and shall not be replaced.
    """
    targets = _targets(path, replace=replace)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".delineation-") as folder:
        drafts = [Path(folder) / target.name for target in targets]
        if path.suffix.lower() == ".csv":
            _harmless(units).to_csv(drafts[0], index=False, encoding="utf-8")
            drafts[1].write_text(json.dumps(note, ensure_ascii=False, indent=2) + "\n", "utf-8")
        else:
            _write_geopackage(drafts[0], units, areas, note, boundaries)
        for draft, target in zip(drafts, targets, strict=True):
            draft.replace(target)
    return targets


def _targets(path: Path, *, replace: bool) -> tuple[Path, ...]:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise RefusedError(f"{path.name}: expected a name that ends in .csv or .gpkg")
    if not path.parent.is_dir():
        raise RefusedError(f"{path.parent}: there is no such folder; make it first")
    beside = (path.with_suffix(".method.json"),) if suffix == ".csv" else ()
    targets = (path, *beside)
    taken = [target.name for target in targets if target.exists()]
    if taken and not replace:
        raise RefusedError(f"{', '.join(taken)}: is there already; pass --replace to write it anew")
    return targets


def _harmless(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts no spreadsheet takes for a formula."""
    safe = table.copy()
    for name in safe.select_dtypes(["object", "string"]).columns:
        texts = safe[name].astype("object")
        formula = texts.map(lambda text: isinstance(text, str) and text.startswith(_FORMULA))
        safe[name] = texts.where(~formula, "'" + texts.astype(str))
    return safe


def _write_geopackage(
    path: Path,
    units: pd.DataFrame,
    areas: pd.DataFrame,
    note: Mapping[str, Any],
    boundaries: gpd.GeoSeries | None,
) -> None:
    method = pd.DataFrame(
        [
            (key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
            for key, value in note.items()
        ],
        columns=["key", "value"],
    )
    shapes = None if boundaries is None else boundaries.to_crs(_WGS84)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {_VERSION_ID}")
        database.executescript(_SYSTEM_TABLES)
        _write_reference_systems(database)
        unit_shapes = None if shapes is None else _shapes_of_units(units, shapes)
        _write_layer(database, "units", units, unit_shapes)
        _write_layer(database, "areas", areas, _shapes_of_areas(areas, units, unit_shapes))
        _write_layer(database, "method", method, None)


def _shapes_of_units(units: pd.DataFrame, shapes: gpd.GeoSeries) -> list[shapely.Geometry | None]:
    by_code = dict(zip(shapes.index.astype(str), shapes.to_numpy(), strict=True))
    return [by_code.get(code) for code in units["code"]]


def _shapes_of_areas(
    areas: pd.DataFrame, units: pd.DataFrame, shapes: list[shapely.Geometry | None] | None
) -> list[shapely.Geometry | None] | None:
    if shapes is None:
        return None
    parts: dict[str, list[shapely.Geometry]] = {}
    for area, geometry in zip(units["area"], shapes, strict=True):
        if geometry is not None and isinstance(area, str):
            parts.setdefault(area, []).append(geometry)
    return [shapely.union_all(parts[area]) if area in parts else None for area in areas["area"]]


def _write_reference_systems(database: sqlite3.Connection) -> None:
    rows = [
        ("Undefined Cartesian SRS", -1, "NONE", -1, "undefined", ""),
        ("Undefined geographic SRS", 0, "NONE", 0, "undefined", ""),
        ("WGS 84", _WGS84, "EPSG", _WGS84, CRS.from_epsg(_WGS84).to_wkt("WKT1_GDAL"), ""),
    ]
    database.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", rows)


def _write_layer(
    database: sqlite3.Connection,
    name: str,
    table: pd.DataFrame,
    shapes: list[shapely.Geometry | None] | None,
) -> None:
    kinds = {column: _sql_type(table[column]) for column in table.columns}
    columns = [f'"{column}" {kind}' for column, kind in kinds.items()]
    geometry = ["geom GEOMETRY"] if shapes is not None else []
    fields = ", ".join(["fid INTEGER PRIMARY KEY", *geometry, *columns])
    database.execute(f'CREATE TABLE "{name}" ({fields})')
    rows = [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    if shapes is not None:
        rows = [[_blob(shape), *row] for shape, row in zip(shapes, rows, strict=True)]
    marks = ", ".join("?" * (len(columns) + len(geometry)))
    names = ", ".join([*("geom" for _ in geometry), *(f'"{column}"' for column in kinds)])
    database.executemany(f'INSERT INTO "{name}" ({names}) VALUES ({marks})', rows)  # noqa: S608  # names are our own
    known = [shape for shape in shapes or [] if shape is not None]
    bounds = [float(edge) for edge in shapely.total_bounds(known)] if known else [None] * 4
    kind = "features" if shapes is not None else "attributes"
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    system = _WGS84 if shapes is not None else 0
    database.execute(
        "INSERT INTO gpkg_contents VALUES (?, ?, ?, '', ?, ?, ?, ?, ?, ?)",
        (name, kind, name, now, *bounds, system),
    )
    if shapes is not None:
        database.execute(
            "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 'GEOMETRY', ?, 0, 0)",
            (name, _WGS84),
        )


def _sql_type(column: pd.Series) -> str:
    if pd.api.types.is_integer_dtype(column):
        return "INTEGER"
    return "REAL" if pd.api.types.is_float_dtype(column) else "TEXT"


def _cell(value: object) -> object:
    if value is None or value is pd.NA or value != value:
        return None
    return value.item() if hasattr(value, "item") else value


def _blob(shape: shapely.Geometry | None) -> bytes | None:
    """Return a geometry as GeoPackage keeps it: a header without envelope, then WKB."""
    if shape is None:
        return None
    header = struct.pack("<2sBBi", b"GP", 0, 1, _WGS84)
    body: bytes = shapely.to_wkb(shape, byte_order=1, output_dimension=2)
    return header + body
