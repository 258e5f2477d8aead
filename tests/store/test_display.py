import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.store.display import DECIMALS, display_geojson, label_points, simplify_coverage


def winding_neighbours(seed: int = 0) -> gpd.GeoSeries:
    """Two municipalities of about 7 km whose common border winds in 2000 small steps."""
    steps = np.random.default_rng(seed).normal(0, 0.0004, 2000)
    middle = list(zip(19.1 + steps, np.linspace(49.4, 49.5, 2000), strict=True))
    west = shapely.Polygon([(19.0, 49.4), *middle, (19.0, 49.5)])
    east = shapely.Polygon([(19.2, 49.4), *middle, (19.2, 49.5)])
    return gpd.GeoSeries([west, east], index=["241711", "241714"], crs="EPSG:4326")


def vertices(polygons: gpd.GeoSeries) -> int:
    return int(shapely.get_num_coordinates(polygons.to_numpy()).sum())


@pytest.mark.parametrize("limit", [2000, 500, 100])
def test_simplified_neighbours_neither_overlap_nor_gape(limit: int) -> None:
    polygons = winding_neighbours()
    simpler = simplify_coverage(polygons, limit)
    assert vertices(simpler) <= limit
    assert simpler.index.equals(polygons.index)
    assert simpler.crs == polygons.crs
    assert shapely.coverage_is_valid(simpler.to_numpy())
    whole = shapely.union_all(simpler.to_numpy())
    assert whole.equals(shapely.box(19.0, 49.4, 19.2, 49.5))


def test_what_is_small_enough_stays_as_it_is() -> None:
    polygons = winding_neighbours()
    assert simplify_coverage(polygons, vertices(polygons)).equals(polygons)


def test_what_cannot_be_made_smaller_comes_back_as_small_as_it_gets() -> None:
    assert 8 <= vertices(simplify_coverage(winding_neighbours(), 1)) <= 20


def test_a_display_copy_holds_what_was_asked_for_and_is_known() -> None:
    features = gpd.GeoDataFrame(
        {
            "key": ["562858", "562777"],
            "name": ["Šluknov", None],
            "rank": pd.array([1, None], dtype="Int64"),
            "secret": "x",
        },
        geometry=[shapely.Point(14.1234567, 51), shapely.LineString([(0, 0, 7), (1, 1.000004, 7)])],
        crs="EPSG:4326",
    )
    written = display_geojson(features, ["key", "name", "rank"])
    assert json.loads(written) == {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"key": "562858", "name": "Šluknov", "rank": 1},
                "geometry": {"type": "Point", "coordinates": [14.12346, 51]},
            },
            {
                "type": "Feature",
                "properties": {"key": "562777"},
                "geometry": {"type": "LineString", "coordinates": [[0, 0], [1, 1]]},
            },
        ],
    }
    assert "Šluknov".encode() in written
    assert display_geojson(features, ["key", "name", "rank"]) == written


def test_nothing_is_an_empty_collection() -> None:
    features = gpd.GeoDataFrame({"key": []}, geometry=[], crs="EPSG:4326")
    assert json.loads(display_geojson(features, ["key"])) == {
        "type": "FeatureCollection",
        "features": [],
    }


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.floats(14, 24), st.floats(49, 54)), min_size=3, max_size=8, unique=True
    ).map(lambda points: shapely.convex_hull(shapely.MultiPoint(points)))
)
def test_a_label_stands_within_its_municipality(shape: shapely.Geometry) -> None:
    area = shape.buffer(0.01)
    ((east, north),) = label_points(gpd.GeoSeries([area], crs="EPSG:4326")).to_numpy()
    assert area.distance(shapely.Point(east, north)) <= 10.0**-DECIMALS
    assert (round(east, DECIMALS), round(north, DECIMALS)) == (east, north)


def test_a_label_avoids_the_hole() -> None:
    ring = shapely.box(19.0, 49.0, 20.0, 50.0) - shapely.box(19.1, 49.1, 19.9, 49.9)
    point = label_points(gpd.GeoSeries([ring], index=["2417"], crs="EPSG:4326")).loc["2417"]
    assert ring.contains(shapely.Point(point["px"], point["py"]))
