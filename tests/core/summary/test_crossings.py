import numpy as np
import shapely

from geoapp.core.summary.cells import Cells, cells_over
from geoapp.core.summary.crossings import Stretches, stretches_inside

# two squares that share the side x = 2
SQUARES = np.array([shapely.box(0, 0, 2, 2), shapely.box(2, 0, 4, 2)])


def stretches(*segments: tuple[float, float, float, float]) -> tuple[Stretches, list[bool]]:
    columns = np.array(segments, dtype=float).T
    cells: Cells = cells_over(SQUARES, np.array([[-1.0], [-1.0], [5.0], [3.0]]))
    found, doubtful = stretches_inside(columns[:2], columns[2:], cells)
    return found, doubtful.tolist()


def test_a_segment_is_cut_where_it_crosses_a_border() -> None:
    found, doubtful = stretches((-1, 0.5, 5, 1.5))
    assert doubtful == [False]
    order = np.argsort(found.area)
    assert found.area[order].tolist() == [0, 1]
    np.testing.assert_allclose(found.start[0, order], [0, 2], atol=1e-12)
    np.testing.assert_allclose(found.end[0, order], [2, 4], atol=1e-12)


def test_a_segment_inside_stays_whole() -> None:
    found, doubtful = stretches((0.5, 0.5, 1.5, 0.75), (3, 3, 5, 5))
    assert doubtful == [False, False]
    assert (found.segment.tolist(), found.area.tolist()) == ([0], [0])
    assert found.end.ravel().tolist() == [1.5, 0.75]


def test_what_rounding_could_decide_is_left_to_others() -> None:
    along, corner, ending, nearly = (2, 0.5, 2, 1.5), (1, -1, 3, 1), (1, 1, 2, 1), (1, 1, 2, 1.1)
    apart = (nearly[0], nearly[1], 2 - 1e-17, nearly[3])
    found, doubtful = stretches(along, corner, ending, apart)
    assert doubtful == [True, True, True, True]
    assert len(found.segment) == 0
    # parallel to the border but clearly beside it
    assert stretches((2.001, 0.5, 2.001, 1.5))[1] == [False]
