import json

import geopandas as gpd
import pandas as pd
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.store.display import DECIMALS, display_geojson, label_points


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


def test_a_coarse_copy_has_fewer_decimals_and_names_what_is_finer() -> None:
    features = gpd.GeoDataFrame(
        {"key": ["562858"]}, geometry=[shapely.Point(14.1234567, 51.98765)], crs="EPSG:4326"
    )
    written = json.loads(
        display_geojson(features, ["key"], decimals=3, beside={"finer": {"zoom": 8}})
    )
    assert written["finer"] == {"zoom": 8}
    assert written["features"][0]["geometry"]["coordinates"] == [14.123, 51.988]


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
