from __future__ import annotations

from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geoapp.errors import Problem
from geoapp.sources.remote.osm_elements import (
    Elements,
    Member,
    Node,
    Relation,
    Way,
    joined,
    way_through,
)
from geoapp.sources.remote.osm_layers import THEMES, as_layer, features

BOX = (0.0, 0.0, 100.0, 100.0)
NAN = (float("nan"), float("nan"))
NURSERY = {"amenity": "nursery"}


def square(id_: int, low: float, high: float, **tags: str) -> Way:
    corners = [(low, low), (high, low), (high, high), (low, high), (low, low)]
    return way_through(id_, tags, np.array(corners, dtype=float))


def line(id_: int, *coordinates: tuple[float, float], **tags: str) -> Way:
    return way_through(id_, tags, np.array(coordinates, dtype=float))


def node(id_: int, lon: float, lat: float, **tags: str) -> Node:
    return Node(id_, tags, lon, lat)


def area(id_: int, members: Iterable[tuple[int, str]], **tags: str) -> Relation:
    ways = tuple(Member("w", ref, role) for ref, role in members)
    return Relation(id_, {"type": "multipolygon"} | tags, ways)


def world(*found: Node | Way | Relation) -> Elements:
    def kind(of: type) -> dict[int, Node | Way | Relation]:
        return {element.id: element for element in found if isinstance(element, of)}

    return Elements(nodes=kind(Node), ways=kind(Way), relations=kind(Relation))  # type: ignore[arg-type]


def shown(elements: Elements, theme: str) -> tuple[gpd.GeoDataFrame, str]:
    found = {layer.theme: layer for layer in features(elements, BOX, file="osm")}[theme]
    return found.table.set_index("key"), "\n".join(map(str, found.problems))


def test_where_nothing_is_mapped_each_layer_is_empty_and_proves_nothing() -> None:
    layers = [as_layer(found, "2026-11-20") for found in features(Elements(), BOX, file="osm")]
    assert [layer.slug for layer in layers] == list(THEMES)
    for layer in layers:
        assert len(layer.table) == 0
        assert layer.table.crs == "EPSG:4326"
        assert (layer.complete, layer.date, layer.problems) == (False, "2026-11-20", ())


def test_roads_are_told_by_class_and_come_whole_if_they_touch_the_box() -> None:
    elements = world(
        line(1, (-5, 5), (5, 5), highway="tertiary", name="Górska", ref="1439S"),
        line(2, (1, 1), (2, 2), highway="path"),
        line(3, (-9, 50), (50, 109), highway="residential"),
        line(4, (-9, 95), (9, 113), highway="residential"),
    )
    roads, told = shown(elements, "local-roads")
    assert sorted(roads.index) == ["w1", "w3"]
    assert roads.loc["w1", ["name", "ref", "class"]].tolist() == ["Górska", "1439S", "tertiary"]
    assert roads.loc["w1"].geometry.length == 10
    assert told == ""


def test_a_way_with_an_unknown_node_is_broken_there() -> None:
    way = line(1, (0, 0), (1, 0), NAN, (3, 0), (4, 0), NAN, (9, 9), highway="road")
    assert way.whole is False
    roads, _ = shown(world(way), "local-roads")
    assert roads.loc["w1"].geometry.length == 2


@pytest.mark.parametrize("coordinates", [[], [(1, 1)], [(1, 1), (1, 1)], [(1, 1), NAN], [NAN]])
def test_a_way_that_goes_nowhere_has_no_shape(coordinates: list[tuple[float, float]]) -> None:
    way = way_through(1, {"highway": "road"}, np.array(coordinates, dtype=float).reshape(-1, 2))
    assert (way.shape, way.whole) == (None, False)
    assert len(shown(world(way), "local-roads")[0]) == 0


def test_an_area_keeps_its_holes_and_the_islands_in_them() -> None:
    elements = world(
        square(1, 0, 10),
        square(2, 2, 8),
        square(3, 4, 6),
        area(7, [(1, "outer"), (2, "inner"), (3, "outer")], leisure="nature_reserve", name="Las"),
    )
    nature, told = shown(elements, "protected-nature")
    assert nature.loc["r7"].geometry.area == 100 - 36 + 4
    assert nature.loc["r7", ["name", "kind"]].tolist() == ["Las", "nature_reserve"]
    assert told == ""


def test_an_outline_may_be_made_of_several_ways_in_any_direction() -> None:
    elements = world(
        line(1, (0, 0), (10, 0), (10, 10)),
        line(2, (0, 0), (0, 10), (10, 10)),
        area(7, [(1, ""), (2, "outer"), (99, "label")], boundary="national_park"),
    )
    nature, _ = shown(elements, "protected-nature")
    assert nature.loc["r7"].geometry.area == 100


def test_an_outline_that_is_not_closed_is_told_and_left_out() -> None:
    reserve = {"leisure": "nature_reserve"}
    elements = world(
        line(1, (0, 0), (9, 0), (9, 9), **reserve, name="Otwarty"),
        square(2, 20, 30, **reserve),
        square(3, 40, 50),
        area(7, [(3, "inner"), (99, "outer")], **reserve),
        line(4, (200, 200), (201, 200), **reserve),
    )
    nature, told = shown(elements, "protected-nature")
    assert list(nature.index) == ["w2"]
    assert "2 protected areas" in told
    assert "w1 Otwarty, r7" in told


