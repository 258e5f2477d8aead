"""Reading trusted vector files of any accepted format into a `RawLayer`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from geoapp.core.raw import RawLayer, warning
from geoapp.sources import gdal
from geoapp.sources.formats import FileFormat, choose_sublayer
from geoapp.sources.parquet import read_parquet
from geoapp.sources.shapefile import plain_encoding, siblings, zipped_encoding, zipped_layer

_DRIVERS: dict[FileFormat, str] = {
    "gpkg": "GPKG",
    "geojson": "GeoJSON",
    "flatgeobuf": "FlatGeobuf",
}

ATTRIBUTES_ALONE: tuple[FileFormat, ...] = ("gpkg", "flatgeobuf")
"""Formats whose attributes are read much faster than their geometry."""


def read_attributes(
    path: Path, found: FileFormat, *, file: str, sublayer: str | None = None
) -> pd.DataFrame:
    """Read the attributes of a trusted file, of one of the formats `ATTRIBUTES_ALONE`.

    Raises
    ------
    FileRefusedError
        When it cannot be read, or it is not clear which layer is meant.
    """
    layer = choose_sublayer(gdal.spatial_layers(str(path), file=file), sublayer, file=file)
    return gdal.read_attributes(str(path), file=file, driver=_DRIVERS[found], layer=layer)


def read_vector(
    path: Path,
    found: FileFormat,
    *,
    file: str,
    sublayer: str | None = None,
    encoding: str | None = None,
) -> RawLayer:
    """Read a vector file of a sniffed format; ``file`` is its name for messages.

    Raises
    ------
    FileRefusedError
        When it cannot be read, lacks a part, or it is not clear which layer is meant.
    """
    if found == "geoparquet":
        return read_parquet(path, file=file)
    if found == "shapefile":
        chosen, recovered = plain_encoding(siblings(path, file=file), encoding)
        return _read(str(path), "ESRI Shapefile", file, encoding=chosen, recovered=recovered)
    if found == "zip-shapefile":
        parts = zipped_layer(path, sublayer, file=file)
        chosen, recovered = zipped_encoding(path, parts, encoding)
        inside = f"/vsizip/{{{path.resolve()}}}/{parts['.shp']}"
        return _read(inside, "ESRI Shapefile", file, encoding=chosen, recovered=recovered)
    layers = gdal.spatial_layers(str(path), file=file)
    layer = choose_sublayer(layers, sublayer, file=file)
    return _read(str(path), _DRIVERS[found], file, layer=layer)


def _read(
    path: str,
    driver: str,
    file: str,
    *,
    layer: str | None = None,
    encoding: str | None = None,
    recovered: bool = False,
) -> RawLayer:
    features = gdal.read_features(path, file=file, driver=driver, layer=layer, encoding=encoding)
    told = tuple(warning(file, "GDAL noted: {note}", note=note) for note in features.warnings)
    return RawLayer(
        file,
        features.table,
        features.geometry,
        features.crs,
        encoding=(encoding or "utf-8").upper(),
        encoding_recovered=recovered,
        problems=told,
    )
