"""The features of a layer as a file export draws them: geometry and the style of each."""

from __future__ import annotations

import json
from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoapp.core.mapspec import MapLayer, MapSpec
from geoapp.core.phrases import Phrases
from geoapp.maps.sheet_geometry import read_collection

_COLUMNS = ("key", "name", "px", "py", "rank")


def drawn_features(
    layer: MapLayer, given: gpd.GeoDataFrame | None = None
) -> gpd.GeoDataFrame | None:
    """Return the features of a layer that are drawn, EPSG:4326, in their order.

    Parameters
    ----------
    layer
        The layer; its display file is read where nothing is given.
    given
        The same features in full detail, EPSG:4326, with ``key`` (or a unit key as index) and
        ``name``; what it says besides is passed on.

    Returns
    -------
        ``key``, ``name``, ``style`` (index of the style), ``px``, ``py`` (degrees) and ``rank``
        of a label (missing where unknown), further columns of ``given``, ``geometry``. None for a
        layer of tiles of which nothing is given.

    Raises
    ------
    FileRefusedError
        The display file is missing or is no GeoJSON FeatureCollection.
    """
    if given is None and layer.geometry.is_tiled:
        return None
    features = _read(layer) if given is None else _named(given)
    keys = features["key"].astype(str)
    style = keys.map(layer.assign).astype("Float64")
    if layer.default is not None:
        style = style.fillna(layer.default)
    known = style.notna() & ~(features.geometry.isna() | features.geometry.is_empty)
    found = features.assign(key=keys, style=style)[known].reset_index(drop=True)
    return found.assign(style=found["style"].astype(int))


def left_out(
    spec: MapSpec, features: Mapping[str, gpd.GeoDataFrame], phrases: Phrases
) -> tuple[str, ...]:
    """Return a sentence for each layer that cannot be drawn: tiles that nobody gave in full."""
    told = phrases.gettext("“{layer}” is too big for this file and is left out.")
    return tuple(
        told.format(layer=layer.name)
        for layer in spec.layers
        if layer.geometry.is_tiled and layer.slug not in features
    )


def _named(given: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    named = given if "key" in given.columns else given.assign(key=given.index)
    named = named.reindex(columns=[*dict.fromkeys([*_COLUMNS, *named.columns])])
    return gpd.GeoDataFrame(
        named.assign(name=named["name"].fillna("")), geometry=given.geometry, crs=given.crs
    )


def _read(layer: MapLayer) -> gpd.GeoDataFrame:
    features = [
        found for found in read_collection(layer.geometry.path)["features"] if found.get("geometry")
    ]
    properties = pd.DataFrame([found["properties"] for found in features], columns=[*_COLUMNS])
    shapes = shapely.from_geojson([json.dumps(found["geometry"]) for found in features])
    geometry = np.asarray(shapes, dtype=object)
    properties["name"] = properties["name"].fillna("")
    return gpd.GeoDataFrame(properties, geometry=geometry, crs="EPSG:4326")
