"""GeoParquet in and out, with pyarrow alone: no GDAL is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from geoapp.core.raw import Geometries, RawLayer, refusal

# No attribute of a file is called so.
_GEOMETRY = "geometry of geoapp"


def read_parquet(path: Path, *, file: str) -> RawLayer:
    """Read a GeoParquet file, or a Parquet file without geometry as a table.

    Raises
    ------
    FileRefusedError
        When it is broken, or its geometry is not kept as WKB.
    """
    try:
        table = pq.ParquetFile(path).read()
        geo: dict[str, Any] = json.loads((table.schema.metadata or {}).get(b"geo", b"{}"))
        primary = geo.get("primary_column")
        described: dict[str, Any] = geo.get("columns", {}).get(primary, {})
        geometry = _geometry(table, primary, described, file) if primary else None
    except (pa.ArrowException, OSError, ValueError, KeyError, shapely.GEOSException) as error:
        raise refusal(
            file, "The Parquet file cannot be read ({reason}). Export it again.", reason=str(error)
        ) from error
    attributes = table.select(
        [name for name in table.column_names if name not in geo.get("columns", {})]
    )
    return RawLayer(file, plain_table(attributes), geometry, _crs(described))


def row_count(path: Path) -> int:
    """Return how many rows a Parquet file states; 0 where it cannot be read."""
    try:
        return int(pq.ParquetFile(path).metadata.num_rows)
    except (pa.ArrowException, OSError, ValueError):
        return 0


def write_parquet(raw: RawLayer, path: Path) -> None:
    """Write rows and geometry as GeoParquet; the CRS statement goes along as it is."""
    table = pa.Table.from_pandas(raw.table, preserve_index=False)
    geo: dict[str, Any] = {"version": "1.1.0", "columns": {}}
    if raw.geometry is not None:
        wkb = pa.array(shapely.to_wkb(raw.geometry), type=pa.binary())
        table = table.append_column(_GEOMETRY, wkb)
        column: dict[str, Any] = {"encoding": "WKB", "geometry_types": [], "crs": raw.crs}
        geo |= {"primary_column": _GEOMETRY, "columns": {_GEOMETRY: column}}
    metadata = {b"geo": json.dumps(geo).encode()} if geo["columns"] else {}
    pq.write_table(table.replace_schema_metadata(metadata), path)


def plain_table(table: pa.Table) -> pd.DataFrame:
    """Return attributes as a frame with index 0..n-1; what is nested becomes JSON text."""
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    frame.columns = pd.Index([str(name) for name in frame.columns], dtype=object)
    for name in object_columns(frame):
        frame[name] = frame[name].map(flat)
    return frame


def _geometry(table: pa.Table, column: str, described: dict[str, Any], file: str) -> Geometries:
    if described.get("encoding") != "WKB":
        raise refusal(
            file,
            "The geometry is kept as {encoding}; expected WKB. Export it again as GeoParquet "
            "with WKB geometry.",
            encoding=described.get("encoding"),
        )
    shapes: Geometries = shapely.from_wkb(table.column(column).to_numpy(zero_copy_only=False))
    return shapes


def _crs(described: dict[str, Any]) -> str | None:
    crs = described.get("crs", "OGC:CRS84")
    return json.dumps(crs) if isinstance(crs, dict) else crs


def object_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns whose values may be of any kind."""
    return [name for name in frame.columns if pd.api.types.is_object_dtype(frame[name])]


def flat(value: object) -> object:
    """Return a value as it is, or as JSON text when it is nested."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value
