from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity

from geoapp.core.measure import length_km
from geoapp.core.summary import (
    summarise_by_code,
    summarise_lines,
    summarise_points,
    summarise_polygons,
)

EAST, NORTH = 4_900_000, 2_900_000
# kilometres from the corner of four squares of 10 km: features often run along or end at borders
STEPS = st.integers(-5, 25)
PLACES = st.tuples(STEPS, STEPS)
LINES = st.lists(st.lists(PLACES, min_size=2, max_size=4, unique=True), max_size=5)
BOXES = st.lists(st.tuples(PLACES, st.integers(1, 15), st.integers(1, 15)), max_size=4)
# half kilometres within the squares: no line can run along a border
INNER = st.tuples(*[st.integers(0, 19).map(lambda step: step + 0.5)] * 2)
QUICK = settings(max_examples=30)

Summary = Callable[[gpd.GeoDataFrame, gpd.GeoDataFrame], pd.DataFrame]


def frame(shapes: list[shapely.Geometry], **columns: object) -> gpd.GeoDataFrame:
    """Shapes in kilometres from the corner of the squares, placed in EPSG:3035."""
    placed = [
        affinity.translate(affinity.scale(shape, 1000, 1000, origin=(0, 0)), EAST, NORTH)
        for shape in shapes
    ]
    return gpd.GeoDataFrame(columns, geometry=placed, crs="EPSG:3035")


def lines_of(lines: list[list[tuple[float, float]]]) -> gpd.GeoDataFrame:
    return frame([shapely.LineString(line) for line in lines])


def boxes_of(boxes: list[tuple[tuple[int, int], int, int]]) -> gpd.GeoDataFrame:
    return frame([shapely.box(x, y, x + width, y + height) for (x, y), width, height in boxes])


