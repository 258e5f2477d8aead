import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.core.summary.cells import Cells, cells_over

SEEDS = st.integers(0, 2**32 - 1)
QUICK = settings(max_examples=25, deadline=None)


def discs(random: np.random.Generator) -> np.ndarray:
    """Up to eight discs that may overlap, of which one may be missing."""
    middles = shapely.points(random.normal(size=(random.integers(1, 9), 2)))
    areas = shapely.buffer(middles, random.uniform(0.01, 1, len(middles)))
    return np.asarray(areas)


def boxes(random: np.random.Generator) -> np.ndarray:
    low = random.normal(size=(2, 200)) * 1.5
    return np.vstack([low, low + random.exponential(0.03, (2, 200))])


def patches_of(cells: Cells, asked: np.ndarray) -> list[set[int] | None]:
    """The owners of each box, or None where a border is near."""
    patch = cells.patch_of_boxes(asked)
    owners: list[set[int] | None] = [set() if found else None for found in patch]
    item, owner = cells.owners_of(patch)
    for position, area in zip(item, owner, strict=True):
        known = owners[position]
        assert known is not None
        known.add(int(area))
    return owners


@QUICK
@given(SEEDS)
def test_a_box_with_a_patch_lies_whole_in_the_owners_of_the_patch(seed: int) -> None:
    random = np.random.default_rng(seed)
    areas, asked = discs(random), boxes(random)
    shapes = shapely.box(*asked)
    for shape, owners in zip(shapes, patches_of(cells_over(areas, asked), asked), strict=True):
        if owners is not None:
            assert owners == set(np.flatnonzero(shapely.contains_properly(areas, shape)))
            assert owners == set(np.flatnonzero(shapely.intersects(areas, shape)))


@QUICK
@given(SEEDS)
def test_segments_touch_the_cells_of_all_their_points(seed: int) -> None:
    random = np.random.default_rng(seed)
    grid = cells_over(discs(random), boxes(random)).grid
    start, end = random.normal(size=(2, 2, 20)) * random.choice([0.001, 0.1, 5], 20)
    segment, cell = grid.touched(start, end)
    touched = set(zip(segment.tolist(), cell.tolist(), strict=True))
    for part in random.random(100):
        column, row = grid.places(start + (end - start) * part)
        reached = (row * grid.size[0] + column).tolist()
        assert touched.issuperset(zip(range(20), reached, strict=True))


def test_most_boxes_of_a_theme_need_no_closer_look() -> None:
    random = np.random.default_rng(1)
    low = random.random((2, 5000))
    asked = np.vstack([low, low + 0.001])
    squares = [
        shapely.box(x / 4, y / 4, (x + 1) / 4, (y + 1) / 4) for x in range(4) for y in range(4)
    ]
    areas = shapely.segmentize(squares, 0.002)
    assert np.mean(cells_over(areas, asked).patch_of_boxes(asked) > 0) > 0.9


@pytest.mark.parametrize(
    "bounds", [(3, 3, 3, 3), (0, 5e6, 1, 5e6), (-1e-12, 0, 1e-12, 0), (-180, -90, 180, 90)]
)
def test_there_are_cells_over_any_bounds(bounds: tuple[float, float, float, float]) -> None:
    asked = np.array(bounds, dtype=float)[:, None]
    for areas in (np.array([shapely.box(*bounds)]), np.array([shapely.Point(9, 9).buffer(1)])):
        patch = cells_over(areas, asked).patch_of_boxes(asked)
        assert patch.shape == (1,)
