from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoapp.core.vocabulary import THEME_NAMES
from geoapp.sources.remote import osm_rules as rules
from geoapp.sources.remote.osm_layers import THEMES


def test_every_theme_has_a_name_for_the_reader() -> None:
    assert set(THEMES) <= set(THEME_NAMES)


def test_every_key_that_selects_is_kept() -> None:
    wanted = (rules.ROUTES, rules.ROADS, rules.PLACES, rules.NATURE)
    assert {key for key, _ in rules.pairs(*wanted)} <= rules.KEPT


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"type": "route", "route": "bicycle"}, True),
        ({"type": "superroute", "route": "bicycle"}, True),
        ({"type": "route", "route": "mtb"}, False),
        ({"type": "network", "route": "bicycle"}, False),
        ({"route": "bicycle"}, False),
    ],
)
def test_routes_are_those_of_cyclists(tags: dict[str, str], expected: bool) -> None:
    assert rules.is_route(tags) is expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [("rcn", "rcn"), (" LCN ", "lcn"), ("PL:EuroVelo", None), ("", None)],
)
def test_only_the_four_reaches_are_networks(told: str, expected: str | None) -> None:
    assert rules.network({"network": told}) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"highway": "tertiary"}, "tertiary"),
        ({"highway": "living_street"}, "living_street"),
        ({"highway": "track"}, None),
        ({"highway": "service"}, None),
        ({"highway": "primary"}, None),
        ({"highway": "residential", "area": "yes"}, None),
        ({"building": "residential"}, None),
    ],
)
def test_local_roads_are_told_by_class(tags: dict[str, str], expected: str | None) -> None:
    assert rules.road_class(tags) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"amenity": "kindergarten"}, "kindergarten"),
        ({"amenity": "childcare"}, "childcare"),
        ({"amenity": "school"}, None),
        ({"disused:amenity": "kindergarten"}, None),
        ({"amenity": "social_facility", "social_facility": "group_home"}, None),
    ],
)
def test_childcare_by_its_tags(tags: dict[str, str], expected: str | None) -> None:
    assert rules.place_kind("childcare", tags) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"social_facility": "nursing_home", "social_facility:for": "senior"}, "nursing_home"),
        (
            {"social_facility": "assisted_living", "social_facility:for": "disabled; senior"},
            "assisted_living",
        ),
        ({"social_facility": "group_home", "social_facility:for": "juvenile"}, None),
        ({"social_facility": "nursing_home"}, None),
        ({"social_facility": "outreach", "social_facility:for": "senior"}, None),
        ({"amenity": "nursing_home"}, "nursing_home"),
        ({"amenity": "nursing_home", "social_facility:for": "disabled"}, None),
    ],
)
def test_homes_are_those_for_the_old(tags: dict[str, str], expected: str | None) -> None:
    assert rules.place_kind("senior-care", tags) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"leisure": "nature_reserve"}, "nature_reserve"),
        ({"boundary": "national_park"}, "national_park"),
        ({"boundary": "protected_area"}, "protected_area"),
        ({"boundary": "protected_area", "protect_class": "1a"}, "protected_area"),
        ({"boundary": "protected_area", "protect_class": "97"}, "protected_area"),
        ({"boundary": "protected_area", "protect_class": "12"}, None),
        ({"boundary": "protected_area", "protect_class": "22"}, None),
        ({"boundary": "administrative"}, None),
    ],
)
def test_nature_is_not_drinking_water(tags: dict[str, str], expected: str | None) -> None:
    assert rules.nature_kind(tags) == expected


@pytest.mark.parametrize(
    "told",
    ["25-30", "ok. 40", "50.5", "1 200", "50 + 20", "30;40", "-5", "50dzieci", "1e3", "٥٠", "∞"],
)
def test_a_capacity_that_is_no_plain_number_is_unknown(told: str) -> None:
    assert rules.capacity({"capacity": told}) == (None, False)


def test_a_capacity_that_is_not_told_is_no_problem() -> None:
    assert rules.capacity({}) == (None, True)
    assert rules.capacity({"capacity": "  "}) == (None, True)


@given(st.integers(0, 99_999), st.sampled_from(["", " dzieci", "  míst "]))
def test_a_plain_number_of_places_is_read(count: int, unit: str) -> None:
    assert rules.capacity({"capacity": f" {count}{unit}"}) == (count, True)


@given(st.text(max_size=300))
def test_any_text_becomes_one_line_of_bounded_length(told: str) -> None:
    found = rules.text({"name": told}, "name")
    assert found is None or (found.splitlines() == [found] and 0 < len(found) <= 255)
