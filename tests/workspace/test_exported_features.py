"""What is taken away from a workspace whose borders and roads are coarser on the screen."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pptx import Presentation
from pyproj import Geod

from geoapp.core.atlas import Atlas
from geoapp.core.building import build_map
from geoapp.core.choice import Choice
from geoapp.core.partnership import Language
from geoapp.core.scene import Scene, Story
from geoapp.sources.gdal import read_attributes, read_features, spatial_layers
from geoapp.text import Text
from geoapp.workspace import drawing, exported_features, scaling
from geoapp.workspace.add import add_boundaries
from geoapp.workspace.exported_features import full_features, slide_features
from geoapp.workspace.exporting import export, order_for
from geoapp.workspace.opening import Workspace, open_workspace
from geoapp.workspace.preparing import prepare
from geoapp.workspace.scenes import save_story

DAY = dt.date(2026, 11, 22)
BESKID = Choice(partnerships=("pl-beskid",), layers=("roads",))
REFERENCE = Path(__file__).parents[2] / "../shared/reference/boundaries"
HECTARE_M2 = 10_000
ROADS = """\
slug = "roads"
theme = "local-roads"
names = { en = "Roads" }
kind = "line"
file = "data/themes/roads.geojson"
source = "survey"
licence = "free"
"""


@dataclass(frozen=True)
class Held:
    """A workspace with its atlas and store, and the files its borders and roads came from."""

    workspace: Workspace
    atlas: Atlas
    store: Path
    borders: gpd.GeoSeries
    roads: gpd.GeoSeries

    def export(self, name: str, choice: Choice = BESKID, language: Language = "en") -> bytes:
        kind = {".gpkg": "geopackage", ".geojson": "geopackage", ".pptx": "slides"}
        order = order_for(kind[Path(name).suffix], name, choice, language, DAY)
        return export(self.workspace, self.atlas, order, store=self.store)


@pytest.fixture(scope="module")
def held(
    tmp_path_factory: pytest.TempPathFactory, write_workspace: Callable[[Path], Path]
) -> Iterator[Held]:
    """The small workspace with winding Polish borders; its roads are tiles."""
    folder = tmp_path_factory.mktemp("detailed")
    root = write_workspace(folder / "workspace")
    path = root / "data/boundaries/pl.geojson"
    squares = gpd.GeoDataFrame.from_features(json.loads(path.read_text("utf-8")), crs="EPSG:4326")
    borders = squares.set_geometry(winding(squares.geometry))
    path.write_text(borders.to_json(), "utf-8")
    roads = winding([shapely.LineString([(19.02, y), (19.18, y)]) for y in (49.42, 49.46, 49.54)])
    lines = gpd.GeoDataFrame({"name": ["A", "B", "C"]}, geometry=roads, crs="EPSG:4326")
    (root / "data/themes/roads.geojson").write_text(lines.to_json(), "utf-8")
    (root / "layers/roads.toml").write_text(ROADS, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        # what a country has too much of
        patch.setattr(scaling, "WHOLE_VERTICES", 500)
        patch.setattr(scaling, "MEMBER_VERTICES", 100)
        patch.setattr(scaling, "CONTEXT_VERTICES", 100)
        patch.setattr(drawing, "THEME_VERTICES", 500)
        opened = open_workspace(root)
        atlas = prepare(opened, store=folder / "store")
    units = [code[:6] for code in borders["code"]]
    yield Held(
        opened,
        atlas,
        folder / "store",
        gpd.GeoSeries(borders.geometry.to_numpy(), index=units, crs="EPSG:4326"),
        lines.set_index("name").geometry,
    )


def winding(shapes: Any) -> Any:
    """Shapes with a vertex every 40 m, bent by a function of place, so that borders stay shared."""
    dense = shapely.set_precision(shapely.segmentize(np.asarray(shapes), 0.0004), 1e-9)
    return shapely.transform(
        dense, lambda degrees: degrees + 0.001 * np.sin(900 * degrees[:, ::-1])
    )


def geopackage(path: Path, content: bytes, layer: str) -> gpd.GeoDataFrame:
    path.write_bytes(content)
    read = read_features(str(path), file=path.name, driver="GPKG", layer=layer)
    return gpd.GeoDataFrame(read.table, geometry=read.geometry, crs=read.crs).set_index("key")


def geojson(content: bytes, layer: str) -> gpd.GeoDataFrame:
    features = [
        feature
        for feature in json.loads(content)["features"]
        if feature["properties"]["layer"] == layer
    ]
    return gpd.GeoDataFrame.from_features(features, crs="EPSG:4326").set_index("key")


def vertices(geometry: gpd.GeoSeries) -> pd.Series:
    return pd.Series(shapely.get_num_coordinates(geometry.to_numpy()), index=geometry.index)


def area_ha(geometry: gpd.GeoSeries) -> pd.Series:
    """Areas on the ellipsoid, which is another way than that of the package."""
    whole = [abs(Geod(ellps="GRS80").geometry_area_perimeter(shape)[0]) for shape in geometry]
    return pd.Series(whole, index=geometry.index) / HECTARE_M2


@pytest.mark.parametrize("ending", [".gpkg", ".geojson"])
def test_data_have_every_vertex_of_their_source(held: Held, tmp_path: Path, ending: str) -> None:
    content = held.export(f"a{ending}")
    found = (
        geopackage(tmp_path / "a.gpkg", content, "municipalities")
        if ending == ".gpkg"
        else geojson(content, "Municipalities")
    ).geometry
    assert set(found.index) == {"241711", "241714", "241709"}
    source = held.borders[found.index]
    assert source.apply(shapely.get_num_coordinates).min() > 900
    assert vertices(found).to_list() == vertices(source).to_list()
    # GeoJSON is rounded to a millionth of a degree
    assert shapely.hausdorff_distance(found.boundary, source.boundary).max() < 1e-6
    measured = held.atlas.municipalities["area_computed_ha"][found.index]
    assert (area_ha(found) / measured - 1).abs().max() < 1e-4


def test_the_display_copy_is_coarser(held: Held) -> None:
    spec = build_map(held.atlas, BESKID, Text("en"))
    shown = {layer.slug: layer.geometry for layer in spec.layers}
    assert shown["municipalities"].vertices < 0.1 * vertices(held.borders).sum()
    assert shown["roads"].is_tiled


@pytest.mark.parametrize("ending", [".gpkg", ".geojson"])
def test_layers_of_tiles_are_data_too(held: Held, tmp_path: Path, ending: str) -> None:
    content = held.export(f"a{ending}")
    found = (
        geopackage(tmp_path / "a.gpkg", content, "roads")
        if ending == ".gpkg"
        else geojson(content, "Roads")
    )
    lines = found.set_index("name").geometry.sort_index()
    assert vertices(lines).to_list() == vertices(held.roads).to_list()
    assert "left out" not in content.decode("utf-8", "replace")


def test_only_what_the_view_meets_is_exported_and_schematic_borders_are_labelled(
    held: Held, tmp_path: Path
) -> None:
    shown = geojson(held.export("a.geojson"), "Municipalities")
    assert not shown["schematic"].any()
    czech = Choice(partnerships=("cz-sever",), layers=("roads", "broadband"))
    content = held.export("a.gpkg", czech)
    found = geopackage(tmp_path / "a.gpkg", content, "municipalities")
    assert set(found.index) == {"562777", "562858"}
    assert found["schematic"].dtype == bool
    assert found["schematic"].all()
    told = read_attributes(str(tmp_path / "a.gpkg"), file="a.gpkg", driver="GPKG", layer="sources")[
        "text"
    ]
    assert told.str.startswith("Schematic borders").any()
    assert geopackage(tmp_path / "b.gpkg", content, "roads").empty


def test_municipalities_of_no_partnership_are_a_layer_of_their_own(held: Held) -> None:
    found = full_features(
        held.workspace, held.atlas, build_map(held.atlas, BESKID, Text("en")), held.store
    )
    assert list(found["context"]["name"]) == ["Łękawica"]
    assert found["municipalities"]["name"].to_dict()["241711"] == "Rajcza"


def test_too_many_features_are_left_out_aloud(
    held: Held, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exported_features, "MOST_FEATURES", 2)
    path = tmp_path / "a.gpkg"
    path.write_bytes(held.export("a.gpkg"))
    assert "roads" not in spatial_layers(str(path), file="a.gpkg")
    told = read_attributes(str(path), file="a.gpkg", driver="GPKG", layer="sources")["text"]
    assert "“Roads” is too big for this file and is left out." in set(told)


def test_what_is_gone_since_the_map_was_made_is_taken_from_its_display_copy(
    held: Held, tmp_path: Path
) -> None:
    root = tmp_path / "workspace"
    shutil.copytree(held.workspace.root, root)
    (root / "data/themes/roads.geojson").unlink()
    (root / "data/boundaries/pl.geojson").write_text("{", "utf-8")
    (root / "data/boundaries/cz.geojson").unlink()
    spec = build_map(held.atlas, BESKID, Text("en"))
    assert full_features(open_workspace(root), held.atlas, spec, held.store) == {}
    assert slide_features(open_workspace(root), held.atlas, spec, held.store) == {}


def test_a_theme_may_be_called_as_an_attribute(held: Held, tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    shutil.copytree(held.workspace.root, root)
    path = root / "layers/broadband.toml"
    text = path.read_text("utf-8").replace('unit = "%"\n', "").replace('"broadband"', '"own"', 2)
    text = text.replace('slug = "own"', 'slug = "broadband"').replace("Broadband", "Schematic")
    path.write_text(text, "utf-8")
    opened = open_workspace(root)
    atlas = prepare(opened, store=tmp_path / "store")
    order = order_for("geopackage", "a.gpkg", Choice(), "en", DAY)
    found = geopackage(
        tmp_path / "a.gpkg",
        export(opened, atlas, order, store=tmp_path / "store"),
        "municipalities",
    )
    assert found.loc["241711", ["schematic", "Schematic_2"]].to_list() == [False, 41.5]


def test_slides_have_borders_for_the_eye(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    fine = polygon_vertices(held.export("a.pptx"), "Rajcza")
    monkeypatch.setattr(exported_features, "SLIDE_VERTICES", 100)
    coarse = polygon_vertices(held.export("a.pptx"), "Rajcza")
    whole = shapely.get_num_coordinates(held.borders["241711"])
    assert 4 * coarse < fine < 0.8 * whole


def test_slides_show_what_lies_beside_the_view(held: Held) -> None:
    ujsoly = Choice(partnerships=("together",))
    spec = build_map(held.atlas, ujsoly, Text("en"))
    lon, lat = 19.15, 49.45
    near = spec.view.model_copy(update={"bounds": (lon - 0.03, lat - 0.03, lon + 0.03, lat + 0.03)})
    spec = spec.model_copy(update={"view": near})
    beside = slide_features(held.workspace, held.atlas, spec, held.store)
    assert "241711" in beside["municipalities"].index
    within = full_features(held.workspace, held.atlas, spec, held.store)
    assert "241711" not in within["municipalities"].index


def test_slides_draw_tiles_unless_they_hold_too_much(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "“Roads” is too big for this file and is left out."
    assert told not in slide_words(held.export("a.pptx"))
    monkeypatch.setattr(exported_features, "SLIDE_FEATURES", 2)
    assert told in slide_words(held.export("a.pptx"))


def test_a_table_on_slides_has_what_a_room_can_read(held: Held) -> None:
    themes = ("roads", "trails", "nurseries", "reserve", "broadband")
    for layers, expected in (
        ((), ["Role in the partnership", "Marginalisation status", "Residents", "Official"]),
        (("trails",), ["Role", "Marginalisation", "Residents", "Official", "Cycle routes (km)"]),
        (themes, ["Role", "Residents", "Cycle", "Local", "Child", "Protected"]),
    ):
        choice = Choice(partnerships=("pl-beskid",), group_by="role", layers=layers)
        slide = slide_of(held.export("a.pptx", choice), "Municipalities")
        table = next(shape.table for shape in slide.shapes if shape.has_table)
        headings = [cell.text for cell in table.rows[0].cells]
        assert headings[0] == "Municipality"
        assert len(headings) == len(expected) + 1
        for heading in expected:
            assert any(found.startswith(heading) for found in headings)
        told = slide.notes_slide.notes_text_frame.text
        rest = re.search(r"in the workbook \(XLSX\) of this map: (.*)\.", told)
        assert rest is not None
        assert "Code; Country" in rest[1]
        assert not set(headings) & set(rest[1].split("; "))


@pytest.mark.parametrize(
    ("choice", "column"),
    [
        (Choice(), "Partnership"),
        (Choice(group_by="country"), "Country"),
        (Choice(partnerships=("pl-beskid",), group_by="status"), "Role in the partnership"),
    ],
)
def test_a_table_on_slides_tells_the_groups_of_the_map(
    held: Held, choice: Choice, column: str
) -> None:
    slide = slide_of(held.export("a.pptx", choice), "Municipalities")
    table = next(shape.table for shape in slide.shapes if shape.has_table)
    assert column in [cell.text for cell in table.rows[0].cells]


def test_the_text_of_a_scene_stands_under_its_own_title(held: Held, tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    shutil.copytree(held.workspace.root, root)
    words = " ".join(f"word{place}" for place in range(1500))
    scenes = (
        Scene(slug="a", title="Where to go", text="First.\nSecond.", choice=BESKID),
        Scene(slug="b", title="At length", text=words, choice=BESKID),
    )
    save_story(root, Story(slug="s", title="Meeting", scenes=scenes), None)
    order = replace(order_for("handout", "a.pptx", Choice(), "en", DAY), story="s")
    content = export(open_workspace(root), held.atlas, order, store=held.store)
    slides = list(Presentation(io.BytesIO(content)).slides)
    assert polygon_vertices(content, "Rajcza") > 100
    titles = [slide.shapes.title.text_frame.text for slide in slides]
    assert titles[:4] == ["Meeting", "Where to go", "Where to go", "At length"]
    assert not any("key figures" in title for title in titles)
    assert body(slides[2]) == "First.\nSecond."
    long = [body(slide) for slide in slides[4:-1]]
    assert len(long) > 2
    assert " ".join(long) == words


def slide_of(content: bytes, title: str) -> Any:
    slides = Presentation(io.BytesIO(content)).slides
    return next(found for found in slides if found.shapes.title.text_frame.text == title)


def slide_words(content: bytes) -> list[str]:
    tree = Presentation(io.BytesIO(content)).slides[1].shapes._spTree
    return [found.text for found in tree.iter("{*}t")]


def body(slide: Any) -> str:
    return str(next(held for held in slide.placeholders if held.placeholder_format.idx == 1).text)


def polygon_vertices(content: bytes, name: str) -> int:
    """Vertices of the freeform of a municipality on the slide of the map."""
    tree = Presentation(io.BytesIO(content)).slides[1].shapes._spTree
    return sum(
        len(list(element.iter("{*}pt")))
        for element in tree.iter("{*}sp")
        if element.find(".//{*}cNvPr").get("name") == name
    )


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="no reference data here")
def test_surveyed_borders_come_out_as_they_went_in(tmp_path: Path, repository: Path) -> None:
    root = tmp_path / "workspace"
    for part in ("layers", "data"):
        shutil.copytree(repository / part, root / part)
    add_boundaries(root, REFERENCE / "pl_zywiecki_prg_full_2025.gpkg")
    workspace = open_workspace(root)
    atlas = prepare(workspace, store=tmp_path / "store")
    order = order_for("geopackage", "a.gpkg", Choice(partnerships=("pl-beskidzka-cwd",)), "pl", DAY)
    content = export(workspace, atlas, order, store=tmp_path / "store")
    found = geopackage(tmp_path / "a.gpkg", content, "municipalities")
    real = found[~found["schematic"]].geometry
    source = gpd.read_file(REFERENCE / "pl_zywiecki_prg_full_2025.gpkg")
    source = source.set_index(source["teryt"].str[:6])
    assert len(real) >= 5
    assert vertices(real).to_list() == source["npts"][real.index].to_list()
    official = atlas.municipalities["area_ha"][real.index]
    measured = atlas.municipalities["area_computed_ha"][real.index]
    assert (area_ha(real) / measured - 1).abs().max() < 1e-4
    # official areas are whole hectares
    assert ((area_ha(real) - official).abs() < 1 + 1e-4 * official).all()
