from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from geoapp.core.atlas import Atlas
from geoapp.core.building import build_map, group_choice
from geoapp.core.choice import Choice
from geoapp.core.mapspec import BaseMap, GeometryRef, LegendItem, MapLayer, MapSpec, Style
from geoapp.core.scene import Decision, Scene, Story, scene_map
from geoapp.core.table import Column, Table, municipality_rows
from geoapp.errors import FileRefusedError
from geoapp.maps.single_file import single_file, story_file, story_payload
from geoapp.text import LANGUAGES, Text

CHOICE = Choice(partnerships=("pl-beskid",), group_by="role", layers=("reserve",))
SCENE = Scene(
    slug="a",
    title="Żłobki <b>",
    text="Pierwszy\nDruhý odstavec",
    choice=CHOICE,
    decisions=(Decision(date=dt.date(2026, 11, 20), text="Zgłosić do 15 XII"),),
)
STORY = Story(slug="s", title="Zebranie </title>", scenes=(SCENE,))
HOSTILE = "</script><script>alert(1)</script><!--<script>\u202e\x07 {{7*7}} ${x} =1+1"


@pytest.fixture
def spec(atlas: Atlas, english: Text) -> MapSpec:
    return build_map(atlas, CHOICE, english)


@pytest.fixture
def table(atlas: Atlas, english: Text) -> Table:
    return municipality_rows(atlas, group_choice(atlas, CHOICE), english, sources=True)


def data_of(page: bytes) -> dict[str, Any]:
    found = re.search(r'id="geoapp-data">(.*?)</script>', page.decode(), re.DOTALL)
    assert found
    loaded: dict[str, Any] = json.loads(found[1])
    return loaded


def scripts_of(page: bytes) -> list[str]:
    return re.findall(r"<script(?: type=\"module\")?>(.*?)</script>", page.decode(), re.DOTALL)


def test_the_page_holds_map_table_geometry_and_nothing_twice(spec: MapSpec, table: Table) -> None:
    page = single_file(spec, table, Text("en"))
    data = data_of(page)
    assert [layer["slug"] for layer in data["map"]["layers"]] == [
        drawn.slug for drawn in spec.layers
    ]
    assert set(data["geometry"]) == {layer.geometry.name for layer in spec.layers}
    assert len(data["table"]["rows"]) == len(table.rows)
    assert page.count(b'"241711"') > 0
    assert str(spec.layers[0].geometry.path.parent) not in page.decode()


def test_every_script_and_style_is_allowed_by_its_hash_and_nothing_else(
    spec: MapSpec, table: Table
) -> None:
    page = single_file(spec, table, Text("en"))
    found = re.search(r'Content-Security-Policy" content="([^"]+)"', page.decode())
    assert found
    rules = dict(rule.split(" ", 1) for rule in found[1].split("; "))
    styles = re.findall(r"<style>(.*?)</style>", page.decode(), re.DOTALL)
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for name, texts in (("script-src", scripts_of(page)), ("style-src", styles)):
        hashes = [
            f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
            for text in texts
        ]
        assert rules[name].split() == hashes
    assert len(scripts_of(page)) == 2


def test_no_script_ends_before_its_end(spec: MapSpec, table: Table) -> None:
    for script in scripts_of(single_file(spec, table, Text("en"))):
        assert "<!--" not in script
        assert "<script" not in script


def test_the_same_map_gives_the_same_bytes(spec: MapSpec, table: Table) -> None:
    assert single_file(spec, table, Text("pl")) == single_file(spec, table, Text("pl"))
    assert story_file(STORY, [spec], Text("cs")) == story_file(STORY, [spec], Text("cs"))


def test_code_and_styles_stay_small(spec: MapSpec, table: Table) -> None:
    page = single_file(spec, table, Text("en"))
    data = re.search(rb'id="geoapp-data">(.*?)</script>', page, re.DOTALL)
    assert data
    assert len(page) - len(data[1]) < 400_000


def test_notices_words_and_sources_are_there_without_scripts(spec: MapSpec, table: Table) -> None:
    page = single_file(spec, table, Text("en")).decode()
    body = page[page.index("<body") : page.index("<script")]
    assert "Illustrative data, made up: Reserve." in body
    assert "Reserve (illustrative): geoapp, date not known, CC0" in body
    assert spec.text_alternative[:40] in body


def test_a_story_is_readable_without_scripts(spec: MapSpec) -> None:
    page = story_file(STORY, [spec], Text("en")).decode()
    body = page[page.index("<body") : page.index('<script type="application/json"')]
    for text in ("Żłobki &lt;b&gt;", "Druhý odstavec", "2026-11-20: Zgłosić do 15 XII", "geoapp,"):
        assert text in body


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_story_speaks_every_language(atlas: Atlas, language: Any) -> None:
    text = Text(language)
    spec = scene_map(build_map(atlas, CHOICE, text), SCENE)
    payload = story_payload(STORY, [spec], text)
    assert payload["language"] == language
    assert payload["scenes"][0]["map"]["language"] == language
    assert payload["scenes"][0]["decisions"] == [
        {"date": "2026-11-20", "text": "Zgłosić do 15 XII"}
    ]


