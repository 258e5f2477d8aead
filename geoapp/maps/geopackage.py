"""A map as a GeoPackage that QGIS opens in the colours, patterns and classes of the screen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import geopandas as gpd
import pandas as pd

from geoapp.core.mapspec import MapSpec
from geoapp.core.phrases import Phrases
from geoapp.core.table import Table
from geoapp.maps.exported_table import exported_layers, source_lines
from geoapp.maps.geopackage_file import FeatureTable, geopackage_bytes
from geoapp.maps.qgis_style import layer_qml

SOURCES = "sources"


def render_geopackage(
    spec: MapSpec,
    *,
    phrases: Phrases,
    date: dt.date,
    figures: Table | None = None,
    features: Mapping[str, gpd.GeoDataFrame] | None = None,
) -> bytes:
    """Return a GeoPackage with a styled layer for each drawn one, and a table of sources.

    Parameters
    ----------
    spec
        The map.
    phrases
        Its language.
    date
        What the file is dated; the same input gives the same bytes.
    figures
        Figures by unit key (`geoapp.core.table.municipality_rows`), attributes of the
        municipalities.
    features
        Layers in full detail by slug, EPSG:4326; others are taken from their display files.

    Raises
    ------
    FileRefusedError
        A display file is missing or broken.
    """
    given = features or {}
    layers = [
        FeatureTable(
            # the layer must not be taken for the table of sources
            found.name if found.name != SOURCES else f"{SOURCES}_layer",
            found.layer.name,
            found.features,
            found.layer.geometry.kind,
            layer_qml(found.layer, found.labels),
        )
        for found in exported_layers(spec, figures, given)
    ]
    lines = source_lines(spec, given, date.isoformat(), phrases)
    return geopackage_bytes(layers, {SOURCES: pd.DataFrame(lines, columns=["kind", "text"])}, date)
