from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.core.repair import as_kind, joined, kind_of, refuse_non_finite, repaired
from geoapp.errors import FileRefusedError

SQUARE = shapely.box(0, 0, 2, 2)
BOW_TIE = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])


def array(*shapes: object) -> np.ndarray:
    result = np.empty(len(shapes), dtype=object)
    result[:] = shapes
    return result


def test_a_bow_tie_becomes_two_triangles() -> None:
    fixed, invalid = repaired(array(SQUARE, BOW_TIE), "polygon")
    assert invalid.tolist() == [False, True]
    assert shapely.is_valid(fixed).all()
    assert fixed[1].area == pytest.approx(2)


def test_a_collapsed_polygon_becomes_empty() -> None:
    spike = shapely.Polygon([(0, 0), (1, 0), (2, 0), (0, 0)])
    fixed, invalid = repaired(array(spike), "polygon")
    assert invalid.all()
    assert fixed[0].is_empty


def test_heights_are_left_out() -> None:
    fixed, _ = repaired(array(shapely.Polygon([(0, 0, 5), (1, 0, 5), (1, 1, 5)])), "polygon")
    assert not fixed[0].has_z


def test_parts_of_another_kind_are_left_out() -> None:
    inner = shapely.GeometryCollection([shapely.LineString([(5, 5), (6, 6)]), SQUARE])
    mixed = shapely.GeometryCollection([shapely.Point(9, 9), inner])
    polygons = as_kind(array(mixed, SQUARE), "polygon")
    assert polygons[0].equals(SQUARE)
    assert as_kind(array(mixed), "line")[0].length == pytest.approx(2**0.5)
    assert as_kind(array(SQUARE), "point")[0].is_empty


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_a_coordinate_that_is_no_number_names_its_row(number: float) -> None:
    with np.errstate(invalid="ignore"):
        line = shapely.LineString([(0, 0), (number, 1)])
    with pytest.raises(FileRefusedError, match=r"x\.geojson: Row 2 has a coordinate"):
        refuse_non_finite(array(SQUARE, line), "x.geojson")


def test_the_prevailing_kind_is_told() -> None:
    assert kind_of(array(SQUARE, shapely.Point(1, 1), SQUARE)) == "polygon"
    assert kind_of(array(None)) is None


def test_pieces_of_one_key_are_joined() -> None:
    pieces = array(shapely.box(0, 0, 1, 1), shapely.box(5, 5, 6, 6), shapely.box(1, 0, 2, 1))
    whole = joined(pieces, pd.Series(["b", "a", "b"]))
    assert whole.index.tolist() == ["b", "a"]
    assert whole["b"].equals(shapely.box(0, 0, 2, 1))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=9))
def test_any_ring_becomes_a_valid_polygon_or_nothing(ring: list[tuple[int, int]]) -> None:
    fixed, _ = repaired(array(shapely.Polygon(ring)), "polygon")
    assert fixed[0].is_valid
    assert fixed[0].geom_type in ("Polygon", "MultiPolygon") or fixed[0].is_empty
