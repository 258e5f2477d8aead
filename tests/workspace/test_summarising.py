from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geoapp.core.choice import Choice
from geoapp.core.partnership_table import partnership_rows
from geoapp.core.statistics import By
from geoapp.errors import RefusedError
from geoapp.text import Text
from geoapp.workspace.distributed import Cluster
from geoapp.workspace.opening import open_workspace
from geoapp.workspace.preparing import prepare
from geoapp.workspace.summarising import COUNTED, SPREAD, Statistics, summarise_themes

PEOPLE = """\
slug = "people"
theme = "population"
names = { en = "People" }
kind = "point"
file = "data/themes/people.geojson"
columns = { value = "residents" }
source = "census"
licence = "free"
"""


@pytest.fixture(autouse=True, scope="module")
def _one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What one test has prepared, others find by its content."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GEOAPP_STORE", str(tmp_path_factory.mktemp("store")))
        yield


def found_in(root: Path, by: By = "municipality", **options: Any) -> Statistics:
    return summarise_themes(open_workspace(root), by, **options)


def add_people(root: Path, people: dict[tuple[float, float], float]) -> None:
    (root / "layers/people.toml").write_text(PEOPLE, "utf-8")
    frame = gpd.GeoDataFrame(
        {"residents": list(people.values())},
        geometry=[shapely.Point(place) for place in people],
        crs="EPSG:4326",
    )
    (root / "data/themes/people.geojson").write_text(frame.to_json(), "utf-8")


def test_all_themes_are_summarised_as_the_atlas_knows_them(workspace_root: Path) -> None:
    found = found_in(workspace_root)
    assert set(found.tables) == {
        *("cycle-routes", "childcare", "protected-nature", "broadband", "senior-care")
    }
    assert found.problems == ()
    atlas = prepare(open_workspace(workspace_root))
    known = atlas.figures.dropna(subset=["value"])
    assert len(known) > 20
    for row in known.itertuples():
        table = found.tables[str(row.theme)].set_index("key")
        assert table.loc[row.unit, row.quantity] == row.value


def test_sums_of_partnerships_are_those_of_the_app(workspace_root: Path) -> None:
    found = found_in(workspace_root, "partnership")
    atlas = prepare(open_workspace(workspace_root))
    shown = partnership_rows(atlas, Choice(), Text("en")).rows
    compared = 0
    for slug in shown.columns:
        theme, _, quantity = str(slug).partition(":")
        if quantity:
            own = found.tables[theme].set_index("key")[quantity].astype("float64")
            pd.testing.assert_series_equal(
                own.reindex(shown.index), shown[slug].astype("float64"), check_names=False
            )
            compared += 1
    assert compared >= 4


def test_only_the_theme_that_is_asked_for_is_read(workspace_root: Path) -> None:
    (workspace_root / "data/themes/trails.geojson").write_text("broken", "utf-8")
    found = found_in(workspace_root, theme="broadband")
    assert set(found.tables) == {"broadband"}
    assert found.problems == ()
    [problem] = found_in(workspace_root, theme="cycle-routes").problems
    assert problem.file == "data/themes/trails.geojson"


def test_a_theme_whose_file_is_broken_is_unknown_everywhere(workspace_root: Path) -> None:
    (workspace_root / "data/themes/trails.geojson").write_text("broken", "utf-8")
    table = found_in(workspace_root, theme="cycle-routes").tables["cycle-routes"]
    assert "length_km" not in table
    assert set(table["layers"]) == {()}


def test_people_are_estimated_by_area_where_only_their_number_is_known(
    workspace_root: Path,
) -> None:
    found = found_in(workspace_root, theme="childcare", distance_m=1000)
    table = found.tables["childcare"].set_index("key")
    rajcza, ujsoly = table.loc["241711"], table.loc["241714"]
    assert rajcza["population_basis"] == (SPREAD,)
    # three circles of 1 km, of which two overlap by 1.3 km and one is cut in half by the border
    area_km2 = (
        shapely.union_all(
            [shapely.Point(0, 0).buffer(1, 99), shapely.Point(0.7245, 1.1125).buffer(1, 99)]
        ).area
        + math.pi / 2
    )
    whole_km2 = 80.6
    assert rajcza["population_percent"] == pytest.approx(100 * area_km2 / whole_km2, rel=0.01)
    assert rajcza["population_within"] == round(8000 * rajcza["population_percent"] / 100)
    # a facility on the other side of the border serves too
    assert ujsoly["facilities"] == 0
    assert ujsoly["population_percent"] == pytest.approx(100 * math.pi / 2 / whole_km2, rel=0.01)
    assert ujsoly["layers"] == ("nurseries",)
    # nobody is near, which a complete layer may say, except within schematic borders
    assert table.loc["241709", "population_within"] == 0
    assert table.loc["562777", "population_within"] is pd.NA


