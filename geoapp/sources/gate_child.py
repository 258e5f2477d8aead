"""The process behind the gate: reads one checked file with fiona and writes our own Parquet.

Run as ``python -m geoapp.sources.gate_child FOLDER``; the folder holds ``request.json``. It never
loads pyogrio, since two copies of GDAL must not share a process.
"""

from __future__ import annotations

import errno
import json
import sys
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
from geoapp.sources.archive import data_member, unpack
from geoapp.sources.formats import SUFFIXES, FileFormat, choose_sublayer, sniff
from geoapp.sources.kml import read_kml
from geoapp.sources.limits import GateLimits
from geoapp.sources.markup import xml_text
from geoapp.sources.parquet import flat, object_columns, read_parquet, row_count, write_parquet
from geoapp.sources.shapefile import plain_encoding, zipped_layer
from geoapp.sources.structure import check_structure
from geoapp.sources.table import read_table

_REFUSED = 2
_DRIVERS: dict[FileFormat, str] = {
    "gpkg": "GPKG",
    "geojson": "GeoJSON",
    "topojson": "TopoJSON",
    "flatgeobuf": "FlatGeobuf",
    "gml": "GML",
    "shapefile": "ESRI Shapefile",
}
_SEVERAL_LAYERS = ("GPKG", "GML", "TopoJSON")
_COUNTED_TOGETHER = 1000


def main(work: Path) -> int:
    """Read what ``request.json`` in a folder asks for; return the exit code."""
    request = json.loads((work / "request.json").read_text("utf-8"))
    file, limits = request["file"], GateLimits(**request["limits"])
    _limit_resources(limits)
    try:
        raw = _read(request, work, limits)
        _refuse_too_much(raw, limits)
        if raw.geometry is not None:
            refuse_non_finite(raw.geometry, file)
        write_parquet(replace(raw, table=_plain(raw.table)), work / "layer.parquet")
    except FileRefusedError as error:
        return _tell(work, error.problem)
    except Exception as error:  # a library met something hostile: say so and end
        return _tell(work, _unreadable(file, error, work, limits))
    about = {
        "encoding": raw.encoding,
        "encoding_recovered": raw.encoding_recovered,
        "problems": [asdict(problem) for problem in raw.problems],
    }
    (work / "about.json").write_text(json.dumps(about), encoding="utf-8")
    return 0


def _limit_resources(limits: GateLimits) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the parent's time limit still holds
        return
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.unpacked_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    # At the soft limit the process ends with a signal that tells why, at the hard one it is killed.
    seconds = limits.cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))


def _read(request: dict[str, Any], work: Path, limits: GateLimits) -> RawLayer:
    file, sublayer, encoding = request["file"], request["sublayer"], request["encoding"]
    path, found = _checked(Path(request["path"]), file, work, limits)
    if found == "csv":
        _refuse_rows(path.read_bytes().count(b"\n"), file, limits)
    if found in ("csv", "xlsx"):
        return read_table(path, found, file=file, sublayer=sublayer, encoding=encoding)
    if found == "geoparquet":
        _refuse_rows(row_count(path), file, limits)
        return read_parquet(path, file=file)
    if found == "kml":
        return read_kml(path, file=file)
    if found == "gml":
        path.write_text(xml_text(path.read_bytes(), file=file), encoding="utf-8")
    if found == "zip-shapefile":
        path = _unpacked(path, sublayer, work, file)
    if path.suffix == ".shp":
        parts = {suffix: path.with_suffix(suffix) for suffix in (".dbf", ".cpg")}
        parts = {suffix: part for suffix, part in parts.items() if part.exists()}
        chosen, recovered = plain_encoding(parts, encoding)
        raw = _features(path, "ESRI Shapefile", file, None, chosen, limits)
        return replace(raw, encoding=chosen.upper(), encoding_recovered=recovered)
    return _features(path, _DRIVERS[found], file, sublayer, None, limits)


def _checked(path: Path, file: str, work: Path, limits: GateLimits) -> tuple[Path, FileFormat]:
    """Return the file to read and its format, once nothing in its structure can do harm."""
    found = sniff(path, file=file)
    check_structure(path, found, file=file, limits=limits)
    if found != "zip":
        return path, found
    inside = work / "member"
    unpack(path, data_member(path, file=file), inside, file=file)
    found = sniff(inside, file=file)
    if found in ("zip", "zip-shapefile", "shapefile"):
        text = mark("The archive holds another archive, or a part of a file. Pack the file itself.")
        raise refusal(file, text)
    path = inside.rename(inside.with_suffix(SUFFIXES[found]))
    # What was small when packed may be as big as archives may unpack to.
    unpacked = limits.model_copy(update={"file_bytes": limits.unpacked_bytes})
    check_structure(path, found, file=file, limits=unpacked)
    return path, found


