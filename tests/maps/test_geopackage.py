import datetime as dt
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from pptx.oxml import parse_xml

from geoapp.core.atlas import Atlas
from geoapp.core.building import build_map, group_choice
from geoapp.core.choice import Choice
from geoapp.core.mapspec import MapSpec
from geoapp.core.table import Column, Table, municipality_rows
from geoapp.maps.exported_table import style_labels
from geoapp.maps.geopackage import render_geopackage
from geoapp.sources.gdal import Features, read_attributes, read_features, spatial_layers
from geoapp.text import Text

DATE = dt.date(2026, 11, 22)
HOSTILE = '=cmd|"a" <b>&\x07\u202e"; DROP TABLE sources; --' + "x" * 500


@pytest.fixture
def spec(atlas: Atlas, english: Text) -> MapSpec:
    layers = tuple(layer.spec.slug for layer in atlas.themes)
    return build_map(atlas, Choice(layers=layers, group_by="role"), english)


@pytest.fixture
def figures(atlas: Atlas, english: Text) -> Table:
    return municipality_rows(atlas, group_choice(atlas, Choice()), english, sources=True)


def written(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "map.gpkg"
    path.write_bytes(content)
    return str(path)


def layer_of(path: str, layer: str) -> Features:
    return read_features(path, file="map.gpkg", driver="GPKG", layer=layer)


def table_of(path: str, layer: str) -> pd.DataFrame:
    return read_attributes(path, file="map.gpkg", driver="GPKG", layer=layer)


def tiled(spec: MapSpec, slug: str) -> MapSpec:
    """The map with one layer as tiles, which no export reads."""
    layers = []
    for layer in spec.layers:
        if layer.slug == slug:
            held = layer.geometry
            name = f"{slug}-0123456789abcdef.pmtiles"
            moved = {"name": name, "path": held.path.with_suffix(".pmtiles")}
            zooms = {"min_zoom": 4, "max_zoom": 12}
            layer = layer.model_copy(update={"geometry": held.model_copy(update=moved | zooms)})
        layers.append(layer)
    return spec.model_copy(update={"layers": tuple(layers)})


def test_gdal_reads_a_layer_for_each_drawn_one(
    tmp_path: Path, spec: MapSpec, english: Text
) -> None:
    path = written(tmp_path, render_geopackage(spec, phrases=english, date=DATE))
    expected = tuple(layer.slug.replace("-", "_") for layer in spec.layers)
    assert spatial_layers(path, file="map.gpkg") == expected
    for layer in expected:
        found = layer_of(path, layer)
        assert found.crs == "EPSG:4326"
        assert found.warnings == ()
    municipalities = layer_of(path, "municipalities")
    place = municipalities.table["name"].tolist().index("Rajcza")
    assert (
        municipalities.geometry[place]
        .normalize()
        .equals_exact(
            shapely.multipolygons([shapely.box(19.0, 49.4, 19.1, 49.5)]).normalize(), 1e-6
        )
    )


def test_figures_are_numbers_and_what_is_unknown_is_null(
    tmp_path: Path, spec: MapSpec, figures: Table, english: Text
) -> None:
    content = render_geopackage(spec, phrases=english, date=DATE, figures=figures)
    table = layer_of(written(tmp_path, content), "municipalities").table.set_index("name")
    assert table.loc["Rajcza", "Residents"] == 8000.0
    assert table.loc["Rajcza", "Code"] == "2417112"
    assert table.loc["Milówka", "class"] == "Functionally linked member; Member"
    assert pd.isna(table.loc["Milówka", "Official area (ha)"])
    assert any("illustrative" in column for column in table.columns)


def test_each_layer_has_a_default_style_with_a_class_for_every_feature(
    tmp_path: Path, spec: MapSpec, english: Text
) -> None:
    path = written(tmp_path, render_geopackage(spec, phrases=english, date=DATE))
    styles = table_of(path, "layer_styles")
    assert tuple(styles["f_table_name"]) == spatial_layers(path, file="map.gpkg")
    assert styles["useAsDefault"].all()
    for name, qml in zip(styles["f_table_name"], styles["styleQML"], strict=True):
        known = {int(found.get("value")) for found in parse_xml(qml).iter("category")}
        assert set(layer_of(path, name).table["style"]) <= known


def test_notices_and_sources_go_with_the_data(tmp_path: Path, spec: MapSpec, english: Text) -> None:
    path = written(tmp_path, render_geopackage(spec, phrases=english, date=DATE))
    told = table_of(path, "sources")
    assert told.loc[told["kind"] == "source", "text"].tolist() == list(spec.attribution)
    assert told.loc[told["kind"] == "notice", "text"].tolist() == list(spec.notices)
    assert told.loc[told["kind"] == "date", "text"].tolist() == ["2026-11-22"]


def test_the_same_map_gives_the_same_bytes(spec: MapSpec, figures: Table, english: Text) -> None:
    first, second = (
        render_geopackage(spec, phrases=english, date=DATE, figures=figures) for _ in range(2)
    )
    assert first == second


def test_hostile_texts_are_kept_as_texts(tmp_path: Path, spec: MapSpec, english: Text) -> None:
    named = spec.layers[0].model_copy(update={"name": HOSTILE})
    hostile = spec.model_copy(update={"layers": (named, *spec.layers[1:]), "title": HOSTILE})
    rows = pd.DataFrame({"a": [HOSTILE], "b": [1.5], "c": [2.5]}, index=["241711"])
    columns = (Column("a", HOSTILE), Column("b", "Name", "number"), Column("c", "NAME", "number"))
    content = render_geopackage(hostile, phrases=english, date=DATE, figures=Table(rows, columns))
    path = written(tmp_path, content)
    table = layer_of(path, "municipalities").table.set_index("name")
    heading = next(column for column in table.columns if column.startswith("=cmd"))
    assert len(heading) == 120
    assert "\u202e" not in table.loc["Rajcza", heading]
    assert table.loc["Rajcza", ["Name_2", "NAME_3"]].tolist() == [1.5, 2.5]
    assert len(table_of(path, "sources")) > 3


def test_tiles_are_left_out_aloud_unless_they_are_given(
    tmp_path: Path, spec: MapSpec, english: Text
) -> None:
    big = tiled(spec, "trails")
    path = written(tmp_path, render_geopackage(big, phrases=english, date=DATE))
    assert "trails" not in spatial_layers(path, file="map.gpkg")
    assert "“Trails” is too big for this file and is left out." in set(
        table_of(path, "sources")["text"]
    )
    given = gpd.GeoDataFrame(
        {"key": ["a"], "name": ["A"], "surface": ["gravel"]},
        geometry=[shapely.LineString([(19.0, 49.4), (19.1, 49.5)])],
        crs="EPSG:4326",
    )
    content = render_geopackage(big, phrases=english, date=DATE, features={"trails": given})
    found = layer_of(written(tmp_path, content), "trails").table
    assert found[["name", "surface"]].to_numpy().tolist() == [["A", "gravel"]]


def test_only_what_the_view_meets_is_exported(tmp_path: Path, atlas: Atlas, english: Text) -> None:
    spec = build_map(atlas, Choice(partnerships=("pl-beskid",)), english)
    path = written(tmp_path, render_geopackage(spec, phrases=english, date=DATE))
    names = set(layer_of(path, "municipalities").table["name"])
    assert "Rajcza" in names
    assert "Rumburk" not in names


def test_a_class_is_called_as_in_the_legend_whatever_its_outline(
    atlas: Atlas, english: Text
) -> None:
    spec = build_map(atlas, Choice(partnerships=("pl-beskid",)), english)
    layer = next(layer for layer in spec.layers if layer.slug == "municipalities")
    labels = style_labels(spec, layer)
    assert {labels[layer.assign[key]] for key in ("241711", "241714")} == {"Beskid"}
