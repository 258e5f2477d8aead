from __future__ import annotations

import doctest
import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from geoapp.core.summary import reach
from geoapp.core.summary.reach import population_within, population_within_by_area

WEST, SOUTH, SIDE = 19.0, 49.4, 0.1
GEOD = Geod(ellps="WGS84")
QUICK = settings(max_examples=30)
# tenths of a side from the corner of the squares; none lies on a border
PLACES = st.tuples(*[st.integers(-3, 22).map(lambda step: (step + 0.4) / 10)] * 2)


def borders() -> gpd.GeoDataFrame:
    """Two squares of 0.1 degrees, EPSG:4326, side by side."""
    boxes = [
        shapely.box(WEST + left, SOUTH, WEST + left + SIDE, SOUTH + SIDE) for left in (0, SIDE)
    ]
    return gpd.GeoDataFrame(geometry=boxes, index=["241711", "241714"], crs="EPSG:4326")


def points(places: list[tuple[float, float]], **columns: object) -> gpd.GeoDataFrame:
    """Points in sides of a square from the corner of the first one."""
    at = [(WEST + SIDE * x, SOUTH + SIDE * y) for x, y in places]
    return gpd.GeoDataFrame(columns, geometry=[shapely.Point(xy) for xy in at], crs="EPSG:4326")


def people_at(places: list[tuple[float, float]], population: list[float]) -> gpd.GeoDataFrame:
    return points(places, population=pd.Series(population, dtype="float64"))


def way_m(one: shapely.Point, other: shapely.Point) -> float:
    return float(GEOD.inv(one.x, one.y, other.x, other.y)[2])


@QUICK
@given(
    st.lists(st.tuples(PLACES, st.integers(0, 500)), max_size=12),
    st.lists(PLACES, max_size=5),
    st.floats(100, 30_000),
)
def test_people_within_are_those_whose_nearest_way_is_no_longer(
    homes: list[tuple[tuple[float, float], int]],
    services: list[tuple[float, float]],
    metres: float,
) -> None:
    people = people_at([place for place, _ in homes], [float(count) for _, count in homes])
    facilities = points(services)
    ways = [
        min((way_m(home, other) for other in facilities.geometry), default=math.inf)
        for home in people.geometry
    ]
    found = population_within(people, facilities, borders(), metres)
    for unit, area in borders().geometry.items():
        inside = people.geometry.within(area).to_numpy()
        near = inside & (np.array(ways) <= metres)
        if not inside.any():
            assert found.loc[unit].isna().all()
            continue
        assert found.loc[unit, "population"] == people["population"][inside].sum()
        assert found.loc[unit, "population_within"] == people["population"][near].sum()


@pytest.mark.parametrize("crs", ["EPSG:2180", "EPSG:3035", "EPSG:5514", "EPSG:32634"])
def test_the_crs_does_not_matter(crs: str) -> None:
    people = people_at([(0.5, 0.5), (0.9, 0.5), (1.5, 0.5)], [10, 20, 40])
    services = points([(0.55, 0.5)])
    way = way_m(people.geometry[1], services.geometry[0])
    for metres, expected in ((way - 0.01, [10, 0]), (way + 0.01, [30, 0])):
        found = population_within(
            people.to_crs(crs), services.to_crs("EPSG:4326"), borders().to_crs(crs), metres
        )
        assert found["population_within"].tolist() == expected


def test_a_facility_across_the_border_serves_too() -> None:
    people = people_at([(0.95, 0.5), (0.1, 0.5)], [3, 1])
    found = population_within(people, points([(1.02, 0.5)]), borders(), 1000)
    assert found.loc["241711"].tolist() == [4, 3, 75]
    assert found.loc["241714"].isna().all()


