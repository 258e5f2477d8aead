from dataclasses import replace

import pandas as pd
import pytest

from geoapp.core.atlas import FIGURE_COLUMNS, Atlas
from geoapp.core.building import group_choice
from geoapp.core.choice import Choice
from geoapp.core.table import Table, figure_name, municipality_rows, theme_name
from geoapp.text import Text


def table(atlas: Atlas, language: str = "en", *, sources: bool = False, **choice: object) -> Table:
    grouped = group_choice(atlas, Choice.model_validate(choice))
    text = {"pl": Text("pl"), "cs": Text("cs"), "en": Text("en")}[language]
    return municipality_rows(atlas, grouped, text, sources=sources)


def test_rows_come_by_name_in_the_order_of_the_language(atlas: Atlas) -> None:
    assert table(atlas, "pl").rows["name"].tolist() == [
        "Łodygowice",
        "Milówka",
        "Rajcza",
        "Rumburk",
        "Šluknov",
        "Ujsoły",
    ]


def test_a_choice_limits_the_rows_and_the_columns_to_what_is_known(atlas: Atlas) -> None:
    found = table(atlas, partnerships=["cz-sever"])
    assert found.rows.index.tolist() == ["562777", "562858"]
    headings = [column.heading for column in found.columns]
    assert headings == [
        "Municipality",
        "Code",
        "Country",
        "Partnership",
        "Role in the partnership",
        "Marginalisation status",
        "Residents",
        "Official area (ha)",
        "Protected nature (% of area) (illustrative)",
    ]


def test_unknown_is_missing_and_never_zero(atlas: Atlas) -> None:
    rows = table(atlas).rows
    assert rows.loc["241707", ["population", "area_ha"]].isna().all()
    assert rows.loc["241707", "status"] == "Unknown"
    assert pd.isna(rows.loc["562777", "cycle-routes:length_km"])
    assert rows.loc["241714", "childcare:facilities"] == 0
    assert pd.isna(rows.loc["241709", "broadband:value"])


def test_figures_stand_under_their_theme(atlas: Atlas) -> None:
    found = table(atlas)
    row = found.rows.loc["241711"]
    assert row["cycle-routes:length_km"] == pytest.approx(3.626, abs=0.001)
    assert row["childcare:places_per_100_children"] == 32.5
    assert row["senior-care:places_per_1000"] == 6.375
    assert row["protected-nature:share_percent"] == pytest.approx(50, abs=0.001)
    headings = {column.slug: column for column in found.columns}
    assert headings["childcare:facilities"].decimals == 0
    assert headings["cycle-routes:length_km"].heading == "Cycle routes (km)"
    assert headings["cycle-routes:length_km"].decimals == 1
    assert headings["broadband:value"].heading == "Digitisation (%)"


def test_a_municipality_of_several_partnerships_names_them_all(atlas: Atlas) -> None:
    row = table(atlas, group_by="country").rows.loc["241711"]
    assert row["partnerships"] == "Beskid; Together"
    assert row["roles"] == "Member at risk of marginalisation; Member"
    assert table(atlas, partnerships=["together"]).rows.loc["241711", "roles"] == "Member"


def test_a_download_tells_where_everything_comes_from(atlas: Atlas) -> None:
    found = table(atlas, sources=True)
    row = found.headed().loc["241709"]
    assert row["Source of membership"] == "resolution of the council"
    assert row["Source of status"] == "news page"
    assert row["Source of residents"] == "GUS (2024-12-31)"
    assert row["Borders"] == "borders-pl (real borders)"
    assert row["Illustrative figures (made up)"] == "Protected nature"
    schematic = found.headed().loc["562858"]
    assert schematic["Source of membership"] == "svazekobcisever.cz; project page"
    assert schematic["Borders"] == "borders-cz (schematic borders)"
    nowhere = found.headed().loc["241707"]
    assert nowhere["Source of status"] == "Unknown"
    assert nowhere["Borders"] == "Unknown"
    assert nowhere["Source of residents"] == ""


def test_every_column_is_headed_once(atlas: Atlas) -> None:
    for found in (table(atlas), table(atlas, sources=True)):
        headings = list(found.headed().columns)
        assert len(set(headings)) == len(headings)
        assert len({column.slug for column in found.columns}) == len(found.columns)


@pytest.mark.parametrize("sources", [False, True])
def test_a_partnership_of_bodies_only_has_no_row(atlas: Atlas, sources: bool) -> None:
    found = table(atlas, partnerships=["pl-county"], sources=sources)
    assert found.headed().empty


def test_two_layers_that_do_not_add_up_have_columns_of_their_own(atlas: Atlas) -> None:
    """A second broadband layer, of which Rajcza is known too."""
    first = next(layer for layer in atlas.layers if layer.spec.slug == "broadband")
    spec = first.spec.model_copy(
        update={"slug": "fibre", "names": {"en": "Fibre"}, "unit": "lines"}
    )
    more = pd.DataFrame(
        [("241711", "fibre", "broadband", "value", 5.0, False)], columns=list(FIGURE_COLUMNS)
    )
    two = replace(
        atlas,
        layers=(*atlas.layers, replace(first, spec=spec)),
        figures=pd.concat([atlas.figures, more]),
    )
    found = table(two)
    headings = {column.slug: column.heading for column in found.columns}
    assert headings["broadband:value"] == "Broadband (%)"
    assert headings["fibre:value"] == "Fibre (lines)"
    assert found.rows.loc["241711", ["broadband:value", "fibre:value"]].tolist() == [41.5, 5]
    assert pd.isna(found.rows.loc["241714", "fibre:value"])
    # where only one knows anything, it stands for the theme
    alone = table(two, partnerships=["cz-sever"])
    assert "fibre:value" not in alone.rows


def test_a_theme_of_the_user_is_called_by_its_layer(atlas: Atlas, english: Text) -> None:
    layers = tuple(
        replace(layer, spec=layer.spec.model_copy(update={"theme": "way-marks"}))
        if layer.spec.slug == "trails"
        else layer
        for layer in atlas.layers
    )
    own = replace(atlas, layers=layers)
    assert theme_name(own, "way-marks", english) == "Trails"
    assert theme_name(own, "childcare", english) == "Childcare"
    assert theme_name(own, "nothing", english) == "nothing"
    assert figure_name(own, "way-marks", "", "length_km", english) == "Trails (km)"
