from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from geoapp.core.atlas import Atlas
from geoapp.core.statistics import theme_statistics
from geoapp.text import Text


def rows(atlas: Atlas, theme: str, by: str = "municipality", **more: pd.DataFrame) -> pd.DataFrame:
    kind = "partnership" if by == "partnership" else "municipality"
    return theme_statistics(atlas, theme, kind, Text("en"), **more).set_index("key")


def test_every_municipality_has_a_row_with_what_is_known_of_it(atlas: Atlas) -> None:
    table = rows(atlas, "childcare")
    assert list(table.index) == list(atlas.municipalities.index)
    rajcza = table.loc["241711"]
    assert (rajcza["name"], rajcza["code"], rajcza["country"]) == ("Rajcza", "2417112", "PL")
    assert rajcza["partnerships"] == ("pl-beskid", "together")
    assert (rajcza["facilities"], rajcza["places"]) == (3, 65)
    assert rajcza["places_per_1000"] == pytest.approx(65 / 8)
    assert rajcza["places_per_100_children"] == pytest.approx(32.5)
    assert rajcza["layers"] == ("nurseries",)
    assert (rajcza["source"], rajcza["licence"], rajcza["date"]) == (
        ("register",),
        ("free",),
        ("2024",),
    )
    assert not rajcza["illustrative"]


def test_none_is_zero_and_unknown_is_missing(atlas: Atlas) -> None:
    table = rows(atlas, "childcare")
    assert table.loc["241714", "facilities"] == 0
    # real facilities prove nothing within schematic borders
    assert table.loc["562777", "facilities"] is pd.NA
    assert table.loc["562777", "layers"] == ()
    assert bool(table.loc["562777", "schematic"])
    lengths = rows(atlas, "cycle-routes")["length_km"]
    assert lengths["241711"] == pytest.approx(3.62, abs=0.01)
    # the layer does not claim to be complete
    assert math.isnan(lengths["241709"])


def test_values_carry_their_unit_and_labels_tell_what_is_made_up(atlas: Atlas) -> None:
    broadband = rows(atlas, "broadband")
    assert broadband.loc["241711", ["value", "value_unit"]].tolist() == [41.5, ("%",)]
    assert math.isnan(broadband.loc["241709", "value"])
    nature = rows(atlas, "protected-nature")
    assert nature.loc["241711", "share_percent"] == pytest.approx(50, abs=0.01)
    assert bool(nature.loc["241711", "illustrative"])
    assert "value_unit" not in nature


def test_a_credit_stands_beside_the_figure(atlas: Atlas) -> None:
    trail = rows(atlas, "cycle-routes").loc["241711"]
    assert trail["attribution"] == ("© OpenStreetMap contributors",)
    assert trail["date"] == ()


def test_partnerships_add_up_what_is_known_and_tell_what_is_left_out(atlas: Atlas) -> None:
    table = rows(atlas, "childcare", "partnership")
    assert list(table.index) == ["cz-sever", "pl-beskid", "pl-county", "together"]
    beskid = table.loc["pl-beskid"]
    assert (beskid["name"], beskid["countries"], beskid["members"]) == (
        "Partnership of the Beskid",
        ("PL",),
        4,
    )
    # Łodygowice has no borders to find facilities within
    assert (beskid["facilities"], beskid["places"]) == (3, 65)
    assert "Childcare (facilities): 3/4" in beskid["incomplete"]
    assert table.loc["cz-sever", "facilities"] is pd.NA
    assert (table.loc["pl-county", "members"], table.loc["pl-county", "layers"]) == (0, ())


def test_a_share_of_several_municipalities_is_that_of_their_joint_area(atlas: Atlas) -> None:
    beskid = rows(atlas, "protected-nature", "partnership").loc["pl-beskid"]
    areas = atlas.municipalities["area_computed_ha"]
    members = ["241711", "241714", "241709"]
    expected = 50 * areas["241711"] / areas[members].sum()
    assert beskid["share_percent"] == pytest.approx(expected, abs=0.01)
    assert beskid["incomplete"] == "Protected nature (% of area): 3/4"
    assert bool(beskid["illustrative"])
    # schematic borders have the official area
    sever = rows(atlas, "protected-nature", "partnership").loc["cz-sever"]
    assert sever["share_percent"] == pytest.approx(100 * 2500 / 7200)


def test_values_are_not_joined(atlas: Atlas) -> None:
    table = rows(atlas, "broadband", "partnership")
    assert {"value", "value_unit"}.isdisjoint(table.columns)
    assert table.loc["pl-beskid", "layers"] == ("broadband",)


def test_layers_whose_shares_cannot_be_added_have_their_own_rows(atlas: Atlas) -> None:
    shares = atlas.figures[atlas.figures["layer"] == "reserve"]
    other = shares.assign(layer="park", value=10.0, illustrative=False)
    reserve = next(layer for layer in atlas.layers if layer.spec.slug == "reserve")
    described = {"slug": "park", "names": {"en": "Park"}, "illustrative": False}
    park = replace(reserve, spec=reserve.spec.model_copy(update=described))
    both = replace(
        atlas,
        layers=(*atlas.layers, park),
        figures=pd.concat([atlas.figures, other], ignore_index=True),
    )
    own = rows(both, "protected-nature").loc["241711"]
    assert own["share_percent"].round(1).tolist() == [50.0, 10.0]
    assert own["layers"].tolist() == [("reserve",), ("park",)]
    assert own["illustrative"].tolist() == [True, False]
    together = rows(both, "protected-nature", "partnership").loc["pl-beskid"]
    assert together["share_percent"].notna().tolist() == [True, True]
    assert together["incomplete"].str.contains("Reserve").tolist() == [True, False]


@pytest.fixture
def reach() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "population": [8000.0, 4000.0],
            "population_within": [6000.4, 1000.0],
            "basis": ["counted", "spread"],
            "layers": [("nurseries", "trails"), ("nurseries",)],
            "distance_m": 500.0,
        },
        index=["241711", "241714"],
    )


def test_people_within_a_distance_stand_beside_the_figures(
    atlas: Atlas, reach: pd.DataFrame
) -> None:
    table = rows(atlas, "childcare", reach=reach)
    assert table["distance_m"].unique().tolist() == [500]
    assert table.loc["241711", "population_within"] == 6000
    assert table.loc["241711", "population_percent"] == pytest.approx(75.005)
    assert table.loc["241711", "population_basis"] == ("counted",)
    assert table.loc["241711", "layers"] == ("nurseries", "trails")
    assert table.loc["241709", "population_within"] is pd.NA


def test_people_of_partnerships_are_those_of_the_members_they_are_known_of(
    atlas: Atlas, reach: pd.DataFrame
) -> None:
    beskid = rows(atlas, "childcare", "partnership", reach=reach).loc["pl-beskid"]
    assert beskid["population_within"] == 7000
    assert beskid["population_percent"] == pytest.approx(100 * 7000.4 / 12000)
    assert beskid["population_members"] == 2
    assert beskid["population_basis"] == ("counted", "spread")
    sever = rows(atlas, "childcare", "partnership", reach=reach).loc["cz-sever"]
    assert (sever["population_within"], sever["population_members"]) == (pd.NA, 0)