def _unpacked(path: Path, sublayer: str | None, work: Path, file: str) -> Path:
    for suffix, member in zipped_layer(path, sublayer, file=file).items():
        unpack(path, member, work / f"unpacked{suffix}", file=file)
    return work / "unpacked.shp"


def _features(
    path: Path,
    driver: str,
    file: str,
    sublayer: str | None,
    encoding: str | None,
    limits: GateLimits,
) -> RawLayer:
    import fiona  # loads GDAL, which only the formats that need it should do

    with fiona.Env():
        layer = None
        if driver in _SEVERAL_LAYERS:
            layer = choose_sublayer(_spatial_layers(path, driver), sublayer, file=file)
        with fiona.open(
            path, driver=driver, enabled_drivers=[driver], layer=layer, encoding=encoding
        ) as opened:
            crs = opened.crs_wkt or None
            names = list(opened.schema["properties"])
            _refuse_columns(len(names), file, limits)
            rows, shapes, broken = _collected(opened, names, file, limits)
    text = mark("{count} geometries could not be built and count as missing.")
    problems = (warning(file, text, field="geometry", count=broken),) if broken else ()
    return RawLayer(file, pd.DataFrame(rows, columns=names), shapes, crs, problems=problems)


def _spatial_layers(path: Path, driver: str) -> tuple[str, ...]:
    import fiona

    names = fiona.listlayers(path)
    spatial = []
    for name in names:
        with fiona.open(path, driver=driver, enabled_drivers=[driver], layer=name) as opened:
            if opened.schema["geometry"] != "None":
                spatial.append(name)
    return tuple(spatial)


def _collected(
    opened: Any,  # noqa: ANN401 - a collection of fiona
    names: list[str],
    file: str,
    limits: GateLimits,
) -> tuple[list[list[object]], Geometries, int]:
    rows, shapes, broken, vertices = [], [], 0, 0
    for feature in opened:
        rows.append([feature.properties.get(name) for name in names])
        try:
            shapes.append(None if feature.geometry is None else shape(feature.geometry))
        except (ValueError, TypeError, AttributeError, shapely.GEOSException):
            shapes.append(None)
            broken += 1
        if len(shapes) % _COUNTED_TOGETHER == 0:
            vertices += int(shapely.get_num_coordinates(shapes[-_COUNTED_TOGETHER:]).sum())
            _refuse_rows(len(rows), file, limits)
            _refuse_vertices(vertices, file, limits)
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    return rows, array, broken


def _refuse_too_much(raw: RawLayer, limits: GateLimits) -> None:
    _refuse_rows(len(raw.table), raw.file, limits)
    _refuse_columns(len(raw.table.columns), raw.file, limits)
    if raw.geometry is not None:
        _refuse_vertices(int(shapely.get_num_coordinates(raw.geometry).sum()), raw.file, limits)


def _refuse_rows(count: int, file: str, limits: GateLimits) -> None:
    if count > limits.features:
        raise refusal(
            file,
            "The file has more than {limit} features or rows. Leave out what is not needed, or add "
            "it in parts.",
            limit=limits.features,
        )


def _refuse_vertices(count: int, file: str, limits: GateLimits) -> None:
    if count > limits.vertices:
        raise refusal(
            file,
            "The geometries have more than {limit} vertices. Simplify them, or add them in parts.",
            field="geometry",
            limit=limits.vertices,
        )


def _refuse_columns(count: int, file: str, limits: GateLimits) -> None:
    if count > limits.columns:
        raise refusal(
            file,
            "The file has {count} columns; at most {limit} are read. Leave out what is not needed.",
            count=count,
            limit=limits.columns,
        )


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with every value that Parquet would not take in one column as text."""
    plain = table.copy(deep=False)
    for name in object_columns(plain):
        plain[name] = plain[name].map(flat)
        kinds = {type(value) for value in plain[name].dropna()}
        if len(kinds) > 1 or not kinds <= {str, int, float, bool}:
            plain[name] = plain[name].map(lambda value: None if value is None else str(value))
    return plain


def _unreadable(file: str, error: Exception, work: Path, limits: GateLimits) -> Problem:
    # Once memory is limited, a library that cannot be loaded is short of it too.
    short = isinstance(error, (MemoryError, ImportError)) or (
        isinstance(error, OSError) and error.errno == errno.ENOMEM
    )
    if short:
        text = mark(
            "The file needs more memory than the {limit} MB a layer may take. Leave out what is "
            "not needed."
        )
        return refusal(file, text, limit=limits.memory_bytes // 1_000_000).problem
    text = mark("The file cannot be read ({reason}). Export it again.")
    # where this machine keeps its drafts is nobody's business
    reason = f"{type(error).__name__}: {error}".replace(f"{work}/", "")
    return refusal(file, text, reason=" ".join(reason.split())[:200]).problem


def _tell(work: Path, problem: Problem) -> int:
    told = json.dumps(asdict(problem), default=str)
    (work / "refused.json").write_text(told, encoding="utf-8")
    return _REFUSED


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
