from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from geoapp.maps.sheet_layout import Block, Look, Rect, flow, least_height


def _draw(axes: object, left: float, top: float) -> None:
    raise AssertionError("flowing draws nothing")


blocks = st.lists(
    st.builds(Block, st.floats(1, 30), st.just(_draw), leads=st.booleans()), max_size=25
)


@given(blocks, st.floats(20, 200), st.integers(1, 4))
def test_blocks_keep_their_order_and_stay_in_their_columns(
    given_blocks: list[Block], height: float, columns: int
) -> None:
    filled = flow(given_blocks, height, columns)
    if filled is None:
        return
    assert [block for column in filled for block in column] == given_blocks
    assert len(filled) <= columns
    for column in filled:
        assert sum(block.height for block in column) <= height + 1e-6
    for column in filled[:-1]:
        assert not column[-1].leads


@given(blocks, st.integers(1, 4))
def test_the_least_height_is_enough_and_a_millimetre_less_is_not(
    given_blocks: list[Block], columns: int
) -> None:
    least = least_height(given_blocks, 2000, columns)
    assert least is not None
    assert flow(given_blocks, least, columns) is not None
    start = max(1, int(sum(block.height for block in given_blocks) / columns))
    assert least == start or flow(given_blocks, least - 1, columns) is None


def test_a_gap_never_begins_a_column() -> None:
    wide, gap = Block(10, _draw), Block(3, _draw, blank=True)
    assert flow([gap, wide, gap, wide], 10, 2) == [[wide], [wide]]


def test_what_is_kept_together_moves_together() -> None:
    first, heading, line = Block(5, _draw), Block(3, _draw, leads=True), Block(4, _draw)
    assert flow([first, heading, line], 10, 2) == [[first], [heading, line]]
    assert flow([first, heading, line], 6, 3) is None


def test_larger_paper_shows_more_and_larger() -> None:
    a4, a0 = Look("a4", "landscape"), Look("a0", "landscape")
    assert a4.page == Rect(0, 0, 297, 210)
    assert 1 < a0.factor < a0.page.width / a4.page.width
    assert a0.size(10) == 10 * a0.factor
    assert a0.shrunk(0.5).size(10) == 5 * a0.factor
