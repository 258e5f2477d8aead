from __future__ import annotations

import json
from pathlib import Path

import pytest

from geoapp.core.mapspec import (
    BaseMap,
    GeometryRef,
    LegendGroup,
    LegendItem,
    MapLayer,
    MapSpec,
    Style,
    View,
)
from geoapp.core.vocabulary import CONTROL_NAMES
from geoapp.maps.live import geometry_url, live_payload, phrases

NAME = "obce-0123456789abcdef.geojson"
BOUNDS = (17.0, 49.0, 19.0, 50.0)


def _spec(**changes: object) -> MapSpec:
    style = Style(fill="#a0b0c0", pattern="dots")
    layer = MapLayer(
        slug="obce",
        name="Obce",
        geometry=GeometryRef(
            name=NAME,
            path=Path("/srv/secret/store") / NAME,
            kind="polygon",
            features=2,
            bounds=BOUNDS,
        ),
        styles=(style,),
        assign={"500496": 0},
        default=None,
        tooltips={"500496": ("Olomouc", "2024")},
        selectable=True,
    )
    values: dict[str, object] = {
        "title": "Obce",
        "language": "cs",
        "view": View(key="all", bounds=BOUNDS),
        "layers": (layer,),
        "legend": (LegendGroup(title="Skupina", items=(LegendItem(label="A", style=style),)),),
    }
    return MapSpec(**{**values, **changes})  # type: ignore[arg-type]


def test_the_payload_is_json_and_names_no_path_of_the_machine() -> None:
    text = json.dumps(live_payload(_spec()))
    assert "secret" not in text
    assert json.loads(text) == live_payload(_spec())


def test_a_layer_carries_what_the_renderer_needs() -> None:
    (layer,) = live_payload(_spec())["layers"]
    assert layer["url"] == f"layers/{NAME}"
    assert (layer["geometry"], layer["kind"], layer["features"]) == (NAME, "polygon", 2)
    assert layer["assign"] == {"500496": 0}
    assert layer["default"] is None
    assert layer["tooltips"] == {"500496": ["Olomouc", "2024"]}
    assert layer["styles"][0]["pattern"] == "dots"
    assert layer["styles"][0] == live_payload(_spec())["legend"][0]["items"][0]["style"]


@pytest.mark.parametrize("base", ["https://maps.example/app", "https://maps.example/app/"])
def test_an_address_joins_with_one_slash(base: str) -> None:
    assert geometry_url(NAME, base) == f"https://maps.example/app/layers/{NAME}"


def test_phrases_are_complete_and_the_readers_come_first() -> None:
    found = phrases(_spec(phrases={"legend": "Legenda"}))
    assert found.keys() == CONTROL_NAMES.keys()
    assert found["legend"] == "Legenda"
    assert found["zoom-in"] == CONTROL_NAMES["zoom-in"]


def test_the_base_map_is_there_only_when_chosen() -> None:
    assert live_payload(_spec())["baseMap"] is None
    base = BaseMap(slug="wms", name="Base", url="https://wms.example/", attribution="©", kind="wms")
    assert live_payload(_spec(base_map=base))["baseMap"]["url"] == "https://wms.example/"
