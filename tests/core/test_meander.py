"""Waves and twists move points, keep areas, and can be undone."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.core.meander import Shear, Twist, carried, carried_back, meanders, twist_between

COORDINATE = st.floats(-50_000, 50_000)
POINTS = st.lists(st.tuples(COORDINATE, COORDINATE), min_size=1, max_size=10).map(np.array)
TWISTS = st.builds(
    Twist, x=COORDINATE, y=COORDINATE, radius=st.floats(100, 50_000), angle=st.floats(-1.5, 1.5)
)
SHEARS = st.builds(
    Shear,
    direction=st.floats(0, math.tau),
    wavelength=st.floats(500, 50_000),
    amplitude=st.floats(0, 500),
    phase=st.floats(0, math.tau),
)
CHAINS = st.lists(TWISTS | SHEARS, max_size=6)


@given(POINTS, CHAINS)
def test_what_is_carried_can_be_carried_back(points: np.ndarray, chain: list[Twist]) -> None:
    np.testing.assert_allclose(carried_back(carried(points, chain), chain), points, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(CHAINS.filter(len), COORDINATE, COORDINATE)
def test_areas_stay(chain: list[Twist], x: float, y: float) -> None:
    square = shapely.segmentize(shapely.box(x, y, x + 4_000, y + 4_000), 5)
    bent = shapely.transform(square, lambda points: carried(points, chain))
    assert bent.area == pytest.approx(square.area, rel=1e-3)


@given(
    st.tuples(COORDINATE, COORDINATE),
    st.tuples(st.floats(100, 5_000), st.floats(0, math.tau)),
    st.sampled_from([-2.5, -1.0, 0.7, 1.8]),
    st.sampled_from([1.3, 1.6, 2.5]),
)
def test_a_twist_takes_its_source_to_its_target(
    start: tuple[float, float], step: tuple[float, float], away: float, reach: float
) -> None:
    source = np.array(start)
    target = source + step[0] * np.array([math.cos(step[1]), math.sin(step[1])])
    twist = twist_between(source, target, away=away, reach=reach)
    np.testing.assert_allclose(carried(source[None], [twist]), target[None], atol=1e-6)


def test_a_twist_moves_nothing_beyond_its_radius() -> None:
    twist = Twist(x=0, y=0, radius=100, angle=1.0)
    outside = np.array([[101.0, 0.0], [0.0, -200.0]])
    assert carried(outside, [twist]).tolist() == outside.tolist()


def test_meanders_run_in_ever_new_directions() -> None:
    directions = np.array([wave.direction % math.pi for wave in meanders()])
    apart = np.diff(np.sort(directions))
    assert apart.min() > 0.05