def test_unknown_people_are_left_out_and_nobody_is_no_share() -> None:
    people = people_at([(0.5, 0.5), (0.6, 0.5), (1.5, 0.5)], [math.nan, 7, 0])
    found = population_within(people, points([]), borders(), 1000)
    assert found.loc["241711"].tolist() == [7, 0, 0]
    assert found.loc["241714", ["population", "population_within"]].tolist() == [0, 0]
    assert math.isnan(found.loc["241714", "share_percent"])
    unknown = population_within(people.iloc[:1], points([(0.5, 0.5)]), borders(), 1000)
    assert unknown.isna().all(axis=None)


def test_a_facility_of_several_points_serves_from_each() -> None:
    several = gpd.GeoDataFrame(
        geometry=[shapely.MultiPoint([(19.5, 49.9), (WEST + 0.05, SOUTH + 0.05)]), None],
        crs="EPSG:4326",
    )
    found = population_within(people_at([(0.5, 0.5)], [5]), several, borders(), 10)
    assert found.loc["241711", "population_within"] == 5


def test_even_spread_is_the_area_within_the_distance() -> None:
    residents = pd.Series({"241711": 1000.0, "241714": math.nan})
    metres = 1500.0
    # one whole circle, met twice, and the half of another one on the common border
    services = points([(0.3, 0.3), (0.3, 0.3), (1.0, 0.75)])
    found = population_within_by_area(residents, services, borders(), metres)
    areas = borders().to_crs("EPSG:3035").area
    circle = math.pi * metres**2
    assert found.loc["241711", "share_percent"] == pytest.approx(
        100 * 1.5 * circle / areas["241711"], rel=1e-3
    )
    assert found.loc["241714", "share_percent"] == pytest.approx(
        100 * 0.5 * circle / areas["241714"], rel=1e-3
    )
    assert found.loc["241711", "population_within"] == pytest.approx(
        10 * found.loc["241711", "share_percent"]
    )
    assert math.isnan(found.loc["241714", "population_within"])


@settings(max_examples=10)
@given(st.lists(PLACES, max_size=6), st.floats(200, 20_000))
def test_shares_of_area_stay_between_none_and_all_and_grow(
    services: list[tuple[float, float]], metres: float
) -> None:
    residents = pd.Series({"241711": 1000, "241714": 10})
    shares = [
        population_within_by_area(residents, points(services), borders(), reached)["share_percent"]
        for reached in (metres, metres * 1.1)
    ]
    assert shares[0].between(0, 100).all()
    assert (shares[1] >= shares[0] - 1e-9).all()


def test_a_distance_beyond_everything_is_everybody() -> None:
    residents = pd.Series({"241711": 1000.0, "241714": 500.0})
    found = population_within_by_area(residents, points([(0.5, 0.5)]), borders(), 50_000)
    assert found["population_within"].tolist() == pytest.approx([1000, 500])
    counted = population_within(
        people_at([(0.1, 0.1), (1.9, 0.9)], [6, 8]), points([(0.5, 0.5)]), borders(), 50_000
    )
    assert counted["population_within"].tolist() == [6, 8]


def test_everything_wrong_is_told_at_once() -> None:
    nowhere = points([(0.5, 0.5)]).set_crs(None, allow_override=True)
    with pytest.raises(
        ValueError, match=r"more than 0 metres, found -1.*people have no CRS.*a col"
    ):
        population_within(nowhere, points([]), borders(), -1)
    with pytest.raises(ValueError, match="population of 1 points of people is negative"):
        population_within(people_at([(0.5, 0.5)], [-2]), points([]), borders(), 10)
    with pytest.raises(ValueError, match="reproject one of them first"):
        population_within(
            people_at([(0.5, 0.5)], [2]).to_crs("EPSG:2180"), points([]), borders(), 10
        )
    with pytest.raises(ValueError, match="facilities have no CRS"):
        population_within_by_area(pd.Series(dtype="float64"), nowhere, borders(), 10)


def test_the_example_runs() -> None:
    assert doctest.testmod(reach).failed == 0
    assert doctest.testmod(reach).attempted > 0
