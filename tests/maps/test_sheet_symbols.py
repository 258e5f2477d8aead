from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geoapp.core.mapspec import Pattern, Shape, Style
from geoapp.core.palette import NEUTRAL, partnership_style
from geoapp.maps.sheet_symbols import (
    Ink,
    dots_within,
    hatch_lines,
    polygon_path,
    print_hatches,
    symbol_path,
)

RING = shapely.Polygon(
    [(0, 0), (40, 0), (40, 30), (0, 30)], [[(10, 10), (20, 10), (20, 20), (10, 20)]]
)
LINED = [pattern for pattern in get_args(Pattern) if pattern not in ("none", "dots")]


@pytest.mark.parametrize("pattern", LINED)
@given(distance=st.floats(0.5, 4))
def test_hatches_fill_an_area_and_leave_its_holes(pattern: Pattern, distance: float) -> None:
    lines = hatch_lines(np.array([RING], object), pattern, distance)
    assert shapely.within(lines, RING.buffer(1e-6)).all()
    families = 2 if pattern == "cross" else 1
    # lines at a distance d have a length of area / d
    assert shapely.length(lines).sum() == pytest.approx(families * RING.area / distance, rel=0.2)


def test_hatches_of_neighbours_meet_at_their_border() -> None:
    west, east = shapely.box(0, 0, 10, 20), shapely.box(10, 0, 20, 20)
    apart = np.concatenate(
        [hatch_lines(np.array([one], object), "diagonal", 1.7) for one in (west, east)]
    )
    together = hatch_lines(np.array([shapely.box(0, 0, 20, 20)], object), "diagonal", 1.7)
    assert shapely.union_all(apart).symmetric_difference(
        shapely.union_all(together).buffer(1e-6)
    ).length == pytest.approx(shapely.union_all(together).buffer(1e-6).length)


@given(distance=st.floats(1, 4))
def test_dots_lie_inside_and_are_as_dense_as_told(distance: float) -> None:
    dots = dots_within(np.array([RING], object), distance)
    assert shapely.contains_xy(RING, dots[:, 0], dots[:, 1]).all()
    assert len(dots) == pytest.approx(RING.area / distance**2, rel=0.35)


def test_no_two_partnerships_look_alike_without_colour() -> None:
    styles = [partnership_style(place) for place in range(12)]
    ink = Ink(1.0, print_hatches([NEUTRAL, *styles]))
    looks = [ink.hatch(style) for style in styles]
    plain = [look for style, look in zip(styles, looks, strict=True) if style.pattern == "none"]
    assert len(set(plain)) == len(plain) == 9
    assert not set(plain) & {
        look for style, look in zip(styles, looks, strict=True) if style.pattern != "none"
    }
    assert ink.hatch(NEUTRAL)[0] == "none"


def test_an_uncertain_member_keeps_the_hatch_of_its_group() -> None:
    first, second = partnership_style(0), partnership_style(1)
    dashed = second.model_copy(update={"dash": (5.0, 4.0), "stroke": "#303030"})
    ink = Ink(1.0, print_hatches([first, dashed, second]))
    assert ink.hatch(dashed) == ink.hatch(second) != ink.hatch(first)


def test_holes_run_the_other_way_round_so_that_they_stay_empty() -> None:
    path = polygon_path(np.array([RING], object))
    outer, hole = path.to_polygons()
    assert shapely.LinearRing(outer).is_ccw
    assert not shapely.LinearRing(hole).is_ccw


@pytest.mark.parametrize("shape", get_args(Shape))
def test_symbols_cover_about_the_same_area(shape: Shape) -> None:
    area = shapely.Polygon(symbol_path(shape).to_polygons()[0]).area
    assert area == pytest.approx(np.pi, rel=0.15)


def test_a_pattern_of_the_screen_stays_what_it_is() -> None:
    style = Style(fill="#cc6677", pattern="diagonal")
    ink = Ink(1.0, print_hatches([Style(fill="#88ccee"), style]))
    assert ink.hatch(style)[0] == "diagonal"
