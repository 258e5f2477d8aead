from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pptx.oxml import parse_xml

from geoapp.core.mapspec import GeometryKind, GeometryRef, MapLayer, Pattern, Shape, Style
from geoapp.maps.qgis_style import layer_qml

COLOURS = st.from_regex(r"^#[0-9a-f]{6}\Z")
STYLES = st.builds(
    Style,
    fill=st.none() | COLOURS,
    fill_opacity=st.floats(0, 1),
    stroke=st.none() | COLOURS,
    width=st.floats(0, 20),
    dash=st.none() | st.tuples(st.floats(0, 9), st.floats(0, 9)),
    pattern=st.sampled_from(get_args(Pattern)),
    shape=st.sampled_from(get_args(Shape)),
)


def layer(kind: GeometryKind, styles: tuple[Style, ...], *, labels: bool = False) -> MapLayer:
    reference = GeometryRef(
        name="a-0123456789abcdef.geojson",
        path=Path("a"),
        kind=kind,
        features=1,
        bounds=(0, 0, 1, 1),
    )
    assign = {str(place): place for place in range(len(styles))}
    return MapLayer(
        slug="a", name="A", geometry=reference, styles=styles, assign=assign, labels=labels
    )


def options(root: Any) -> list[tuple[str | None, str | None]]:
    return [(found.get("name"), found.get("value")) for found in root.iter("Option")]


@given(st.sampled_from(get_args(GeometryKind)), st.lists(STYLES, min_size=1, max_size=3), st.text())
def test_every_style_has_a_category_and_a_symbol(
    kind: GeometryKind, styles: list[Style], label: str
) -> None:
    root = parse_xml(layer_qml(layer(kind, tuple(styles)), {0: label}))
    places = [str(place) for place in range(len(styles))]
    assert [found.get("value") for found in root.iter("category")] == places
    assert [found.get("name") for found in root.findall("./renderer-v2/symbols/symbol")] == places
    assert root.find("renderer-v2").get("attr") == "style"


@pytest.mark.parametrize(
    ("pattern", "classes"),
    [
        ("none", []),
        ("diagonal", ["LinePatternFill"]),
        ("cross", ["LinePatternFill", "LinePatternFill"]),
        ("dots", ["PointPatternFill"]),
        ("horizontal", ["LinePatternFill"]),
    ],
)
def test_a_pattern_lies_on_the_fill(pattern: Pattern, classes: list[str]) -> None:
    style = Style(fill="#a0b0c0", pattern=pattern, pattern_colour="#010203")
    root = parse_xml(layer_qml(layer("polygon", (style,)), {}))
    found = [part.get("class") for part in root.findall("./renderer-v2/symbols/symbol/layer")]
    assert found == ["SimpleFill", *classes]
    assert ("color", "160,176,192,178") in options(root)
    assert any(value == "1,2,3,255" for _, value in options(root)) == bool(classes)


def test_a_point_has_its_shape_and_size() -> None:
    style = Style(fill="#a0b0c0", shape="diamond", radius=4.8)
    found = options(parse_xml(layer_qml(layer("point", (style,)), {})))
    assert ("name", "diamond") in found
    assert ("size", "2.54") in found


def test_names_are_written_where_the_map_writes_them() -> None:
    for labels in (False, True):
        root = parse_xml(layer_qml(layer("polygon", (Style(),), labels=labels), {}))
        assert (root.find("labeling") is not None) is labels
        assert root.get("labelsEnabled") == str(int(labels))
