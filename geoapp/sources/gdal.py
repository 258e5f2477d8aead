"""Reading and writing vector files with GDAL, for files that have passed the structural checks."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geoapp.core.phrases import mark
from geoapp.core.raw import Geometries, refusal
from geoapp.gdal import GDAL_ERRORS, pyogrio


@dataclass(frozen=True, slots=True)
class Features:
    """What GDAL read: attributes, geometry, the CRS it names, and what it warned of."""

    table: pd.DataFrame
    geometry: Geometries
    crs: str | None
    warnings: tuple[str, ...]


def spatial_layers(path: str, *, file: str) -> tuple[str, ...]:
    """Return the names of the layers of a file that have geometry."""
    try:
        layers = pyogrio.list_layers(path)
    except GDAL_ERRORS as error:
        raise _unreadable(file, error) from error
    return tuple(str(name) for name, kind in layers if kind is not None)


def read_features(
    path: str, *, file: str, driver: str, layer: str | None = None, encoding: str | None = None
) -> Features:
    """Read one layer of a trusted file, all features, coordinates as they are.

    ``driver`` is the GDAL driver that must answer for the file.

    Raises
    ------
    FileRefusedError
        When GDAL cannot read it, or another driver would.
    """
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            info = pyogrio.read_info(path, layer=layer, encoding=encoding)
            if info["driver"] != driver:
                raise _other_driver(file, info["driver"], driver)
            frame = pyogrio.read_dataframe(
                path, layer=layer, encoding=encoding, datetime_as_string=True, on_invalid="fix"
            )
    except GDAL_ERRORS as error:
        raise _unreadable(file, error) from error
    geometry: Geometries = frame.geometry.to_numpy()
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    told = tuple(dict.fromkeys(str(warning.message) for warning in caught))
    return Features(table, geometry, info["crs"], told)


def read_attributes(path: str, *, file: str, driver: str, layer: str) -> pd.DataFrame:
    """Read the attributes of one layer of a trusted file, without its geometry.

    Raises
    ------
    FileRefusedError
        When GDAL cannot read it, or another driver than ``driver`` would.
    """
    try:
        found = pyogrio.read_info(path, layer=layer)["driver"]
        if found != driver:
            raise _other_driver(file, found, driver)
        table: pd.DataFrame = pyogrio.read_dataframe(
            path, layer=layer, read_geometry=False, datetime_as_string=True
        )
    except GDAL_ERRORS as error:
        raise _unreadable(file, error) from error
    return table


def write_flatgeobuf(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write a GeoDataFrame in EPSG:4326 as FlatGeobuf, UTF-8, rows in their order."""
    pyogrio.write_dataframe(
        frame, path, driver="FlatGeobuf", layer=path.stem, layer_options={"SPATIAL_INDEX": "NO"}
    )


def _other_driver(file: str, found: str, expected: str) -> Exception:
    text = mark("The file reads as {found}; expected {expected}. Export it again.")
    return refusal(file, text, found=found, expected=expected)


def _unreadable(file: str, error: Exception) -> Exception:
    return refusal(
        file, "The file cannot be read ({reason}). Export it again.", reason=str(error)[:300]
    )
