"""Power diagrams give every site the area it asks for, and nothing is lost in between."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from geoapp.core.power_diagram import capacity_weights, power_diagram
from geoapp.errors import RefusedError

DOMAIN = shapely.Point(0, 0).buffer(1_000)
COORDINATE = st.integers(-600, 600)


@st.composite
def sites_with_areas(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    points = draw(st.lists(st.tuples(COORDINATE, COORDINATE), min_size=1, max_size=12, unique=True))
    sites = np.array(points, dtype=float)
    assume(len(sites) == 1 or pdist(sites).min() > 20)
    areas = draw(st.lists(st.floats(1, 20), min_size=len(sites), max_size=len(sites)))
    return sites, np.array(areas)


@settings(max_examples=25, deadline=None)
@given(sites_with_areas())
def test_every_cell_gets_its_area(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    sites, areas = drawn
    diagram = power_diagram(sites, capacity_weights(sites, areas, DOMAIN), DOMAIN)
    wanted = areas * DOMAIN.area / areas.sum()
    np.testing.assert_allclose(diagram.areas, wanted, rtol=2e-6)


@settings(max_examples=25, deadline=None)
@given(sites_with_areas(), st.integers(0, 2**32 - 1))
def test_cells_are_where_the_power_distance_is_smallest(
    drawn: tuple[np.ndarray, np.ndarray], seed: int
) -> None:
    sites, weights = drawn[0], drawn[1] * 5_000
    diagram = power_diagram(sites, weights, DOMAIN)
    points = np.random.default_rng(seed).uniform(-700, 700, (50, 2))
    power = ((points[:, None] - sites) ** 2).sum(axis=2) - weights
    nearest = diagram.cells[power.argmin(axis=1)]
    assert shapely.distance(nearest, shapely.points(points)).max() < 1e-6
    assert diagram.areas.sum() == pytest.approx(DOMAIN.area)


def test_without_weights_cells_are_those_of_voronoi() -> None:
    sites = np.array([[-500.0, 0.0], [500.0, 0.0], [0.0, 700.0]])
    diagram = power_diagram(sites, np.zeros(3), DOMAIN)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(sites), extend_to=DOMAIN, ordered=True)
    )
    overlap = shapely.area(shapely.intersection(diagram.cells, cells))
    np.testing.assert_allclose(overlap, diagram.areas)


def test_borders_and_the_outline_are_all_the_lines_there_are() -> None:
    sites = np.array([[1.0, 1.0], [3.0, 1.0], [1.0, 3.0], [3.0, 3.2]])
    square = shapely.box(0, 0, 4, 4)
    diagram = power_diagram(sites, np.zeros(4), square)
    for border, pair in zip(diagram.borders, diagram.pairs, strict=True):
        assert shapely.distance(border, diagram.cells[pair]).max() < 1e-9
    lines = shapely.length(diagram.cells).sum()
    assert lines == pytest.approx(square.length + 2 * shapely.length(diagram.borders).sum())


def test_a_heavy_site_leaves_nothing_to_its_neighbour() -> None:
    sites = np.array([[1.0, 1.0], [3.0, 1.0]])
    diagram = power_diagram(sites, np.array([0.0, 100.0]), shapely.box(0, 0, 4, 2))
    assert diagram.areas.tolist() == [0.0, 8.0]


def test_a_site_without_a_share_at_the_start_is_refused() -> None:
    sites = np.array([[1.0, 1.0], [3.0, 1.0]])
    with pytest.raises(RefusedError, match="expected every site to have a share"):
        capacity_weights(sites, np.ones(2), shapely.box(0, 0, 4, 2), start=np.array([0.0, 100.0]))


def test_areas_that_no_weights_reach_are_refused() -> None:
    islands = shapely.union_all([shapely.box(0, 0, 1, 1), shapely.box(9, 0, 10, 1)])
    sites = np.array([[0.5, 0.5], [9.5, 0.5]])
    with pytest.raises(RefusedError, match="areas cannot be reached"):
        capacity_weights(sites, np.array([1.0, 3.0]), islands)
