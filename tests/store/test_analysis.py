from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geoapp.store.analysis import (
    feature_columns,
    hilbert_order,
    read_features,
    vertex_counts,
    write_features,
)

PLACES = st.lists(
    st.tuples(st.floats(14, 24, width=32), st.floats(49, 54, width=32)), min_size=0, max_size=60
)


def points(places: list[tuple[float, float]]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"key": [f"p{number}" for number in range(len(places))]},
        geometry=gpd.points_from_xy(*np.reshape(places, (-1, 2)).T),
        crs="EPSG:4326",
    )


@settings(max_examples=25)
@example([(18.0, 49.0), (14.0, 49.0)], (14.0, 49.0))
@given(PLACES, st.tuples(st.floats(14, 24), st.floats(49, 54)))
def test_a_part_is_what_lies_in_it_in_the_order_it_was_given(
    tmp_path_factory: pytest.TempPathFactory,
    places: list[tuple[float, float]],
    corner: tuple[float, float],
) -> None:
    path = tmp_path_factory.mktemp("analysis") / "features.parquet"
    given_points = points(places)
    write_features(given_points, path)
    assert_same(read_features(path), given_points)
    bounds = (*corner, corner[0] + 3, corner[1] + 2)
    inside = given_points[given_points.intersects(shapely.box(*bounds))]
    assert_same(read_features(path, bounds=bounds), inside)


def assert_same(found: gpd.GeoDataFrame, expected: gpd.GeoDataFrame) -> None:
    assert found.index.tolist() == expected.index.tolist()
    assert found["key"].tolist() == expected["key"].tolist()
    assert found.crs == expected.crs
    assert (found.geometry.to_numpy() == expected.geometry.to_numpy()).all()


def test_most_of_a_large_file_is_not_read(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    places = random.uniform((14, 49), (24, 54), (60_000, 2))
    write_features(points(places.tolist()), tmp_path / "features.parquet")
    groups = pq.ParquetFile(tmp_path / "features.parquet").metadata
    boxes = []
    for number in range(groups.num_row_groups):
        held = {
            (column := groups.row_group(number).column(place)).path_in_schema: column.statistics
            for place in range(groups.num_columns)
        }
        boxes.append(
            (held["bbox.xmax"].max - held["bbox.xmin"].min)
            * (held["bbox.ymax"].max - held["bbox.ymin"].min)
        )
    assert len(boxes) >= 4
    # rows in any order would give each group a box of all 50 square degrees
    assert max(boxes) < 20


def test_a_group_of_rows_has_few_large_shapes(tmp_path: Path) -> None:
    circle = shapely.Point(19, 50).buffer(0.1, quad_segs=1250)
    frame = gpd.GeoDataFrame({"key": range(200)}, geometry=[circle] * 200, crs="EPSG:4326")
    write_features(frame, tmp_path / "features.parquet")
    assert vertex_counts(frame.geometry).tolist() == [5001] * 200
    assert pq.ParquetFile(tmp_path / "features.parquet").metadata.num_row_groups == 4


def test_named_units_alone_are_read(tmp_path: Path) -> None:
    frame = points([(19, 49), (20, 50), (21, 51)]).set_index(
        pd.Index(["241714", "241711", "562777"], name="unit")
    )
    write_features(frame, tmp_path / "features.parquet")
    found = read_features(tmp_path / "features.parquet", units=["562777", "241711", "000000"])
    assert found.index.tolist() == ["241711", "562777"]
    assert found["key"].tolist() == ["p1", "p2"]


def test_columns_are_known_without_reading_rows(tmp_path: Path) -> None:
    write_features(points([(19, 49)]), tmp_path / "features.parquet")
    assert {"key", "geometry"} <= feature_columns(tmp_path / "features.parquet")
    assert "unit" not in feature_columns(tmp_path / "features.parquet")


def test_the_order_puts_neighbours_beside_each_other() -> None:
    random = np.random.default_rng(1)
    geometry = points(random.uniform((14, 49), (24, 54), (2000, 2)).tolist()).geometry
    order = hilbert_order(geometry)
    assert sorted(order) == list(range(2000))
    assert median_step(geometry.to_numpy()[order]) < median_step(geometry.to_numpy()) / 10


def median_step(shapes: np.ndarray) -> float:
    return float(np.median(shapely.distance(shapes[1:], shapes[:-1])))
