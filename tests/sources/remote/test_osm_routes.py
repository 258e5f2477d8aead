from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geoapp.sources.remote.osm_elements import Elements, Member, Relation, Row, Way, way_through
from geoapp.sources.remote.osm_routes import cycle_routes

BICYCLE = {"type": "route", "route": "bicycle"}


def way(id_: int, *coordinates: tuple[float, float]) -> Way:
    return way_through(id_, {}, np.array(coordinates, dtype=float))


def route(id_: int, ways: Iterable[int] = (), stages: Iterable[int] = (), **tags: str) -> Relation:
    members = [Member("w", ref, "") for ref in ways] + [Member("r", ref, "") for ref in stages]
    return Relation(id_, BICYCLE | tags, tuple(members))


def world(
    ways: Iterable[Way], relations: Iterable[Relation], absent: Iterable[int] = ()
) -> Elements:
    return Elements(
        ways={found.id: found for found in ways},
        relations={found.id: found for found in relations},
        absent=frozenset(absent),
    )


def joined(elements: Elements) -> dict[str, Row]:
    rows, _ = cycle_routes(elements, elements.ways, file="osm")
    return {row["key"]: row for row in rows}


STREET = [way(n, (n, 0), (n + 1, 0)) for n in range(1, 6)]


def test_ways_in_a_row_become_one_line_even_if_some_are_reversed() -> None:
    ways = [way(1, (0, 0), (1, 0)), way(2, (2, 0), (1, 0)), way(3, (2, 0), (3, 0))]
    line = joined(world(ways, [route(7, [3, 1, 2])]))["r7"]["geometry"]
    assert line.geom_type == "MultiLineString"
    assert len(line.geoms) == 1
    assert line.length == 3


def test_a_gap_stays_a_gap() -> None:
    line = joined(world(STREET, [route(7, [1, 2, 4])]))["r7"]["geometry"]
    assert sorted(part.length for part in line.geoms) == [1, 2]


def test_a_way_that_is_in_the_route_twice_lies_there_once() -> None:
    line = joined(world(STREET, [route(7, [1, 2, 1])]))["r7"]["geometry"]
    assert line.length == 2


def test_a_roundabout_keeps_both_its_sides() -> None:
    ring = way(9, (2, 0), (3, 1), (4, 0), (3, -1), (2, 0))
    ways = [way(1, (0, 0), (2, 0)), ring, way(2, (4, 0), (5, 0))]
    line = joined(world(ways, [route(7, [1, 9, 2])]))["r7"]["geometry"]
    assert line.length == pytest.approx(3 + 4 * 2**0.5)


def test_a_way_of_two_routes_lies_in_both() -> None:
    rows = joined(world(STREET, [route(7, [1, 2], ref="A"), route(8, [2, 3], ref="B")]))
    assert {key: row["geometry"].length for key, row in rows.items()} == {"r7": 2, "r8": 2}


def test_stages_are_joined_into_the_route_that_holds_them() -> None:
    stages = [route(11, [1], ref="EV4"), route(12, [2, 3], network="icn")]
    whole = route(10, stages=[11, 12, 11], type="superroute", ref="EV4", name="EuroVelo 4")
    rows = joined(world(STREET, [*stages, whole]))
    assert list(rows) == ["r10"]
    row = rows["r10"]
    assert row["geometry"].length == 3
    assert (row["name"], row["ref"], row["network"]) == ("EuroVelo 4", "EV4", "icn")


def test_stages_that_disagree_name_nothing() -> None:
    stages = [route(11, [1], name="One"), route(12, [2], name="Two")]
    row = joined(world(STREET, [*stages, route(10, stages=[11, 12])]))["r10"]
    assert (row["name"], row["ref"], row["network"]) == (None, None, None)


def test_a_stage_with_a_reference_of_its_own_is_a_route_too() -> None:
    rows = joined(world(STREET, [route(11, [1], ref="R10"), route(10, [2], [11], ref="EV13")]))
    assert {key: row["geometry"].length for key, row in rows.items()} == {"r10": 2, "r11": 1}
    assert rows["r11"]["name"] == "R10"


def test_relations_that_contain_each_other_are_one_route() -> None:
    around = [route(10, [1], [11]), route(11, [2], [12]), route(12, [3], [10, 12])]
    rows = joined(world(STREET, around))
    assert list(rows) == ["r10"]
    assert rows["r10"]["geometry"].length == 3


def test_what_is_no_route_of_cyclists_is_not_descended_into() -> None:
    trail = Relation(11, {"type": "route", "route": "mtb"}, (Member("w", 2, ""),))
    row = joined(world(STREET, [trail, route(10, [1], [11, 99])]))["r10"]
    assert row["geometry"].length == 1


def test_a_route_without_the_ways_that_are_missing_says_so() -> None:
    elements = world(STREET, [route(7, [1, 50], name="Soła"), route(8, [2])], absent=[50])
    rows, problems = cycle_routes(elements, elements.ways, file="osm")
    assert [row["geometry"].length for row in rows] == [1, 1]
    (problem,) = problems
    assert "1 routes" in str(problem)
    assert "r7 Soła" in str(problem)


def test_a_route_that_passes_elsewhere_is_left_out_in_silence() -> None:
    elements = world(STREET, [route(7, [50])], absent=[50])
    assert cycle_routes(elements, elements.ways, file="osm") == ([], ())


@given(
    st.dictionaries(
        st.integers(1, 8),
        st.tuples(
            st.lists(st.integers(1, 5), max_size=4),
            st.lists(st.integers(1, 8), max_size=3),
            st.sampled_from(["", "A", "B"]),
        ),
        max_size=8,
    )
)
def test_however_relations_are_nested_no_way_is_lost_or_doubled(
    nested: dict[int, tuple[list[int], list[int], str]],
) -> None:
    relations = [route(id_, ways, stages, ref=ref) for id_, (ways, stages, ref) in nested.items()]
    rows = joined(world(STREET, relations))
    shown = shapely.union_all([row["geometry"] for row in rows.values()])
    wanted = {ref for ways, _, _ in nested.values() for ref in ways}
    assert shown.length == len(wanted)
    for row in rows.values():
        assert row["geometry"].length == shapely.union_all(row["geometry"]).length
