"""Writing a delineation as CSV or GeoPackage, with a note that makes the run repeatable."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from geoapp import __version__
from geoapp.errors import RefusedError
from geoapp.maps.geopackage_file import FeatureTable, geopackage_bytes

SUFFIXES = (".csv", ".gpkg")

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


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
        Another suffix, a folder that is not there, files that are and shall not be replaced, or
        boundaries that are no areas.
    """
    targets = _targets(path, replace=replace)
    if boundaries is not None:
        _refuse_without_area(boundaries)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".delineation-") as folder:
        drafts = [Path(folder) / target.name for target in targets]
        if path.suffix.lower() == ".csv":
            _harmless(units).to_csv(drafts[0], index=False, encoding="utf-8")
            drafts[1].write_text(json.dumps(note, ensure_ascii=False, indent=2) + "\n", "utf-8")
        else:
            drafts[0].write_bytes(_geopackage(units, areas, note, boundaries))
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


def _refuse_without_area(boundaries: gpd.GeoSeries) -> None:
    known = boundaries[boundaries.notna()]
    others = known[shapely.get_dimensions(known.to_numpy()) != 2]
    if len(others):
        raise RefusedError(
            f"boundaries: expected polygons, found {others.geom_type.iloc[0]} for the unit "
            f"{others.index[0]}; give a file of the areas of the units"
        )


def _harmless(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts no spreadsheet takes for a formula."""
    safe = table.copy()
    for name in safe.select_dtypes(["object", "string"]).columns:
        texts = safe[name].astype("object")
        formula = texts.map(lambda text: isinstance(text, str) and text.startswith(_FORMULA))
        safe[name] = texts.where(~formula, "'" + texts.astype(str))
    return safe


def _geopackage(
    units: pd.DataFrame,
    areas: pd.DataFrame,
    note: Mapping[str, Any],
    boundaries: gpd.GeoSeries | None,
) -> bytes:
    """Return units, areas and the note as a GeoPackage of the day of the note."""
    method = pd.DataFrame(
        [
            (key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
            for key, value in note.items()
        ],
        columns=["key", "value"],
    )
    date = dt.date.fromisoformat(note["date"])
    if boundaries is None:
        return geopackage_bytes([], {"units": units, "areas": areas, "method": method}, date)
    unit_shapes = _shapes_of_units(units, boundaries.to_crs("EPSG:4326"))
    area_shapes = _shapes_of_areas(areas, units, unit_shapes)
    layers = [_layer("units", units, unit_shapes), _layer("areas", areas, area_shapes)]
    return geopackage_bytes(layers, {"method": method}, date)


def _layer(
    name: str, table: pd.DataFrame, shapes: Sequence[shapely.Geometry | None]
) -> FeatureTable:
    features = gpd.GeoDataFrame(table, geometry=list(shapes), crs="EPSG:4326")
    return FeatureTable(name, name, features, "polygon")


def _shapes_of_units(units: pd.DataFrame, shapes: gpd.GeoSeries) -> list[shapely.Geometry | None]:
    by_code = dict(zip(shapes.index.astype(str), shapes.to_numpy(), strict=True))
    return [by_code.get(code) for code in units["code"]]


def _shapes_of_areas(
    areas: pd.DataFrame, units: pd.DataFrame, shapes: Sequence[shapely.Geometry | None]
) -> list[shapely.Geometry | None]:
    parts: dict[str, list[shapely.Geometry]] = {}
    for area, geometry in zip(units["area"], shapes, strict=True):
        if geometry is not None and isinstance(area, str):
            parts.setdefault(area, []).append(geometry)
    return [shapely.union_all(parts[area]) if area in parts else None for area in areas["area"]]
