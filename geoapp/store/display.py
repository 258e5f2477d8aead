"""Display copies: small GeoJSON files, EPSG:4326, that a browser draws."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

DECIMALS = 5


def display_geojson(
    features: gpd.GeoDataFrame,
    properties: list[str],
    *,
    decimals: int = DECIMALS,
    beside: Mapping[str, object] | None = None,
) -> bytes:
    """Write features as GeoJSON with the named properties.

    The same features give the same bytes; missing properties are left out.

    Parameters
    ----------
    features
        In EPSG:4326.
    properties
        Columns to write.
    decimals
        Of the coordinates in degrees: 5 are about a metre, 3 about 100 m.
    beside
        Members of the collection besides its features.
    """
    geometry = features.geometry.to_numpy()
    rounded = shapely.transform(geometry, lambda degrees: np.round(degrees, decimals))
    # the text is taken over as it is: reading millions of vertices only to write them again
    # would take longer than all the rest
    shapes = shapely.to_geojson(rounded)
    records = features[properties].to_dict("records")
    written = ",".join(
        f'{{"type":"Feature","properties":{_compact(_known(record))},"geometry":{shape}}}'
        for record, shape in zip(records, shapes, strict=True)
    )
    head = "".join(f"{_compact(name)}:{_compact(held)}," for name, held in (beside or {}).items())
    return f'{{"type":"FeatureCollection",{head}"features":[{written}]}}'.encode()


def label_points(polygons: gpd.GeoSeries) -> pd.DataFrame:
    """Return a point inside each polygon, ``px`` (longitude) and ``py`` (latitude), rounded."""
    points = shapely.point_on_surface(polygons.to_numpy())
    return pd.DataFrame(
        {
            "px": np.round(shapely.get_x(points), DECIMALS),
            "py": np.round(shapely.get_y(points), DECIMALS),
        },
        index=polygons.index,
    )


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _known(record: dict[Any, Any]) -> dict[str, object]:
    return {str(name): value for name, value in record.items() if pd.notna(value)}
