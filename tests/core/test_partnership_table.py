from pathlib import Path

import pytest

from geoapp.core.atlas import Atlas
from geoapp.core.choice import Choice
from geoapp.core.figures import theme_figures
from geoapp.core.partnership_table import partnership_rows
from geoapp.text import Text
from geoapp.workspace.opening import open_workspace
from geoapp.workspace.preparing import prepare

EVERY = Choice()


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Atlas:
    return prepare(open_workspace(repository), store=tmp_path_factory.mktemp("store"))


def test_every_partnership_has_a_row_in_the_order_of_its_name(embedded: Atlas) -> None:
    rows = partnership_rows(embedded, EVERY, Text("en")).rows
    assert len(rows) == 12
    assert rows["name"].iloc[0] == "Beskid Agglomeration (CWD)"


def test_declared_and_known_members_stand_beside_each_other(embedded: Atlas) -> None:
    rows = partnership_rows(embedded, EVERY, Text("en")).rows
    assert rows.loc["cz-sever", ["members", "declared", "area_ha"]].tolist() == [10, 12, 21549]
    assert rows.loc["pl-beskidzka-cwd", ["members", "declared", "at_risk"]].tolist() == [6, 6, 2]
    assert rows["declared"].isna()["pl-cwd-krajna"]


def test_lengths_and_places_add_up_over_the_members(embedded: Atlas) -> None:
    rows = partnership_rows(embedded, EVERY, Text("en")).rows
    units = [member.unit for member in embedded.partnership("cz-sever").members]
    figures = theme_figures(embedded.figures)
    own = figures[figures["unit"].isin(units)]
    for slug, theme, quantity in (
        ("cycle-routes:length_km", "cycle-routes", "length_km"),
        ("childcare:places", "childcare", "places"),
    ):
        added = own[(own["theme"] == theme) & (own["quantity"] == quantity)]["value"].sum()
        assert rows.loc["cz-sever", slug] == pytest.approx(added)
    # the register of 2023 knows 1,051 places in the ten municipalities, of 28,989 residents
    assert rows.loc["cz-sever", "childcare:places"] == 1051
    assert rows.loc["cz-sever", "childcare:places_per_1000"] == pytest.approx(1051 / 28.989)


def test_a_sum_that_leaves_members_out_says_so(embedded: Atlas) -> None:
    rows = partnership_rows(embedded, EVERY, Text("en")).rows
    assert "Childcare (places)" in rows.loc["cz-sternbersko", "incomplete"]
    assert "/24" in rows.loc["cz-sternbersko", "incomplete"]


def test_a_choice_limits_the_rows_and_made_up_columns_say_so(embedded: Atlas) -> None:
    table = partnership_rows(embedded, Choice(partnerships=("cz-sever",)), Text("pl"))
    assert list(table.rows.index) == ["cz-sever"]
    headings = [column.heading for column in table.columns]
    assert any("dane przykładowe" in heading for heading in headings)


def test_a_workspace_without_figures_still_has_its_members(atlas: Atlas) -> None:
    table = partnership_rows(atlas, EVERY, Text("en"))
    assert set(table.rows.index) == {found.id for found in atlas.partnerships}
