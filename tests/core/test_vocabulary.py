from typing import get_args

import pytest

from geoapp.core import vocabulary
from geoapp.core.codes import Country
from geoapp.core.grouping import GROUPINGS
from geoapp.core.partnership import Certainty, Kind, Role
from geoapp.core.status import ListName, Status
from geoapp.core.summary import QUANTITIES
from geoapp.core.vocabulary import group_name, quantity_name
from geoapp.text import Text


@pytest.mark.parametrize(
    ("names", "slugs"),
    [
        (vocabulary.ROLE_NAMES, get_args(Role)),
        (vocabulary.STATUS_NAMES, get_args(Status)),
        (vocabulary.COUNTRY_NAMES, get_args(Country)),
        (vocabulary.KIND_NAMES, get_args(Kind)),
        (vocabulary.CERTAINTY_NAMES, get_args(Certainty)),
        (vocabulary.LIST_NAMES, get_args(ListName)),
        (vocabulary.GROUPING_NAMES, GROUPINGS),
        (
            vocabulary.QUANTITY_NAMES,
            (*QUANTITIES, "places_per_1000", "places_per_100_children"),
        ),
    ],
)
def test_every_term_has_a_name_of_its_own(names: dict[str, str], slugs: tuple[str, ...]) -> None:
    assert set(names) == set(slugs)
    assert len(set(names.values())) == len(names)


def test_a_group_is_named(english: Text) -> None:
    assert group_name("status", "unknown", english) == "Unknown"
    assert group_name("country", "CZ", english) == "Czechia"
    assert group_name("role", "founder", english) == "founder"


@pytest.mark.parametrize(
    ("quantity", "unit", "heading"),
    [
        ("length_km", None, "Trails (km)"),
        ("value", "%", "Trails (%)"),
        ("value", None, "Trails"),
        ("value", "", "Trails"),
    ],
)
def test_a_figure_is_headed_by_theme_and_unit(
    english: Text, quantity: str, unit: str | None, heading: str
) -> None:
    assert quantity_name(quantity, "Trails", unit, english) == heading


def test_a_name_from_data_is_no_template(english: Text) -> None:
    assert quantity_name("length_km", "{unit} {0}", None, english) == "{unit} {0} (km)"