def test_of_grounds_a_point_inside_them_is_shown() -> None:
    elements = world(
        square(1, 0, 10),
        square(2, 1, 9),
        area(7, [(1, "outer"), (2, "inner")], **NURSERY, name="Bajka", capacity="45 dzieci"),
    )
    care, told = shown(elements, "childcare")
    ring = shapely.box(0, 0, 10, 10) - shapely.box(1, 1, 9, 9)
    assert ring.contains(care.loc["r7"].geometry)
    assert care.loc["r7", ["name", "kind", "places"]].tolist() == ["Bajka", "nursery", 45]
    assert told == ""


def test_a_point_in_its_own_grounds_counts_once_and_completes_them() -> None:
    elements = world(
        square(1, 0, 10, amenity="kindergarten", name="Przedszkole „Bajka”"),
        square(2, 2, 8, amenity="kindergarten"),
        node(3, 5, 5, amenity="kindergarten", name="przedszkole bajka", capacity="75"),
        node(4, 5, 6, amenity="nursery", name="Przedszkole Bajka"),
        node(5, 50, 50, amenity="kindergarten", name="Przedszkole „Bajka”"),
    )
    care, told = shown(elements, "childcare")
    assert sorted(care.index) == ["n4", "n5", "w1"]
    assert care.loc["w1", "places"] == 75
    assert care["places"].isna().sum() == 2
    assert "2 facilities are mapped both" in told


def test_two_kindergartens_on_the_same_grounds_stay_two() -> None:
    elements = world(
        square(1, 0, 10, amenity="kindergarten", name="Przedszkole nr 1"),
        node(2, 5, 5, amenity="kindergarten", name="Przedszkole nr 11"),
        node(3, 5, 6, amenity="kindergarten", name="Kubuś"),
    )
    care, told = shown(elements, "childcare")
    assert sorted(care.index) == ["n2", "n3", "w1"]
    assert told == ""


def test_the_same_outline_drawn_twice_counts_once() -> None:
    elements = world(square(1, 0, 10, **NURSERY), area(7, [(1, "outer")], **NURSERY))
    care, _ = shown(elements, "childcare")
    assert len(care) == 1


def test_what_lies_outside_the_box_is_left_out_in_silence() -> None:
    elements = world(node(1, -1, 5, **NURSERY), node(2, 0, 5, **NURSERY), square(3, 101, 105))
    care, told = shown(elements, "childcare")
    assert (list(care.index), told) == (["n2"], "")


def test_a_capacity_that_cannot_be_read_is_unknown_and_told() -> None:
    home = {"social_facility": "nursing_home", "social_facility:for": "senior"}
    elements = world(
        node(1, 5, 5, **home, name="Dom", capacity="25-30"), node(2, 6, 5, **home, capacity="30")
    )
    homes, told = shown(elements, "senior-care")
    assert homes["places"].isna().tolist() == [True, False]
    assert homes["places"].sum() == 30
    assert "The capacity of 1 facilities is no plain number" in told
    assert "n1 Dom (25-30)" in told


def test_a_facility_that_lies_nowhere_is_told() -> None:
    elements = world(Relation(7, {"type": "site"} | NURSERY, (Member("n", 1, ""),)))
    care, told = shown(elements, "childcare")
    assert len(care) == 0
    assert "1 facilities have no place" in told


def test_a_building_that_is_not_closed_still_has_a_place() -> None:
    care, _ = shown(world(line(1, (1, 1), (2, 1), (2, 2), **NURSERY)), "childcare")
    assert care.loc["w1"].geometry.within(shapely.box(1, 1, 2, 2).buffer(1e-9))


def test_of_two_extracts_the_whole_way_wins_and_only_what_both_lack_is_absent() -> None:
    cut = line(1, (0, 0), (1, 0), NAN, (3, 0))
    whole = line(1, (0, 0), (1, 0), (2, 0), (3, 0))
    first = Elements(ways={1: cut}, absent=frozenset({8, 9}), date="2026-11-20")
    second = Elements(ways={1: whole, 9: whole}, absent=frozenset({8}), date="2026-11-18")
    for several in ([first, second], [second, first]):
        found = joined(several)
        assert found.ways[1].whole
        assert (found.absent, found.date) == ({8}, "2026-11-18")


@given(
    st.lists(
        st.tuples(st.floats(0, 90), st.floats(0.5, 10), st.sampled_from(["", "A", "B", "A 1"])),
        max_size=8,
    )
)
def test_every_facility_is_shown_or_told(found: list[tuple[float, float, str]]) -> None:
    ways = [
        square(n, low, low + side, **NURSERY, name=name)
        for n, (low, side, name) in enumerate(found)
    ]
    layer = next(
        layer for layer in features(world(*ways), BOX, file="osm") if layer.theme == "childcare"
    )
    told = sum(int(str(problem.values["count"])) for problem in layer.problems)
    assert len(layer.table) + told == len(found)
    assert all(isinstance(problem, Problem) for problem in layer.problems)
