from collections.abc import Callable
from dataclasses import replace

import pytest

from geoapp.core.atlas import Atlas, PreparedLayer
from geoapp.core.layer import LayerSpec
from geoapp.core.theming import (
    Drawing,
    layer_label,
    source_line,
    theme_drawing,
    theme_legend,
)
from geoapp.text import Text


def layer(atlas: Atlas, slug: str) -> PreparedLayer:
    return next(found for found in atlas.layers if found.spec.slug == slug)


def drawing(atlas: Atlas, slug: str, text: Text) -> Drawing:
    found = theme_drawing(layer(atlas, slug), atlas, text)
    assert found is not None
    return found


@pytest.mark.parametrize("slug", ["trails", "nurseries", "reserve"])
def test_features_are_drawn_in_one_style_that_the_legend_shows(
    atlas: Atlas, english: Text, slug: str
) -> None:
    found = drawing(atlas, slug, english)
    (item,) = found.items
    assert found.layer.styles == (item.style,)
    assert item.kind == found.layer.geometry.kind == layer(atlas, slug).spec.kind
    assert item.label == found.layer.name
    assert not found.heading
    assert not found.layer.selectable


def test_each_kind_is_drawn_in_its_own_way(atlas: Atlas, english: Text) -> None:
    line = drawing(atlas, "trails", english).layer.styles[0]
    assert (line.stroke, line.width, line.dash, line.fill) == ("#117733", 3, (6, 3), None)
    point = drawing(atlas, "nurseries", english).layer.styles[0]
    assert (point.fill, point.shape, point.radius) == ("#aa4499", "square", 5)
    area = drawing(atlas, "reserve", english).layer.styles[0]
    assert (area.fill, area.pattern, area.pattern_colour) == ("#225522", "dots", "#225522")


def test_made_up_data_says_so_in_layer_and_legend(atlas: Atlas, english: Text) -> None:
    found = drawing(atlas, "reserve", english)
    assert found.layer.name == "Reserve (illustrative)"
    assert found.items[0].label == "Reserve (illustrative)"


def test_values_grow_with_size_and_darkness(atlas: Atlas, english: Text) -> None:
    found = drawing(atlas, "broadband", english)
    assert found.heading == "Broadband (%)"
    assert [item.label for item in found.items] == ["41.5 – 49", "49 – 73"]
    small, large = found.layer.styles
    assert small.radius < large.radius
    assert small.fill_opacity < large.fill_opacity
    assert found.layer.assign == {"241711": 0, "241714": 1}
    assert found.layer.tooltips["241711"] == ("Broadband (%): 41.5",)


def test_an_unknown_value_is_not_drawn(atlas: Atlas, english: Text) -> None:
    found = drawing(atlas, "broadband", english).layer
    assert "241709" not in found.assign
    assert found.default is None


def test_a_table_of_facilities_shows_their_places(atlas: Atlas, english: Text) -> None:
    found = drawing(atlas, "care", english)
    assert found.heading == "Care homes (places)"
    # one value is no range
    assert [item.label for item in found.items] == ["51"]


def test_a_table_without_a_value_is_not_drawn(atlas: Atlas, english: Text) -> None:
    bare = replace(atlas, figures=atlas.figures[atlas.figures["layer"] != "broadband"])
    assert theme_drawing(layer(atlas, "broadband"), bare, english) is None


def test_a_layer_whose_file_is_of_no_use_is_not_drawn(
    atlas: Atlas, english: Text, make_layer: Callable[..., LayerSpec]
) -> None:
    assert theme_drawing(PreparedLayer(make_layer()), atlas, english) is None


def test_single_symbols_share_a_heading_and_classes_have_their_own(
    atlas: Atlas, english: Text
) -> None:
    drawings = [drawing(atlas, slug, english) for slug in ("broadband", "trails", "nurseries")]
    single, classed = theme_legend(drawings, english)
    assert single.title == "Themes"
    assert [item.label for item in single.items] == ["Trails", "Nurseries"]
    assert classed.title == "Broadband (%)"
    assert theme_legend(drawings[:1], english) == (classed,)
    assert theme_legend([], english) == ()


def test_a_name_tells_what_is_not_real(english: Text, make_layer: Callable[..., LayerSpec]) -> None:
    schematic = make_layer(theme="boundaries", kind="polygon", schematic=True)
    assert layer_label(schematic, english) == "Trails (schematic)"
    assert layer_label(make_layer(illustrative=True), english) == "Trails (illustrative)"
    assert layer_label(make_layer(), english) == "Trails"


def test_a_source_has_a_date_or_says_that_it_has_none(
    english: Text, make_layer: Callable[..., LayerSpec]
) -> None:
    assert source_line(make_layer(), english) == "Trails: a source, date not known, CC0"
    credited = make_layer(attribution="© OSM", date="2024-05", licence="ODbL")
    assert source_line(credited, english) == "Trails: © OSM, 2024-05, ODbL"
