"""Display copies: small GeoJSON files, EPSG:4326, that a browser draws."""

from __future__ import annotations

import json
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

DECIMALS = 5
_TOLERANCES_M = (0, 10, 20, 40, 80, 160, 320, 640)
_METRES_PER_DEGREE = 111_000


def simplify_coverage(polygons: gpd.GeoSeries, vertices: int) -> gpd.GeoSeries:
    """Return polygons with at most about ``vertices`` vertices whose shared borders stay shared.

    EPSG:4326 in and out. The finest of a row of tolerances (10 m to 640 m) that fits is used;
    what is small enough already comes back as it is.
    """
    for tolerance_m in _TOLERANCES_M:
        simpler = polygons
        if tolerance_m:
            simpler = gpd.GeoSeries(
                shapely.coverage_simplify(
                    polygons.to_numpy(), tolerance=tolerance_m / _METRES_PER_DEGREE
                ),
                index=polygons.index,
                crs=polygons.crs,
            )
        if int(shapely.get_num_coordinates(simpler.to_numpy()).sum()) <= vertices:
            break
    return simpler


def display_geojson(features: gpd.GeoDataFrame, properties: list[str]) -> bytes:
    """Write features as GeoJSON with 5 decimals (about a metre) and the named properties.

    The same features give the same bytes; missing properties are left out.
    """
    geometries = shapely.transform(features.geometry.to_numpy(), _rounded)
    shapes = [json.loads(text) for text in shapely.to_geojson(geometries)]
    records = features[properties].to_dict("records")
    collection = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": _known(record), "geometry": shape}
            for record, shape in zip(records, shapes, strict=True)
        ],
    }
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":")).encode()


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


def _rounded(coordinates: Any) -> Any:  # noqa: ANN401 - shapely hands and takes plain arrays
    return np.round(coordinates, DECIMALS)


def _known(record: dict[Any, Any]) -> dict[str, object]:
    return {str(name): value for name, value in record.items() if pd.notna(value)}
