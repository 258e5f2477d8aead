import json
import signal
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geoapp.core.atlas import FIGURE_COLUMNS, Atlas, PreparedLayer
from geoapp.errors import RefusedError
from geoapp.store.files import display_file
from geoapp.workspace.creating import create_workspace
from geoapp.workspace.drawing import THEME_VERTICES
from geoapp.workspace.opening import open_workspace
from geoapp.workspace.preparing import prepare

PREPARE = """
import os, signal, sys
from pathlib import Path
from geoapp.workspace import open_workspace, prepare

written = 0

def die_in_the_middle(event, arguments):
    global written
    if event == "open" and ".draft-" in str(arguments[0]):
        written += 1
        if written == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(die_in_the_middle)
prepare(open_workspace(Path(sys.argv[1])), store=Path(sys.argv[2]))
"""


def preparing(root: Path, store: Path, *, killed_at: int) -> subprocess.Popen[bytes]:
    """A process of its own that prepares a workspace, killed when it writes its nth file."""
    return subprocess.Popen([sys.executable, "-c", PREPARE, root, store, str(killed_at)])


def layer(atlas: Atlas, slug: str) -> PreparedLayer:
    return next(found for found in atlas.layers if found.spec.slug == slug)


def figure(atlas: Atlas, slug: str, unit: str, quantity: str) -> float:
    own = atlas.figures[(atlas.figures["layer"] == slug) & (atlas.figures["unit"] == unit)]
    return float(own.set_index("quantity").loc[quantity, "value"])


def prepared(store: Path) -> set[str]:
    return {path.name for path in (store / "prepared").iterdir()}


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_an_atlas_holds_everything_of_a_workspace(atlas: Atlas) -> None:
    assert [str(problem) for problem in atlas.problems] == []
    assert atlas.municipalities.index.tolist() == [
        "241707",
        "241708",
        "241709",
        "241711",
        "241714",
        "562777",
        "562858",
    ]
    assert atlas.statuses.index.equals(atlas.municipalities.index)
    assert len(atlas.memberships) == 2 + 4 + 5
    assert [found.spec.slug for found in atlas.themes] == [
        "trails",
        "nurseries",
        "reserve",
        "broadband",
        "care",
    ]
    assert atlas.schematic
    assert atlas.partnership("pl-beskid").id == "pl-beskid"
    with pytest.raises(KeyError, match="nobody"):
        atlas.partnership("nobody")


def test_the_same_workspace_gives_the_same_atlas(atlas: Atlas, workspace_root: Path) -> None:
    again = prepare(open_workspace(workspace_root), store=workspace_root / "store")
    pd.testing.assert_frame_equal(again.municipalities, atlas.municipalities)
    pd.testing.assert_frame_equal(again.figures, atlas.figures)
    pd.testing.assert_frame_equal(again.statuses, atlas.statuses)
    assert again.members is not None
    assert atlas.members is not None
    assert again.members.name == atlas.members.name


def test_figures_are_known_where_they_can_be(atlas: Atlas) -> None:
    assert atlas.figures.columns.tolist() == list(FIGURE_COLUMNS)
    assert figure(atlas, "trails", "241711", "length_km") == pytest.approx(3.626, abs=1e-3)
    assert pd.isna(figure(atlas, "trails", "562777", "length_km"))
    assert figure(atlas, "reserve", "562777", "share_percent") == pytest.approx(100)
    # the nursery on the border counts in Rajcza, whose key comes first
    assert figure(atlas, "nurseries", "241711", "facilities") == 3
    assert figure(atlas, "nurseries", "241714", "facilities") == 0
    assert figure(atlas, "broadband", "241714", "value") == 73
    assert pd.isna(figure(atlas, "care", "562777", "facilities"))


def test_areas_are_those_of_real_borders(atlas: Atlas) -> None:
    table = atlas.municipalities
    assert table.loc["241711", "area_computed_ha"] == pytest.approx(8064.5, abs=0.1)
    assert table.loc[table["schematic"], "area_computed_ha"].isna().all()
    assert table.loc["241707", "boundary"] == ""


@pytest.mark.parametrize("which", ["members", "context"])
def test_display_copies_can_be_drawn(atlas: Atlas, which: str) -> None:
    reference = getattr(atlas, which)
    features = json.loads(reference.path.read_bytes())["features"]
    assert len(features) == reference.features == (5 if which == "members" else 1)
    for feature in features:
        shape = shapely.geometry.shape(feature["geometry"])
        properties = feature["properties"]
        assert set(properties) == {"key", "name", "px", "py", "rank"}
        assert shape.contains(shapely.Point(properties["px"], properties["py"]))
        assert shapely.box(*reference.bounds).covers(shape)


def test_labels_of_large_municipalities_come_first(atlas: Atlas) -> None:
    assert atlas.members is not None
    features = json.loads(atlas.members.path.read_bytes())["features"]
    ranks = {feature["properties"]["key"]: feature["properties"]["rank"] for feature in features}
    assert sorted(ranks, key=ranks.__getitem__) == [
        "562777",
        "241709",
        "241711",
        "562858",
        "241714",
    ]


