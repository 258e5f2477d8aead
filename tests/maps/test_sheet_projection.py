from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from geoapp.errors import RefusedError
from geoapp.maps.sheet_layout import Rect
from geoapp.maps.sheet_projection import bar_length, place_map, round_scale

FRAME = Rect(10, 20, 180, 130)
GEOD = Geod(ellps="WGS84")

wests, souths = st.floats(13, 20), st.floats(48, 53)
sizes = st.floats(0.01, 4)


@settings(max_examples=40)
@given(wests, souths, sizes, sizes)
def test_the_map_fits_its_frame_and_fills_it(
    west: float, south: float, wide: float, high: float
) -> None:
    bounds = (west, south, west + wide, south + high)
    placement = place_map(bounds, FRAME)
    corners = np.array([(x, y) for x in bounds[::2] for y in bounds[1::2]])
    page = placement.to_page(corners)
    assert (page >= (FRAME.left, FRAME.bottom)).all()
    assert (page <= (FRAME.right, FRAME.top)).all()
    spans = np.ptp(page, axis=0) / (FRAME.width, FRAME.height)
    # the next larger round scale is at most 1.5 times as large
    assert spans.max() > 0.6 or placement.scale == 1000


@settings(max_examples=40)
@given(wests, souths, sizes, sizes, st.floats(0.1, 0.9), st.floats(0, 360))
def test_the_scale_is_true_wherever_a_sheet_reaches(
    west: float, south: float, wide: float, high: float, share: float, azimuth: float
) -> None:
    placement = place_map((west, south, west + wide, south + high), FRAME)
    start = (west + share * wide, south + share * high)
    length = placement.scale / 100
    end = GEOD.fwd(*start, azimuth, length)[:2]
    one, other = placement.to_page(np.array([start, end]))
    assert np.hypot(*(other - one)) / 1000 * placement.scale == pytest.approx(length, rel=0.005)
    assert placement.scale_error < 0.005


@settings(max_examples=40)
@given(wests, souths, sizes, sizes)
def test_up_is_north_in_the_middle(west: float, south: float, wide: float, high: float) -> None:
    placement = place_map((west, south, west + wide, south + high), FRAME)
    middle = (placement.lon, placement.lat)
    one, other = placement.to_page(np.array([middle, (middle[0], middle[1] + 0.001)]))
    assert other[0] == pytest.approx(one[0], abs=1e-6)
    assert other[1] > one[1]


@settings(max_examples=40)
@given(wests, souths, sizes, sizes)
def test_there_and_back(west: float, south: float, wide: float, high: float) -> None:
    placement = place_map((west, south, west + wide, south + high), FRAME)
    degrees = np.array([(west, south), (west + wide, south + high)])
    assert placement.to_degrees(placement.to_page(degrees)) == pytest.approx(degrees, abs=1e-7)
    edge = placement.bounds()
    assert edge[0] <= west + 1e-9
    assert edge[3] >= south + high - 1e-9


@given(st.floats(1, 1e7))
def test_scales_are_round_and_the_next(least: float) -> None:
    scale = round_scale(least)
    assert scale >= least or scale == pytest.approx(least)
    assert scale <= max(1000, 1.51 * least)
    assert len(str(scale).rstrip("0")) <= 2


@given(st.floats(1000, 1e7), st.floats(20, 80))
def test_scale_bars_fit_and_are_round(scale: float, room: float) -> None:
    length = bar_length(scale, room)
    assert 0.39 * room < length / scale * 1000 <= room * (1 + 1e-9)
    assert f"{length:e}"[0] in "125"


@pytest.mark.parametrize("bounds", [(20, 49, 19, 50), (0, -90, 1, 90), (-180, -60, 180, 70)])
def test_what_is_no_part_of_a_sheet_is_refused(bounds: tuple[float, float, float, float]) -> None:
    with pytest.raises(RefusedError, match=r"print sheet cannot show|expected at most"):
        place_map(bounds, FRAME)


def test_a_single_place_is_shown_with_its_surroundings() -> None:
    placement = place_map((19.1, 49.4, 19.1, 49.4), FRAME)
    assert placement.scale >= 1000
    assert placement.to_page(np.array([[19.1, 49.4]]))[0] == pytest.approx(FRAME.centre)
