from dataclasses import replace

import pandas as pd
import pytest

from geoapp.core.atlas import FIGURE_COLUMNS, Atlas
from geoapp.core.card import Card, Fact, municipality_card
from geoapp.text import Text


def card(atlas: Atlas, unit: str) -> Card:
    found = municipality_card(atlas, unit, Text("en"))
    assert found is not None
    return found


def facts(found: tuple[Fact, ...]) -> dict[str, tuple[str, str]]:
    return {fact.label: (fact.value, fact.source) for fact in found}


def test_a_card_names_its_municipality(atlas: Atlas) -> None:
    found = card(atlas, "241711")
    assert (found.unit, found.name, found.subtitle) == ("241711", "Rajcza", "Poland · 2417112")
    assert found.notices == ()


def test_memberships_tell_role_certainty_and_source(atlas: Atlas) -> None:
    assert facts(card(atlas, "241714").memberships) == {
        "Beskid": ("Member", "uncertain; Named once.; news page"),
        "Together": ("Member", "uncertain; Named once.; news page"),
    }


def test_a_status_tells_its_list_date_and_source(atlas: Atlas) -> None:
    label = "Marginalisation status"
    assert facts(card(atlas, "241711").facts)[label] == (
        "At risk of permanent marginalisation",
        "KSRR (Poland); 2020-11-30; certain; Named.; news page",
    )
    assert facts(card(atlas, "241714").facts)[label] == ("Unknown", "")


def test_numbers_have_source_and_date(atlas: Atlas) -> None:
    found = facts(card(atlas, "241711").facts)
    assert found["Residents"] == ("8,000", "GUS, 2024-12-31")
    assert found["Official area (ha)"] == ("8,000", "GUGiK, 2025")
    assert found["Area measured on the borders (ha)"] == ("8,064.5", "borders-pl")


@pytest.mark.parametrize("unit", ["241707", "241708"])
def test_what_is_unknown_is_a_dash(atlas: Atlas, unit: str) -> None:
    found = facts(card(atlas, unit).facts)
    assert found["Residents"] == ("–", "")
    assert found["Official area (ha)"] == ("–", "")


def test_a_schematic_shape_is_noticed_and_not_measured(atlas: Atlas) -> None:
    found = card(atlas, "562858")
    assert found.notices == ("Schematic borders: the area is true, the shape invented.",)
    assert "Area measured on the borders (ha)" not in facts(found.facts)


def test_figures_are_those_that_are_known(atlas: Atlas) -> None:
    assert facts(card(atlas, "241711").figures) == {
        "Digitisation (%)": ("41.5", "UKE, 2023"),
        "Senior care (facilities)": ("2", "register"),
        "Senior care (places)": ("51", "register"),
        "Senior care (places per 1,000 residents)": ("6.4", "register"),
        "Childcare (facilities)": ("3", "register, 2024"),
        "Childcare (places)": ("65", "register, 2024"),
        "Childcare (places per 1,000 residents)": ("8.1", "register, 2024"),
        "Childcare (places per 100 children)": ("32.5", "register, 2024"),
        "Protected nature (% of area)": ("50.0", "illustrative, made up"),
        "Cycle routes (km)": ("3.6", "OpenStreetMap"),
    }
    assert card(atlas, "241707").figures == ()


def test_a_figure_names_only_the_layers_it_is_made_from(atlas: Atlas) -> None:
    trails = next(layer for layer in atlas.layers if layer.spec.slug == "trails")
    more = replace(
        trails, spec=trails.spec.model_copy(update={"slug": "czech-trails", "source": "KČT"})
    )
    figures = pd.DataFrame(
        [
            ("241714", "czech-trails", "cycle-routes", "length_km", 1.0, False),
            ("562858", "czech-trails", "cycle-routes", "length_km", 2.0, False),
        ],
        columns=list(FIGURE_COLUMNS),
    )
    two = replace(atlas, layers=(*atlas.layers, more), figures=pd.concat([atlas.figures, figures]))
    label = "Cycle routes (km)"
    assert facts(card(two, "241711").figures)[label] == ("3.6", "OpenStreetMap")
    assert facts(card(two, "562858").figures)[label] == ("2.0", "KČT")
    assert facts(card(two, "241714").figures)[label] == ("4.6", "OpenStreetMap; KČT")


def test_figures_that_do_not_add_up_stand_apart(atlas: Atlas) -> None:
    broadband = next(layer for layer in atlas.layers if layer.spec.slug == "broadband")
    spec = broadband.spec.model_copy(
        update={"slug": "fibre", "names": {"en": "Fibre"}, "source": "ISP", "date": None}
    )
    more = pd.DataFrame(
        [("241711", "fibre", "broadband", "value", 5.0, False)], columns=list(FIGURE_COLUMNS)
    )
    two = replace(
        atlas,
        layers=(*atlas.layers, replace(broadband, spec=spec)),
        figures=pd.concat([atlas.figures, more]),
    )
    found = facts(card(two, "241711").figures)
    assert found["Broadband (%)"] == ("41.5", "UKE, 2023")
    assert found["Fibre (%)"] == ("5.0", "ISP")


def test_a_municipality_that_nobody_knows_has_no_card(atlas: Atlas, english: Text) -> None:
    assert municipality_card(atlas, "999999", english) is None