def test_people_are_counted_where_it_is_known_where_they_live(workspace_root: Path) -> None:
    add_people(workspace_root, {(19.021, 49.421): 30, (19.09, 49.49): 10, (19.09, 49.44): 60})
    found = found_in(workspace_root, theme="childcare", distance_m=1000)
    assert set(found.tables) == {"childcare"}
    table = found.tables["childcare"].set_index("key")
    rajcza = table.loc["241711"]
    assert rajcza["population_basis"] == (COUNTED,)
    assert (rajcza["population_within"], rajcza["population_percent"]) == (90, 90)
    assert rajcza["layers"] == ("nurseries", "people")
    assert rajcza["source"] == ("register", "census")
    assert table.loc["241714", "population_basis"] == (SPREAD,)


def test_an_incomplete_layer_does_not_prove_that_nobody_is_near(workspace_root: Path) -> None:
    description = workspace_root / "layers/nurseries.toml"
    text = description.read_text("utf-8").replace("complete = true\n", "")
    description.write_text(text, "utf-8")
    table = found_in(workspace_root, theme="childcare", distance_m=1000).tables["childcare"]
    within = table.set_index("key")["population_within"]
    assert within["241711"] > 0
    assert within["241709"] is pd.NA


def test_partnerships_sum_the_people_of_their_members(workspace_root: Path) -> None:
    alone = found_in(workspace_root, theme="childcare", distance_m=1000).tables["childcare"]
    table = found_in(workspace_root, "partnership", distance_m=1000).tables["childcare"]
    beskid = table.set_index("key").loc["pl-beskid"]
    members = alone[alone["key"].isin(["241711", "241714", "241709"])]
    assert beskid["population_within"] == pytest.approx(members["population_within"].sum(), abs=2)
    assert beskid["population_percent"] == pytest.approx(
        100 * beskid["population_within"] / 21_000, abs=0.01
    )
    assert beskid["population_members"] == 3


def test_a_distance_concerns_themes_of_points_only(workspace_root: Path) -> None:
    tables = found_in(workspace_root, distance_m=1000).tables
    assert [theme for theme, table in tables.items() if "distance_m" in table] == ["childcare"]
    with pytest.raises(RefusedError, match=r"facilities that are points; found .* trails \(line\)"):
        found_in(workspace_root, theme="cycle-routes", distance_m=1000)


def test_unknown_themes_are_refused_with_the_known_ones(workspace_root: Path) -> None:
    with pytest.raises(RefusedError, match=r"expected one of: .*childcare"):
        found_in(workspace_root, theme="nurseries")
    for description in (workspace_root / "layers").iterdir():
        if "boundaries" not in description.read_text("utf-8"):
            description.unlink()
    with pytest.raises(RefusedError, match="has no theme yet; add one with: geoapp add"):
        found_in(workspace_root)


def test_features_elsewhere_need_one_layer_that_describes_them(workspace_root: Path) -> None:
    cluster = Cluster("tcp://127.0.0.1:1", Path("roads"))
    with pytest.raises(RefusedError, match=r"one layer of geometry.*found the layers: none"):
        found_in(workspace_root, theme="broadband", cluster=cluster)
    with pytest.raises(RefusedError, match="found the layers: nurseries, reserve, trails"):
        found_in(workspace_root, cluster=cluster)


def test_a_workspace_without_borders_has_only_what_is_known_by_code(workspace_root: Path) -> None:
    for slug in ("borders-pl", "borders-cz"):
        (workspace_root / f"layers/{slug}.toml").unlink()
    found = found_in(workspace_root, distance_m=1000)
    assert found.tables["childcare"]["population_within"].isna().all()
    assert len(found.tables["broadband"]) == 6


def test_layers_are_told_as_they_are_prepared(workspace_root: Path) -> None:
    steps: list[str] = []
    found_in(
        workspace_root,
        theme="childcare",
        progress=lambda done, total, item="": steps.append(f"{item} {done}/{total}"),
    )
    assert "nurseries 0/1" in steps
    assert steps[-1] == " 1/1"