def test_a_table_gets_a_point_in_each_municipality_it_knows(atlas: Atlas) -> None:
    geometry = layer(atlas, "broadband").geometry
    assert geometry is not None
    features = json.loads(geometry.path.read_bytes())["features"]
    assert {feature["properties"]["key"] for feature in features} == {"241709", "241711", "241714"}
    assert geometry.kind == "point"


def test_nothing_is_prepared_twice(workspace_root: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    prepare(open_workspace(workspace_root), store=store)
    first = prepared(store)
    prepare(open_workspace(workspace_root), store=store)
    assert prepared(store) == first


def test_only_what_changed_is_prepared_again(workspace_root: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    before = prepare(open_workspace(workspace_root), store=store)
    first = prepared(store)
    replaced(workspace_root / "data/themes/broadband.csv", "41.5", "42.5")
    after = prepare(open_workspace(workspace_root), store=store)
    # the table, its figures, its points, and which of its codes are known
    assert len(prepared(store) - first) == 4
    assert figure(after, "broadband", "241711", "value") == 42.5
    assert after.members == before.members
    assert layer(after, "trails") == layer(before, "trails")


def test_other_members_are_drawn_without_measuring_again(
    workspace_root: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    before = prepare(open_workspace(workspace_root), store=store)
    first = prepared(store)
    (workspace_root / "data/partnerships/pl-county.toml").unlink()
    replaced(workspace_root / "data/partnerships/pl-beskid.toml", "2417142", "2417082")
    replaced(workspace_root / "data/partnerships/pl-beskid.toml", "Ujsoły", "Łękawica")
    after = prepare(open_workspace(workspace_root), store=store)
    assert len(prepared(store) - first) == 1
    assert before.members is not None
    assert after.members is not None
    assert after.members.name != before.members.name


@pytest.mark.parametrize("written", [1, 11])
def test_a_preparation_that_is_killed_leaves_nothing_broken(
    atlas: Atlas, workspace_root: Path, tmp_path: Path, written: int
) -> None:
    store = tmp_path / "store"
    with preparing(workspace_root, store, killed_at=written) as process:
        assert process.wait(timeout=60) == -signal.SIGKILL
    assert [name for name in prepared(store) if name.startswith(".draft-")]
    again = prepare(open_workspace(workspace_root), store=store)
    pd.testing.assert_frame_equal(again.figures, atlas.figures)
    pd.testing.assert_frame_equal(again.municipalities, atlas.municipalities)
    for copy in (again.members, again.context):
        assert copy is not None
        assert len(json.loads(copy.path.read_bytes())["features"]) == copy.features


def test_a_store_above_its_limit_still_prepares(
    workspace_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEOAPP_STORE_LIMIT", "1k")
    found = prepare(open_workspace(workspace_root), store=tmp_path / "store")
    for shown in (found.members, layer(found, "trails").geometry):
        assert shown is not None
        assert shown.path.is_file()


def test_a_limit_that_is_no_size_is_refused_before_anything_is_prepared(
    workspace_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEOAPP_STORE_LIMIT", "plenty")
    with pytest.raises(RefusedError, match="GEOAPP_STORE_LIMIT"):
        prepare(open_workspace(workspace_root), store=tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_features_far_from_all_borders_change_no_figure(
    atlas: Atlas, workspace_root: Path, tmp_path: Path
) -> None:
    path = workspace_root / "data/themes/trails.geojson"
    trails = gpd.read_file(path)
    away = trails.assign(name="Away", geometry=trails.translate(-2, -1))
    path.unlink()
    pd.concat([away, trails]).to_file(path)
    found = prepare(open_workspace(workspace_root), store=tmp_path / "store")
    pd.testing.assert_frame_equal(found.figures, atlas.figures)
    shown = layer(found, "trails").geometry
    assert shown is not None
    # what is drawn keeps the order of the file
    names = [
        feature["properties"]["name"] for feature in json.loads(shown.path.read_bytes())["features"]
    ]
    assert names == ["Away", "Away", "Soła", "Sever"]


@pytest.mark.parametrize("more", [False, True])
def test_a_theme_above_the_budget_becomes_tiles(
    atlas: Atlas, workspace_root: Path, tmp_path: Path, *, more: bool
) -> None:
    path = workspace_root / "data/themes/trails.geojson"
    trails = gpd.read_file(path)
    steps = THEME_VERTICES // 2 + more
    along = np.linspace(0, 1, steps, endpoint=True)
    path.unlink()
    trails.assign(
        geometry=[
            shapely.LineString(line.interpolate(along, normalized=True)) for line in trails.geometry
        ]
    ).to_file(path)
    found = prepare(open_workspace(workspace_root), store=tmp_path / "store")
    trails_layer = layer(found, "trails")
    assert trails_layer.vertices == THEME_VERTICES + 2 * more
    shown = trails_layer.geometry
    assert shown is not None
    assert shown.is_tiled is more
    assert shown.path.suffix == (".pmtiles" if more else ".geojson")
    assert display_file(tmp_path / "store", shown.name) == shown.path
    assert (shown.features, shown.vertices) == (2, trails_layer.vertices)
    # however it is drawn, it measures the same; more vertices follow the ground more closely
    pd.testing.assert_frame_equal(found.figures, atlas.figures, rtol=1e-6)


def test_vertices_are_counted(atlas: Atlas) -> None:
    assert layer(atlas, "trails").vertices == 4
    assert layer(atlas, "borders-pl").vertices == 20
    assert layer(atlas, "broadband").vertices is None
    assert atlas.context is not None
    assert (atlas.context.vertices, atlas.context.finer) == (5, None)


def test_a_new_description_is_a_new_layer(workspace_root: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    prepare(open_workspace(workspace_root), store=store)
    replaced(workspace_root / "layers/trails.toml", 'measure = "length"', "complete = true")
    after = prepare(open_workspace(workspace_root), store=store)
    assert figure(after, "trails", "241709", "length_km") == 0


def test_progress_names_every_layer(workspace_root: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    prepare(
        open_workspace(workspace_root),
        store=tmp_path / "store",
        progress=lambda done, total, slug: told.append((done, total, slug)),
    )
    assert [done for done, _, _ in told] == list(range(8))
    assert {total for _, total, _ in told} == {7}
    assert [slug for _, _, slug in told] == [
        "borders-cz",
        "borders-pl",
        "broadband",
        "care",
        "nurseries",
        "reserve",
        "trails",
        "",
    ]


def test_a_file_of_no_use_is_told_and_the_rest_is_there(
    workspace_root: Path, tmp_path: Path
) -> None:
    (workspace_root / "data/themes/trails.geojson").write_text("{", "utf-8")
    (workspace_root / "data/themes/care.csv").unlink()
    found = prepare(open_workspace(workspace_root), store=tmp_path / "store")
    broken, missing = layer(found, "trails"), layer(found, "care")
    assert (broken.geometry, broken.report) == (None, None)
    assert (missing.geometry, missing.problems) == (None, ())
    assert {problem.file for problem in found.problems} == {
        "data/themes/trails.geojson",
        "layers/care.toml",
    }
    assert set(found.figures["layer"]) == {"broadband", "nurseries", "reserve"}


def test_what_was_repaired_is_told_each_time(workspace_root: Path, tmp_path: Path) -> None:
    replaced(
        workspace_root / "data/themes/nurseries.geojson",
        '"coordinates": [19.02, 49.42]',
        '"coordinates": [2.35, 48.86]',
    )
    for _ in range(2):
        found = prepare(open_workspace(workspace_root), store=tmp_path / "store")
        (problem,) = found.problems
        assert problem.severity == "warning"
        assert "outside Poland and Czechia" in str(problem)
        assert layer(found, "nurseries").problems == (problem,)


def test_a_part_of_a_shapefile_that_changes_is_noticed(
    workspace_root: Path, tmp_path: Path
) -> None:
    path = workspace_root / "data/themes/nurseries.shp"
    frame = gpd.GeoDataFrame(
        {"places": [25]}, geometry=[shapely.Point(19.02, 49.42)], crs="EPSG:4326"
    )
    frame.to_file(path)
    replaced(workspace_root / "layers/nurseries.toml", "nurseries.geojson", "nurseries.shp")
    first = prepare(open_workspace(workspace_root), store=tmp_path / "store")
    shapes = path.read_bytes()
    frame.assign(places=70).to_file(path)
    assert path.read_bytes() == shapes
    second = prepare(open_workspace(workspace_root), store=tmp_path / "store")
    assert figure(first, "nurseries", "241711", "places") == 25
    assert figure(second, "nurseries", "241711", "places") == 70


def test_a_workspace_without_borders_is_an_atlas_too(workspace_root: Path, tmp_path: Path) -> None:
    for path in (workspace_root / "layers").glob("borders-*.toml"):
        path.unlink()
    found = prepare(open_workspace(workspace_root), store=tmp_path / "store")
    assert (found.members, found.context) == (None, None)
    assert set(found.municipalities["boundary"]) == {""}
    assert found.figures["value"].isna().all()


def test_an_empty_workspace_is_an_atlas_too(tmp_path: Path) -> None:
    root = create_workspace(tmp_path / "mine", empty=True)
    found = prepare(open_workspace(root), store=tmp_path / "store")
    assert found.problems == ()
    assert (found.members, found.layers) == (None, ())
    assert found.municipalities.empty
    assert found.figures.empty
    assert not found.schematic


def test_a_store_that_cannot_be_written_to_is_refused(workspace_root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(RefusedError, match="GEOAPP_STORE"):
        prepare(open_workspace(workspace_root), store=tmp_path / "file")


def test_the_store_is_that_of_the_environment(
    workspace_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEOAPP_STORE", str(tmp_path / "configured"))
    for path in (workspace_root / "layers").glob("*.toml"):
        if path.stem != "borders-pl":
            path.unlink()
    found = prepare(open_workspace(workspace_root))
    assert found.members is not None
    assert found.members.path.is_relative_to(tmp_path / "configured")