def test_scenes_that_share_a_display_file_hold_it_once(spec: MapSpec) -> None:
    more = (SCENE, SCENE.model_copy(update={"slug": "b"}))
    one = story_file(STORY, [spec], Text("en"))
    two = story_file(Story(slug="s", title="S", scenes=more), [spec, spec], Text("en"))
    assert data_of(one)["geometry"] == data_of(two)["geometry"]


def test_hostile_texts_stay_texts(spec: MapSpec, tmp_path: Path) -> None:
    rows = Table(pd.DataFrame({"name": [HOSTILE]}, index=[HOSTILE]), (Column("name", HOSTILE),))
    layer = spec.layers[-1].model_copy(
        update={"name": HOSTILE, "tooltips": {HOSTILE: (HOSTILE * 8,)}}
    )
    hostile = spec.model_copy(
        update={"title": HOSTILE, "layers": (layer,), "attribution": (HOSTILE,)}
    )
    page = single_file(hostile, rows, Text("en"))
    assert len(scripts_of(page)) == 2
    assert b"alert(1)</script>" not in page
    assert "\u202e" not in page.decode()
    assert b"\x07" not in page
    # a key is spelled alike wherever it stands
    assert data_of(page)["table"]["rows"][0]["key"] in data_of(page)["map"]["layers"][0]["tooltips"]


def test_a_background_map_is_left_out(spec: MapSpec, table: Table) -> None:
    base = BaseMap(slug="osm", name="OSM", url="https://tile.example/{z}.png", attribution="©")
    page = single_file(spec.model_copy(update={"base_map": base}), table, Text("en"))
    assert data_of(page)["map"]["baseMap"] is None
    assert b"tile.example" not in page


def test_tiles_are_left_out_with_a_notice(spec: MapSpec, table: Table) -> None:
    tiled = GeometryRef(
        name="roads-0123456789abcdef.pmtiles",
        path=Path("nowhere"),
        kind="line",
        features=9,
        bounds=(18, 49, 19, 50),
        min_zoom=5,
        max_zoom=12,
    )
    style = Style(stroke="#3b6fb6")
    layer = MapLayer(slug="roads", name="Roads", geometry=tiled, styles=(style,))
    item = LegendItem(label="Roads", style=style, kind="line")
    legend = spec.legend[0].model_copy(update={"items": (*spec.legend[0].items, item)})
    whole = spec.model_copy(update={"layers": (*spec.layers, layer), "legend": (legend,)})
    data = data_of(single_file(whole, table, Text("en")))
    assert "roads" not in [layer["slug"] for layer in data["map"]["layers"]]
    assert data["map"]["notices"][-1].startswith("Roads: too large")
    assert "Roads" not in [line["label"] for line in data["map"]["legend"][0]["items"]]


@pytest.mark.parametrize(
    ("content", "found"),
    [(None, "FileNotFoundError"), ("[", "JSONDecodeError"), ("[]", "other JSON")],
)
def test_a_display_file_that_is_none_is_refused(
    spec: MapSpec, table: Table, tmp_path: Path, content: str | None, found: str
) -> None:
    path = tmp_path / "obce.geojson"
    if content is not None:
        path.write_text(content)
    geometry = spec.layers[0].geometry.model_copy(update={"path": path})
    broken = spec.layers[0].model_copy(update={"geometry": geometry})
    with pytest.raises(FileRefusedError, match=f"obce.geojson: .*found {found}"):
        single_file(spec.model_copy(update={"layers": (broken,)}), table, Text("en"))


def test_borders_are_those_of_the_first_scale_and_ask_for_no_finer(
    spec: MapSpec, table: Table, tmp_path: Path
) -> None:
    path = tmp_path / "obce.geojson"
    held = json.loads(spec.layers[-1].geometry.path.read_text("utf-8"))
    held["finer"] = {"index": "finer-0123456789abcdef.geojson", "zoom": 9}
    held["features"][0]["properties"]["note"] = "of no use to a map"
    path.write_text(json.dumps(held), "utf-8")
    geometry = spec.layers[-1].geometry.model_copy(update={"path": path})
    layer = spec.layers[-1].model_copy(update={"geometry": geometry})
    page = single_file(spec.model_copy(update={"layers": (layer,)}), table, Text("en"))
    assert set(data_of(page)["geometry"][geometry.name]) == {"type", "features"}
    assert b"of no use to a map" not in page
