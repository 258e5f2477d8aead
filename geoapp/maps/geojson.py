"""A map as GeoJSON (RFC 7946): the drawn features with class and figures, and their sources."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoapp.core.mapspec import MapSpec
from geoapp.core.phrases import Phrases
from geoapp.core.table import Table
from geoapp.maps.exported_table import ExportedLayer, exported_layers, source_lines
from geoapp.maps.qgis_style import STYLE_COLUMN

DECIMALS = 6
"""Of the coordinates in degrees: about 0.1 m."""


def render_geojson(
    spec: MapSpec,
    *,
    phrases: Phrases,
    date: dt.date,
    figures: Table | None = None,
    features: Mapping[str, gpd.GeoDataFrame] | None = None,
) -> bytes:
    """Return all drawn layers as one FeatureCollection, longitude first.

    Each feature says its layer and its class in the legend; what is unknown is null. Foreign
    members of the collection are ``title``, ``notices``, ``sources``, ``date`` and ``language``.
    Parameters and errors are those of `geoapp.maps.geopackage.render_geopackage`.
    """
    given = features or {}
    written = [line for found in exported_layers(spec, figures, given) for line in _lines(found)]
    told = source_lines(spec, given, date.isoformat(), phrases)
    beside = {
        "title": spec.title,
        "language": spec.language,
        "date": date.isoformat(),
        "notices": [text for kind, text in told if kind == "notice"],
        "sources": [text for kind, text in told if kind == "source"],
    }
    head = "".join(f'"{name}":{_compact(held)},\n' for name, held in beside.items())
    body = ",\n".join(written)
    return f'{{"type":"FeatureCollection",\n{head}"features":[\n{body}\n]}}\n'.encode()


def _lines(found: ExportedLayer) -> list[str]:
    geometry = shapely.orient_polygons(found.features.geometry.to_numpy())
    rounded = shapely.transform(geometry, lambda degrees: np.round(degrees, DECIMALS))
    properties = pd.DataFrame(found.features.drop(columns=["geometry", STYLE_COLUMN]))
    shapes = shapely.to_geojson(rounded)
    return [
        _feature(found, _plain(record), shape)
        for record, shape in zip(properties.to_dict("records"), shapes, strict=True)
    ]


def _feature(found: ExportedLayer, record: dict[str, object], shape: str) -> str:
    name = _compact(f"{found.name}/{record['key']}")
    told = _compact({"layer": found.layer.name} | record)
    # the geometry is taken over as it is written
    return f'{{"type":"Feature","id":{name},"properties":{told},"geometry":{shape}}}'


def _plain(record: Mapping[Any, Any]) -> dict[str, object]:
    return {str(name): None if pd.isna(value) else value for name, value in record.items()}


def _compact(value: object) -> str:
    return json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=str
    )
