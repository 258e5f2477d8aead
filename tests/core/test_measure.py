import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from geoapp.core.measure import area_ha, length_km

DEGREES = st.tuples(st.floats(14, 24), st.floats(49, 54))
LINES = st.lists(DEGREES, min_size=2, max_size=5)


def series(*shapes: shapely.Geometry | None, crs: str | None = "EPSG:4326") -> gpd.GeoSeries:
    return gpd.GeoSeries(list(shapes), crs=crs)


def test_a_projected_length_is_planar_in_the_unit_of_its_crs() -> None:
    line = shapely.LineString([(0, 0), (3000, 4000)])
    assert length_km(series(line, crs="EPSG:3035")) == pytest.approx([5.0])
    # New York, in US survey feet
    assert length_km(series(line, crs="EPSG:2263")) == pytest.approx([5 * 1200 / 3937])


@settings(max_examples=30)
@given(LINES)
def test_a_length_in_degrees_is_geodesic(line: list[tuple[float, float]]) -> None:
    expected = Geod(ellps="WGS84").line_length(*zip(*line, strict=True)) / 1000
    assert length_km(series(shapely.LineString(line))) == pytest.approx([expected], abs=1e-9)


@settings(max_examples=30)
@given(LINES, LINES)
def test_parts_are_not_joined_by_their_gap(
    first: list[tuple[float, float]], second: list[tuple[float, float]]
) -> None:
    lines = [shapely.LineString(first), shapely.LineString(second)]
    parts = [
        shapely.MultiLineString(lines),
        shapely.GeometryCollection([*lines, shapely.Point(24, 54)]),
        *lines,
    ]
    joined, collected, *apart = length_km(series(*parts))
    assert joined == pytest.approx(sum(apart), abs=1e-9)
    assert collected == pytest.approx(sum(apart), abs=1e-9)


@settings(max_examples=30)
@given(LINES, st.integers(0, 3))
def test_a_line_is_as_long_as_its_pieces(line: list[tuple[float, float]], cut: int) -> None:
    cut = min(cut, len(line) - 2) + 1
    pieces = [line[: cut + 1], line[cut:]]
    whole, *parts = length_km(
        series(*map(shapely.LineString, [line, *(p if len(p) > 1 else p * 2 for p in pieces)]))
    )
    assert whole == pytest.approx(sum(parts), abs=1e-9)


def test_nothing_has_no_length() -> None:
    assert length_km(series()).tolist() == []
    assert length_km(series(shapely.LineString(), None, shapely.Point(1, 2))).tolist() == [0, 0, 0]


def test_an_area_is_measured_in_equal_area() -> None:
    ring = shapely.box(4_900_000, 2_900_000, 4_910_000, 2_910_000)
    hole = shapely.box(4_901_000, 2_901_000, 4_902_000, 2_902_000)
    land = series(ring, ring - hole, shapely.MultiPolygon([hole]), crs="EPSG:3035")
    assert area_ha(land) == pytest.approx([10_000, 9_900, 100])
    assert area_ha(land.to_crs("EPSG:4326")) == pytest.approx([10_000, 9_900, 100], rel=1e-9)
    # a national grid stretches areas by up to some thousandths, the measure does not
    assert area_ha(land.to_crs("EPSG:2180")) == pytest.approx([10_000, 9_900, 100], rel=1e-6)


def test_the_area_is_that_of_the_ellipsoid() -> None:
    box = shapely.segmentize(shapely.box(19.0, 49.4, 19.1, 49.5), 0.01)
    geodesic = abs(Geod(ellps="WGS84").geometry_area_perimeter(box)[0]) / 10_000
    assert area_ha(series(box)) == pytest.approx([geodesic], rel=1e-6)


def test_nothing_has_no_area() -> None:
    assert area_ha(series()).tolist() == []
    assert area_ha(series(shapely.Polygon())).tolist() == [0]
    assert np.isnan(area_ha(series(None))).tolist() == [True]


@pytest.mark.parametrize("measure", [length_km, area_ha])
def test_without_crs_there_is_no_measure(measure: object) -> None:
    assert callable(measure)
    with pytest.raises(ValueError, match="without CRS have no length or area"):
        measure(series(shapely.box(0, 0, 1, 1), crs=None))
