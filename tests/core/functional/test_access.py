"""Services, roads and what crosses a border."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geoapp.core.functional.infrastructure import connection, crossings, shared_route_km
from geoapp.core.functional.roads import road_graph, straight_line_minutes, travel_minutes
from geoapp.core.functional.services import (
    floating_catchment,
    gaussian,
    nearest_links,
    service_links,
)
from geoapp.errors import RefusedError

LINE = np.abs(np.array([[0.0], [1.0], [2.0]]) - np.array([[0.0, 2.0]]))


@given(
    demand=st.lists(st.integers(1, 500), min_size=1, max_size=5),
    supply=st.lists(st.integers(1, 50), min_size=1, max_size=4),
    scale=st.floats(0.5, 30),
)
def test_all_supply_is_shared_out(demand: Any, supply: Any, scale: Any) -> None:
    minutes = np.abs(np.subtract.outer(np.arange(len(demand)), np.arange(len(supply)))).astype(
        float
    )
    persons, places = np.array(demand, float), np.array(supply, float)
    access, _ = floating_catchment(persons, places, minutes, gaussian(scale))
    # A facility that nobody reaches serves nobody.
    reached = (persons @ gaussian(scale)(minutes)) > 0
    assert persons @ access == pytest.approx(places[reached].sum())


def test_links_of_services_sum_to_one() -> None:
    demand = np.array([100.0, 50.0, 50.0])
    links = service_links(
        demand, np.ones(2), LINE, gaussian(1), demand_in=["A", "A", "B"], supply_in=["A", "B"]
    )
    assert links.sum(axis=1).tolist() == pytest.approx([1, 1])
    assert links.loc["A", "A"] > links.loc["A", "B"]
    assert links.loc["B", "B"] > links.loc["B", "A"]


def test_nearest_facility_takes_all() -> None:
    links = nearest_links(
        np.array([3.0, 1.0, 4.0]), LINE, demand_in=["A", "A", "B"], supply_in=["A", "B"]
    )
    assert links.loc["A"].tolist() == [1, 0]
    assert links.loc["B"].tolist() == [0, 1]


def test_what_reaches_no_facility_is_missing() -> None:
    far = np.array([[1.0], [np.inf]])
    links = nearest_links(np.ones(2), far, demand_in=["A", "B"], supply_in=["A"])
    assert list(links.index) == ["A"]


@pytest.mark.parametrize(
    ("demand", "supply", "minutes", "message"),
    [
        ([1.0], [1.0], [[1.0, 2.0]], "expected 1 x 1 travel times"),
        ([-1.0], [1.0], [[1.0]], "demand must not be negative"),
        ([1.0], [-1.0], [[1.0]], "supply must not be negative"),
        ([1.0], [1.0], [[-1.0]], "travel times must not be negative"),
        ([], [], np.empty((0, 0)), "no demand or no facility"),
    ],
)
def test_impossible_access_is_refused(demand: Any, supply: Any, minutes: Any, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        floating_catchment(np.array(demand), np.array(supply), np.array(minutes), gaussian(1))


def test_a_scale_must_be_positive() -> None:
    with pytest.raises(RefusedError, match="scale must be positive"):
        gaussian(0)


def cross_roads() -> Any:
    """A road of 10 km at 60 km/h, and one at right angles from its middle at 30 km/h."""
    main = shapely.LineString([(0, 0), (5000, 0), (10_000, 0)])
    return road_graph([main, shapely.LineString([(5000, 0), (5000, 5000)])], [60, 30])


def test_travel_takes_the_road() -> None:
    places = np.array([[0.0, 0.0], [10_000.0, 0.0], [5000.0, 5000.0]])
    times = travel_minutes(cross_roads(), places, places)
    assert times == pytest.approx(np.array([[0, 10, 15], [10, 0, 15], [15, 15, 0]]))


def test_places_beyond_the_limit_or_the_roads_are_not_reached() -> None:
    places = np.array([[0.0, 0.0], [10_000.0, 0.0], [0.0, 9000.0]])
    times = travel_minutes(cross_roads(), places[:1], places, limit=9)
    assert times.tolist() == [[0, np.inf, np.inf]]


def test_the_way_to_the_road_counts() -> None:
    places = np.array([[0.0, 1000.0], [10_000.0, 0.0]])
    times = travel_minutes(cross_roads(), places[:1], places[1:])
    assert times[0, 0] == pytest.approx(3 + 10)


def test_roads_meet_only_at_common_vertices() -> None:
    crossing = [shapely.LineString([(0, 0), (10, 0)]), shapely.LineString([(5, -5), (5, 5)])]
    apart = travel_minutes(road_graph(crossing, 50), np.array([[0.0, 0]]), np.array([[5.0, 5]]))
    assert apart.tolist() == [[np.inf]]


def test_small_gaps_are_closed_and_parallel_roads_are_not_summed() -> None:
    lines = [
        shapely.LineString([(0, 0), (1000, 0)]),
        shapely.LineString([(1000.3, 0.2), (2000, 0)]),
        shapely.MultiLineString([[(0, 0), (500, 800), (1000, 0)]]),
    ]
    ends = np.array([[0.0, 0.0]]), np.array([[2000.0, 0.0]])
    assert travel_minutes(road_graph(lines, 60), *ends)[0, 0] == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize(
    ("lines", "speed", "message"),
    [
        ([], 50, "has no lines"),
        ([shapely.LineString([(0, 0), (1, 1)])], 0, "speed above 0"),
    ],
)
def test_impossible_roads_are_refused(lines: Any, speed: Any, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        road_graph(lines, speed)


def test_straight_lines_have_a_speed_of_their_own() -> None:
    assert straight_line_minutes(np.array([0.0, 22.5])).tolist() == [0, 30]


WEST, EAST = shapely.box(0, 0, 5000, 4000), shapely.box(5000, 0, 9000, 4000)


def lines(*coordinates: Any) -> Any:
    return np.array([shapely.LineString(line) for line in coordinates], dtype=object)


def test_crossings_are_counted_on_the_common_border() -> None:
    roads = lines(
        [(1000, 500), (8000, 500)],
        [(1000, 510), (8000, 510)],
        [(1000, 3000), (6000, 3000), (6000, 3500), (1000, 3500)],
        [(100, 100), (4000, 100)],
        [(5000, 0), (5000, 4000)],
    )
    found = connection(WEST, EAST, roads, lines())
    # Two carriageways are one crossing; a road that comes back crosses twice.
    assert found.crossings == 3
    assert found.border_km == pytest.approx(4, abs=0.01)


def test_polygons_apart_have_no_connection() -> None:
    far = shapely.box(20_000, 0, 21_000, 1000)
    found = connection(WEST, far, lines([(0, 1), (30_000, 1)]), lines())
    assert (found.border_km, found.crossings, found.strength) == (0, 0, 0)


def test_the_longest_route_through_both_counts() -> None:
    routes = lines(
        [(1000, 500), (5000, 500)],
        [(5000, 500), (7000, 500)],
        [(3000, 900), (6000, 900)],
        [(0, 3000), (4900, 3000)],
    )
    assert shared_route_km(WEST, EAST, routes) == pytest.approx(6, abs=0.01)
    assert shared_route_km(WEST, EAST, routes[3:]) == 0
    assert shared_route_km(WEST, EAST, lines()) == 0


def test_strength_grows_with_both_and_stays_below_one() -> None:
    sparse = connection(WEST, EAST, lines([(1000, 500), (8000, 500)]), lines())
    dense = connection(WEST, EAST, lines([(1000, 500), (8000, 500)]), lines([(0, 1), (9000, 1)]))
    assert 0 < sparse.strength < dense.strength < 1


def test_lines_that_only_touch_do_not_cross() -> None:
    assert (
        crossings(
            WEST, EAST, shapely.LineString([(5000, 0), (5000, 4000)]), lines([(1, 1), (5000, 1)])
        )
        == 0
    )
