from __future__ import annotations

import itertools

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geoapp.maps.sheet_labels import Candidate, place_labels
from geoapp.maps.sheet_layout import Rect

FRAME = Rect(0, 0, 120, 90)
NO_OBSTACLES = np.empty((0, 4))


def candidate(
    name: str, right: float, up: float, size: float = 7, *, bold: bool = False
) -> Candidate:
    area = shapely.box(right - 15, up - 15, right + 15, up + 15)
    return Candidate(name, (right, up), area, size, bold)


candidates = st.lists(
    st.builds(
        candidate,
        st.text("ąbcčłř -", min_size=1, max_size=40).filter(str.strip),
        st.floats(0, 120),
        st.floats(0, 90),
        st.floats(4, 14),
    ),
    max_size=40,
)


@given(candidates)
def test_no_name_lies_over_another_or_leaves_the_frame(wanted: list[Candidate]) -> None:
    placed, dropped = place_labels(wanted, FRAME, NO_OBSTACLES)
    assert len(placed) + dropped == len(wanted)
    boxes = [label.box for label in placed]
    for box in boxes:
        assert box.left >= 0
        assert box.bottom >= 0
        assert box.right <= FRAME.right
        assert box.top <= FRAME.top
    for one, other in itertools.combinations(boxes, 2):
        apart = (
            one.right <= other.left
            or other.right <= one.left
            or one.top <= other.bottom
            or other.top <= one.bottom
        )
        assert apart


@given(candidates)
def test_a_name_is_only_moved_or_left_out_for_one_that_comes_before_it(
    wanted: list[Candidate],
) -> None:
    alone, _ = place_labels(wanted[:1], FRAME, NO_OBSTACLES)
    among_all, _ = place_labels(wanted, FRAME, NO_OBSTACLES)
    assert among_all[: len(alone)] == alone


def test_a_name_gives_way_to_a_symbol_but_not_at_any_price() -> None:
    wanted = [candidate("Rajcza", 60, 45, bold=True)]
    centred, _ = place_labels(wanted, FRAME, NO_OBSTACLES)
    symbol = np.array([[58.0, 44, 62, 46]])
    moved, _ = place_labels(wanted, FRAME, symbol)
    assert centred[0].box.centre == (60, 45)
    assert not shapely.intersects(
        shapely.box(*symbol[0]),
        shapely.box(moved[0].box.left, moved[0].box.bottom, moved[0].box.right, moved[0].box.top),
    )
    everywhere = np.array([[0.0, 0, 120, 90]])
    assert place_labels(wanted, FRAME, everywhere)[0] == centred
    assert place_labels([candidate("Wałcz", 60, 45)], FRAME, everywhere) == ([], 1)


def test_the_middle_of_a_name_stays_in_its_area() -> None:
    narrow = shapely.box(59, 30, 61, 60)
    first = Candidate("Wielka Nazwa", (60, 45), narrow, 7, bold=True)
    placed, _ = place_labels([first] * 4, FRAME, NO_OBSTACLES)
    assert len(placed) > 1
    assert all(shapely.intersects_xy(narrow, *label.box.centre) for label in placed)
