"""The process behind the gate: reads one checked file with fiona and writes our own Parquet.

Run as ``python -m geoapp.sources.gate_child FOLDER``; the folder holds ``request.json``. It never
loads pyogrio, since two copies of GDAL must not share a process.
"""

from __future__ import annotations

import errno
import json
import sys
import zipfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from shapely.geometry import shape

from geoapp.core.phrases import mark
from geoapp.core.raw import Geometries, RawLayer, refusal, warning
from geoapp.core.repair import refuse_non_finite
from geoapp.errors import FileRefusedError, Problem
from geoapp.sources.formats import choose_sublayer
from geoapp.sources.parquet import flat, object_columns, read_parquet, write_parquet
from geoapp.sources.shapefile import plain_encoding, zipped_layer
from geoapp.sources.table import read_table

_REFUSED = 2
_DRIVERS = {
    "gpkg": "GPKG",
    "geojson": "GeoJSON",
    "flatgeobuf": "FlatGeobuf",
    "shapefile": "ESRI Shapefile",
}


def main(work: Path) -> int:
    """Read what ``request.json`` in a folder asks for; return the exit code."""
    request = json.loads((work / "request.json").read_text("utf-8"))
    file = request["file"]
    _limit_resources(request["limits"])
    try:
        raw = _read(request, work)
        if raw.geometry is not None:
            refuse_non_finite(raw.geometry, file)
        write_parquet(replace(raw, table=_plain(raw.table)), work / "layer.parquet")
    except FileRefusedError as error:
        return _tell(work, error.problem)
    except Exception as error:  # a library met something hostile: say so and end
        return _tell(work, _unreadable(file, error))
    about = {
        "encoding": raw.encoding,
        "encoding_recovered": raw.encoding_recovered,
        "problems": [asdict(problem) for problem in raw.problems],
    }
    (work / "about.json").write_text(json.dumps(about), encoding="utf-8")
    return 0


def _limit_resources(limits: dict[str, int]) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the parent's time limit still holds
        return
    for kind, most in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["unpacked_bytes"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    # At the soft limit the process ends with a signal that tells why, at the hard one it is killed.
    seconds = limits["cpu_seconds"]
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))


def _read(request: dict[str, Any], work: Path) -> RawLayer:
    path, file = Path(request["path"]), request["file"]
    found, sublayer, encoding = request["format"], request["sublayer"], request["encoding"]
    if found in ("csv", "xlsx"):
        return read_table(path, found, file=file, sublayer=sublayer, encoding=encoding)
    if found == "geoparquet":
        return read_parquet(path, file=file)
    if found == "zip-shapefile":
        path = _unpacked(path, sublayer, work, file)
    if path.suffix == ".shp":
        parts = {suffix: path.with_suffix(suffix) for suffix in (".dbf", ".cpg")}
        parts = {suffix: part for suffix, part in parts.items() if part.exists()}
        chosen, recovered = plain_encoding(parts, encoding)
        raw = _features(path, "ESRI Shapefile", file, None, chosen)
        return replace(raw, encoding=chosen.upper(), encoding_recovered=recovered)
    return _features(path, _DRIVERS[found], file, sublayer, None)


def _unpacked(path: Path, sublayer: str | None, work: Path, file: str) -> Path:
    parts = zipped_layer(path, sublayer, file=file)
    with zipfile.ZipFile(path) as archive:
        for suffix, member in parts.items():
            (work / f"unpacked{suffix}").write_bytes(archive.read(member))
    return work / "unpacked.shp"


def _features(
    path: Path, driver: str, file: str, sublayer: str | None, encoding: str | None
) -> RawLayer:
    import fiona  # loads GDAL, which only the formats that need it should do

    with fiona.Env():
        layer = None
        if driver == "GPKG":
            layer = choose_sublayer(_spatial_layers(path), sublayer, file=file)
        with fiona.open(
            path, driver=driver, enabled_drivers=[driver], layer=layer, encoding=encoding
        ) as opened:
            crs = opened.crs_wkt or None
            names = list(opened.schema["properties"])
            rows, shapes, broken = _collected(opened, names)
    text = mark("{count} geometries could not be built and count as missing.")
    problems = (warning(file, text, field="geometry", count=broken),) if broken else ()
    return RawLayer(file, pd.DataFrame(rows, columns=names), shapes, crs, problems=problems)


def _spatial_layers(path: Path) -> tuple[str, ...]:
    import fiona

    names = fiona.listlayers(path)
    spatial = []
    for name in names:
        with fiona.open(path, driver="GPKG", enabled_drivers=["GPKG"], layer=name) as opened:
            if opened.schema["geometry"] != "None":
                spatial.append(name)
    return tuple(spatial)


def _collected(opened: Any, names: list[str]) -> tuple[list[list[object]], Geometries, int]:  # noqa: ANN401
    rows, shapes, broken = [], [], 0
    for feature in opened:
        rows.append([feature.properties.get(name) for name in names])
        try:
            shapes.append(None if feature.geometry is None else shape(feature.geometry))
        except (ValueError, TypeError, AttributeError, shapely.GEOSException):
            shapes.append(None)
            broken += 1
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    return rows, array, broken


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with every value that Parquet would not take in one column as text."""
    plain = table.copy(deep=False)
    for name in object_columns(plain):
        plain[name] = plain[name].map(flat)
        kinds = {type(value) for value in plain[name].dropna()}
        if len(kinds) > 1 or not kinds <= {str, int, float, bool}:
            plain[name] = plain[name].map(lambda value: None if value is None else str(value))
    return plain


def _unreadable(file: str, error: Exception) -> Problem:
    # Once memory is limited, a library that cannot be loaded is short of it too.
    short = isinstance(error, (MemoryError, ImportError)) or (
        isinstance(error, OSError) and error.errno == errno.ENOMEM
    )
    if short:
        text = mark(
            "The file needs more memory than a layer may take. Leave out what is not needed."
        )
        return refusal(file, text).problem
    text = mark("The file cannot be read ({reason}). Export it again.")
    return refusal(file, text, reason=_one_line(error)).problem


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def _tell(work: Path, problem: Problem) -> int:
    told = json.dumps(asdict(problem), default=str)
    (work / "refused.json").write_text(told, encoding="utf-8")
    return _REFUSED


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
