"""GeoPackage files (OGC 12-128r18) written with SQLite itself: the same tables, the same bytes."""

from __future__ import annotations

import datetime as dt
import sqlite3
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from geoapp.core.mapspec import GeometryKind
from geoapp.core.raw import Geometries

_APPLICATION_ID = 0x47504B47
_VERSION_ID = 10300
_WGS84 = 4326
_SYSTEM_TABLES = """
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '', last_change DATETIME NOT NULL, min_x DOUBLE, min_y DOUBLE,
  max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
"""
_STYLE_TABLE = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),
  f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
  styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT,
  owner TEXT(30), ui TEXT(30), update_time DATETIME)
"""
_MULTI: dict[GeometryKind, str] = {
    "polygon": "MULTIPOLYGON",
    "line": "MULTILINESTRING",
    "point": "MULTIPOINT",
}


@dataclass(frozen=True)
class FeatureTable:
    """A layer of a GeoPackage.

    Attributes
    ----------
    name
        Of the table.
    title
        What people call it.
    features
        EPSG:4326; all columns are written. A missing geometry is NULL.
    kind
        What the features are; single ones are written as collections of one.
    qml
        Its default style in QGIS; none where empty.
    """

    name: str
    title: str
    features: gpd.GeoDataFrame
    kind: GeometryKind
    qml: str = ""


def geopackage_bytes(
    layers: Sequence[FeatureTable], tables: dict[str, pd.DataFrame], date: dt.date
) -> bytes:
    """Return layers with their styles, and tables without geometry by name, as a GeoPackage.

    ``date`` is the only date in the file.
    """
    moment = f"{date.isoformat()}T00:00:00.000Z"
    with closing(sqlite3.connect(":memory:")) as database:
        with database:
            database.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            database.execute(f"PRAGMA user_version = {_VERSION_ID}")
            database.executescript(_SYSTEM_TABLES)
            _write_reference_systems(database)
            for layer in layers:
                _write_layer(database, layer, moment)
            for name, table in tables.items():
                _write_attributes(database, name, table, moment)
            _write_styles(database, layers, moment)
        return database.serialize()


def _write_reference_systems(database: sqlite3.Connection) -> None:
    rows = [
        ("Undefined Cartesian SRS", -1, "NONE", -1, "undefined", ""),
        ("Undefined geographic SRS", 0, "NONE", 0, "undefined", ""),
        ("WGS 84", _WGS84, "EPSG", _WGS84, CRS.from_epsg(_WGS84).to_wkt("WKT1_GDAL"), ""),
    ]
    database.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", rows)


def _write_layer(database: sqlite3.Connection, layer: FeatureTable, moment: str) -> None:
    table = pd.DataFrame(layer.features.drop(columns="geometry"))
    shapes = layer.features.geometry.to_numpy()
    blobs = _blobs(shapes, layer.kind)
    _create(database, layer.name, table, f"geom {_MULTI[layer.kind]}", blobs)
    known = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    bounds = [float(edge) for edge in shapely.total_bounds(known)] if len(known) else [None] * 4
    _register(database, layer.name, "features", layer.title, moment, [*bounds, _WGS84])
    database.execute(
        "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)",
        (layer.name, _MULTI[layer.kind], _WGS84),
    )


def _write_attributes(
    database: sqlite3.Connection, name: str, table: pd.DataFrame, moment: str
) -> None:
    _create(database, name, table)
    _register(database, name, "attributes", name, moment, [None] * 5)


def _write_styles(
    database: sqlite3.Connection, layers: Sequence[FeatureTable], moment: str
) -> None:
    styled = [layer for layer in layers if layer.qml]
    if not styled:
        return
    database.execute(_STYLE_TABLE)
    _register(database, "layer_styles", "attributes", "layer_styles", moment, [None] * 5)
    database.executemany(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, "
        "f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner, "
        "update_time) VALUES ('', '', ?, 'geom', 'geoapp', ?, '', 1, ?, '', ?)",
        [(layer.name, layer.qml, layer.title, moment) for layer in styled],
    )


def _register(
    database: sqlite3.Connection,
    name: str,
    kind: str,
    title: str,
    moment: str,
    place: list[float | None],
) -> None:
    # the identifier must be another one for each table, which titles need not be
    database.execute(
        "INSERT INTO gpkg_contents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (name, kind, name, title, moment, *place),
    )


def _create(
    database: sqlite3.Connection,
    name: str,
    table: pd.DataFrame,
    geometry: str = "",
    blobs: Iterable[bytes | None] | None = None,
) -> None:
    kinds = [f"{_quoted(column)} {_sql_type(table[column])}" for column in table.columns]
    parts = ["fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL", geometry, *kinds]
    database.execute(f"CREATE TABLE {_quoted(name)} ({', '.join(filter(None, parts))})")
    # one row at a time: a million roads as lists of cells would take a gigabyte
    rows = ([_cell(value) for value in row] for row in table.itertuples(index=False, name=None))
    if blobs is not None:
        rows = ([blob, *row] for blob, row in zip(blobs, rows, strict=True))
    columns = [*(["geom"] if geometry else []), *map(_quoted, table.columns)]
    marks = ", ".join("?" * len(columns))
    database.executemany(
        f"INSERT INTO {_quoted(name)} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608  # quoted
        rows,
    )


def _quoted(name: object) -> str:
    return '"' + str(name).replace('"', '""') + '"'


def _sql_type(column: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(column):
        return "BOOLEAN"
    if pd.api.types.is_integer_dtype(column):
        return "INTEGER"
    return "REAL" if pd.api.types.is_float_dtype(column) else "TEXT"


def _cell(value: object) -> object:
    if value is None or value is pd.NA or value != value:
        return None
    held = value.item() if hasattr(value, "item") else value
    return held if isinstance(held, int | float | str) else str(held)


def _blobs(shapes: Geometries, kind: GeometryKind) -> Iterator[bytes | None]:
    """Yield geometries as GeoPackage keeps them: a header with the envelope, then WKB."""
    whole = _collected(shapes, kind)
    for shape, (west, south, east, north) in zip(whole, shapely.bounds(whole), strict=True):
        if shape is None:
            yield None
            continue
        header = struct.pack("<2sBBi4d", b"GP", 0, 0b11, _WGS84, west, east, south, north)
        body: bytes = shapely.to_wkb(shape, byte_order=1, output_dimension=2)
        yield header + body


def _collected(shapes: Geometries, kind: GeometryKind) -> Geometries:
    """Return each geometry as a collection of its parts of a kind; None where it has none."""
    dimension, make = {
        "polygon": (2, shapely.multipolygons),
        "line": (1, shapely.multilinestrings),
        "point": (0, shapely.multipoints),
    }[kind]
    parts, owners = shapely.get_parts(shapes, return_index=True)
    fitting = shapely.get_dimensions(parts) == dimension
    parts, owners = parts[fitting], owners[fitting]
    known, order = np.unique(owners, return_inverse=True)
    whole: Geometries = np.full(len(shapes), None, dtype=object)
    if len(known):
        whole[known] = make(parts, indices=order)
    return whole
