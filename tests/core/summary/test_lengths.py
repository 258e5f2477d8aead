import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.core.measure import length_km
from geoapp.core.summary.lengths import measure_in, segments_of


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1e-5, 1e-3, 0.02, 0.1, 5]),
    st.floats(-89, 89),
    st.sampled_from(["EPSG:4326", "EPSG:4314", "EPSG:3035", "EPSG:2263"]),
)
def test_lengths_are_those_of_the_measure(
    seed: int, step: float, latitude: float, crs: str
) -> None:
    random = np.random.default_rng(seed)
    places = random.normal(size=(2, 2, 20)) * step + np.array([[15.0], [latitude]])
    start, end = np.clip(places, -89.9, 89.9)
    lines = shapely.linestrings(np.stack([start.T, end.T], axis=1))
    expected = length_km(gpd.GeoSeries(lines, crs=crs))
    measure = measure_in(crs)
    for found in (measure.of_segments(start, end), measure.of_lines(lines)):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)


def test_parts_are_not_joined_and_nothing_has_no_length() -> None:
    lines = np.array(
        [
            shapely.from_wkt("MULTILINESTRING ((0 0, 0 3), (4 3, 4 4))"),
            None,
            shapely.LineString(),
            shapely.LineString([(1, 1), (1, 2), (3, 2)]),
        ]
    )
    start, end, line = segments_of(lines)
    assert line.tolist() == [0, 0, 3, 3]
    assert np.hypot(*(end - start)).tolist() == [3, 1, 1, 2]
    for crs in ("EPSG:3035", "EPSG:4326"):
        expected = length_km(gpd.GeoSeries(lines[[0, 2, 3]], crs=crs))
        assert measure_in(crs).of_lines(lines[[0, 2, 3]]) == pytest.approx(expected, rel=1e-9)
    assert measure_in("EPSG:4326").of_lines(lines[:0]).dtype == np.float64


def test_without_crs_there_is_no_length() -> None:
    with pytest.raises(ValueError, match="without CRS have no length"):
        measure_in(None)