def overlay(features: gpd.GeoDataFrame, squares: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return gpd.overlay(
        features,
        squares.reset_index()[["unit", "geometry"]],
        how="intersection",
        keep_geom_type=True,
    ).set_index("unit")


@QUICK
@given(LINES)
def test_lengths_are_those_of_an_overlay(
    squares: gpd.GeoDataFrame, lines: list[list[tuple[int, int]]]
) -> None:
    features = lines_of(lines)
    cut = overlay(features, squares).geometry.length / 1000
    expected = cut.groupby(level=0).sum().reindex(squares.index, fill_value=0)
    found = summarise_lines(features, squares)
    np.testing.assert_allclose(found["length_km"], expected, rtol=0, atol=1e-9)


@QUICK
@given(st.lists(st.lists(INNER, min_size=2, max_size=4, unique=True), max_size=5))
def test_lengths_of_a_partition_add_up_to_the_whole(
    squares: gpd.GeoDataFrame, lines: list[list[tuple[float, float]]]
) -> None:
    for features, areas in (
        (lines_of(lines), squares),
        (lines_of(lines).to_crs("EPSG:4326"), squares.to_crs("EPSG:4326")),
    ):
        # a stretch that a line runs over twice counts once
        once = features.geometry.union(features.geometry, align=False)
        found = summarise_lines(features, areas)["length_km"].sum()
        assert found == pytest.approx(length_km(once).sum(), rel=1e-6)


@QUICK
@given(BOXES)
def test_shares_are_those_of_an_overlay(
    squares: gpd.GeoDataFrame, boxes: list[tuple[tuple[int, int], int, int]]
) -> None:
    features = boxes_of(boxes)
    union = features.dissolve() if len(features) else features
    covered = overlay(union, squares).geometry.area.groupby(level=0).sum()
    expected = 100 * covered.reindex(squares.index, fill_value=0) / squares.geometry.area
    found = summarise_polygons(features, squares)["share_percent"]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    assert found.between(0, 100 + 1e-9).all()


@QUICK
@given(st.lists(PLACES, max_size=12))
def test_every_point_counts_once(squares: gpd.GeoDataFrame, places: list[tuple[int, int]]) -> None:
    points = frame([shapely.Point(place) for place in places])
    inside = sum(0 <= x <= 20 and 0 <= y <= 20 for x, y in places)
    assert summarise_points(points, squares)["facilities"].sum() == inside


@QUICK
@given(LINES, BOXES, st.lists(PLACES, max_size=8))
def test_the_order_of_features_does_not_matter(
    squares: gpd.GeoDataFrame,
    lines: list[list[tuple[int, int]]],
    boxes: list[tuple[tuple[int, int], int, int]],
    places: list[tuple[int, int]],
) -> None:
    cases: list[tuple[Summary, gpd.GeoDataFrame]] = [
        (summarise_lines, lines_of(lines)),
        (summarise_polygons, boxes_of(boxes)),
        (summarise_points, frame([shapely.Point(place) for place in places])),
    ]
    for summarise, features in cases:
        expected = summarise(features, squares)
        pd.testing.assert_frame_equal(summarise(features[::-1], squares), expected)


@QUICK
@given(LINES, BOXES)
def test_the_order_of_municipalities_does_not_matter(
    squares: gpd.GeoDataFrame,
    lines: list[list[tuple[int, int]]],
    boxes: list[tuple[tuple[int, int], int, int]],
) -> None:
    for summarise, features in (
        (summarise_lines, lines_of(lines)),
        (summarise_polygons, boxes_of(boxes)),
    ):
        turned = summarise(features, squares[::-1])
        pd.testing.assert_frame_equal(turned[::-1], summarise(features, squares))


def test_a_line_along_a_border_counts_on_both_sides(squares: gpd.GeoDataFrame) -> None:
    found = summarise_lines(lines_of([[(10, 2), (10, 8)]]), squares)
    assert found["length_km"].tolist() == [6, 6, 0, 0]


def test_a_line_that_touches_a_corner_adds_no_length(squares: gpd.GeoDataFrame) -> None:
    found = summarise_lines(lines_of([[(5, 5), (10, 10)]]), squares)
    assert found["length_km"].tolist() == pytest.approx([50**0.5, 0, 0, 0])
    assert found["features"].tolist() == [1, 1, 1, 1]


def test_a_line_drawn_twice_counts_twice(squares: gpd.GeoDataFrame) -> None:
    found = summarise_lines(lines_of([[(1, 1), (4, 1)]] * 2), squares)
    assert found.loc["241711"].to_dict() == {"features": 2, "length_km": 6}


@pytest.mark.parametrize("end", [9, 11])
def test_a_line_that_comes_back_counts_once_on_either_side_of_a_border(
    squares: gpd.GeoDataFrame, end: int
) -> None:
    found = summarise_lines(lines_of([[(1, 1), (end, 1), (2, 1)]]), squares)
    assert found["length_km"].sum() == pytest.approx(end - 1)


def test_what_overlaps_counts_once(squares: gpd.GeoDataFrame) -> None:
    found = summarise_polygons(boxes_of([((0, 0), 5, 10), ((2, 0), 3, 10)]), squares)
    assert found["share_percent"].tolist() == pytest.approx([50, 0, 0, 0])
    assert found["features"].tolist() == [2, 0, 2, 0]


def test_a_point_on_a_border_belongs_to_the_municipality_that_comes_first(
    squares: gpd.GeoDataFrame,
) -> None:
    points = frame([shapely.Point(10, 10)], places=[12])
    assert summarise_points(points, squares)["facilities"].tolist() == [1, 0, 0, 0]
    assert summarise_points(points, squares[::-1])["facilities"].tolist() == [1, 0, 0, 0]


def test_places_that_nobody_knows_are_not_zero(squares: gpd.GeoDataFrame) -> None:
    points = frame(
        [shapely.Point(1, 1), shapely.Point(2, 2), shapely.Point(11, 1)],
        places=pd.array([25, None, None], dtype="Int64"),
    )
    found = summarise_points(points, squares)
    assert found["facilities"].tolist() == [2, 1, 0, 0]
    assert found["places"].fillna(-1).tolist() == [25, -1, -1, -1]


def test_places_of_zero_are_known(squares: gpd.GeoDataFrame) -> None:
    found = summarise_points(frame([shapely.Point(1, 1)], places=[0]), squares)
    assert found.loc["241711", "places"] == 0


def test_rows_are_counted_by_their_code() -> None:
    rows = pd.DataFrame(
        {"unit": ["241711", "241711", "562777", None, "999999"], "places": ["10", "x", None, 5, 1]}
    )
    found = summarise_by_code(rows, pd.Index(["241711", "562777", "562858"]))
    assert found["facilities"].tolist() == [2, 1, 0]
    assert found["places"].fillna(-1).tolist() == [10, -1, -1]


def test_counts_are_added_and_unknown_ones_stay_unknown() -> None:
    rows = pd.DataFrame(
        {
            "unit": ["241711", "241711", "562777", "562858"],
            "facilities": pd.array([2, 3, None, 0], dtype="Int64"),
        }
    )
    found = summarise_by_code(rows, pd.Index(["241711", "562777", "562858", "241714"]))
    assert found["facilities"].fillna(-1).tolist() == [5, -1, 0, 0]
    assert found["places"].isna().all()


@pytest.mark.parametrize("summarise", [summarise_lines, summarise_points, summarise_polygons])
def test_without_features_nothing_is_found(squares: gpd.GeoDataFrame, summarise: Summary) -> None:
    found = summarise(frame([]), squares)
    assert found.index.equals(squares.index)
    assert found.fillna(0).to_numpy().sum() == 0


@pytest.mark.parametrize(
    ("summarise", "shape"),
    [
        (summarise_lines, shapely.LineString([(1, 1), (4, 1)])),
        (summarise_points, shapely.Point(1, 1)),
        (summarise_polygons, shapely.box(1, 1, 4, 4)),
    ],
)
def test_without_municipalities_there_is_no_row(
    squares: gpd.GeoDataFrame, summarise: Summary, shape: shapely.Geometry
) -> None:
    assert summarise(frame([shape]), squares[:0]).empty


@pytest.mark.parametrize("summarise", [summarise_lines, summarise_points, summarise_polygons])
def test_two_reference_systems_are_never_mixed(
    squares: gpd.GeoDataFrame, summarise: Summary
) -> None:
    with pytest.raises(ValueError, match=r"features are in EPSG:4326, municipalities in EPSG:3035"):
        summarise(frame([]).to_crs("EPSG:4326"), squares)
