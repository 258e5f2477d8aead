from pathlib import Path

import pytest
from pydantic import ValidationError

from geoapp.core.mapspec import BaseMap, GeometryRef, MapLayer, MapSpec, Style, View


def reference(**changes: object) -> GeometryRef:
    plain = {
        "name": "obce-0123456789abcdef.geojson",
        "path": Path("obce.geojson"),
        "kind": "polygon",
        "features": 2,
        "bounds": (14, 49, 15, 50),
    }
    return GeometryRef.model_validate(plain | changes)


@pytest.mark.parametrize(
    "name",
    [
        "obce.geojson",
        "obce-0123456789ABCDEF.geojson",
        "../obce-0123456789abcdef.geojson",
        "obce-0123456789abcdef.geojson\n",
        "obce-0123456789abcdef.gpkg",
    ],
)
def test_geometry_is_named_by_its_content(name: str) -> None:
    with pytest.raises(ValidationError, match="name"):
        reference(name=name)


def test_tiles_have_levels_and_geojson_has_none() -> None:
    name = "roads-0123456789abcdef.pmtiles"
    tiles = reference(name=name, min_zoom=4, max_zoom=12)
    assert (tiles.is_tiled, reference().is_tiled) == (True, False)
    for wrong in ({"name": name}, {"name": name, "min_zoom": 4}, {"max_zoom": 12}):
        with pytest.raises(ValidationError, match="tiles, and only tiles, have"):
            reference(**wrong)


@pytest.mark.parametrize("bounds", [(14, 49, 15), (14, 49, float("nan"), 50)])
def test_bounds_are_four_numbers(bounds: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match="bounds"):
        reference(bounds=bounds)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("fill", "red"),
        ("fill", "#FFFFFF"),
        ("stroke", "#ffffff;background:url(//host)"),
        ("fill_opacity", 1.1),
        ("width", -1),
        ("radius", 0),
        ("pattern", "zigzag"),
        ("dash", (float("inf"), 1)),
    ],
)
def test_a_style_is_what_every_renderer_can_draw(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        Style.model_validate({field: value})


def test_equal_styles_are_one_key() -> None:
    assert len({Style(dash=(4, 2)), Style(dash=(4, 2)), Style(dash=(4, 3))}) == 2


@pytest.mark.parametrize(
    "url", ["http://tile.example/{z}", "https://tile.example/ {z}", 'https://tile.example/"', ""]
)
def test_a_background_has_a_safe_address(url: str) -> None:
    with pytest.raises(ValidationError, match="url"):
        BaseMap(slug="osm", name="OSM", url=url, attribution="OSM")


def test_a_layer_needs_a_style_and_a_slug() -> None:
    with pytest.raises(ValidationError, match="styles"):
        MapLayer(slug="obce", name="Obce", geometry=reference(), styles=())
    with pytest.raises(ValidationError, match="slug"):
        MapLayer(slug="Obce ČR", name="Obce", geometry=reference(), styles=(Style(),))


def test_a_map_survives_json() -> None:
    layer = MapLayer(
        slug="obce",
        name="Obce",
        geometry=reference(),
        styles=(Style(), Style(fill="#88ccee", dash=(4, 2))),
        assign={"562858": 1},
        tooltips={"562858": ("Šluknov", "{{7*7}}")},
    )
    spec = MapSpec(
        title="Šluknovsko",
        language="cs",
        view=View(key="a", bounds=(14, 49, 15, 50)),
        layers=(layer,),
    )
    assert MapSpec.model_validate_json(spec.model_dump_json()) == spec
