from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import pytest

import geoapp
from geoapp.core.mapspec import GeometryKind, Pattern, Shape, Style
from geoapp.maps import svg_symbols
from geoapp.maps.svg_symbols import fill_reference, pattern_definitions, point_symbol, swatch

COMPONENT = Path(geoapp.__file__).parent / "ui" / "map_component"
PATTERNS = get_args(Pattern)
SHAPES = get_args(Shape)


@pytest.mark.parametrize(
    ("kind", "pattern", "shape"), list(product(get_args(GeometryKind), PATTERNS, SHAPES))
)
def test_every_style_has_a_swatch(kind: GeometryKind, pattern: Pattern, shape: Shape) -> None:
    style = Style(fill="#102030", pattern=pattern, shape=shape, dash=(4, 2), radius=30)
    svg = ElementTree.fromstring(swatch(style, kind))  # noqa: S314 - our own markup
    assert svg.attrib["width"] == "30"
    (drawn,) = svg
    assert drawn.attrib["stroke"] == "#404040"
    assert drawn.attrib["fill"] == ("none" if kind == "line" else fill_reference(style))


def test_each_pattern_is_defined_once_and_under_the_name_it_is_used_by() -> None:
    styles = [Style(fill="#102030", pattern=pattern) for pattern in PATTERNS]
    markup = pattern_definitions([*styles, *styles])
    for style in styles:
        name = fill_reference(style)[5:-1]
        assert markup.count(f'id="{name}"') == (0 if style.pattern == "none" else 1)


def test_styles_that_differ_have_patterns_that_differ() -> None:
    styles = [
        Style(fill=fill, fill_opacity=opacity, pattern="dots", pattern_colour=colour)
        for fill, opacity, colour in product((None, "#102030"), (0.3, 0.7), ("#000000", "#ffffff"))
    ]
    assert len({fill_reference(style) for style in styles}) == len(styles)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_symbol_lies_inside_its_square(shape: Shape) -> None:
    markup, side = point_symbol(Style(fill="#102030", shape=shape, radius=10, width=2))
    corners = re.findall(r"(-?[\d.]+),(-?[\d.]+)", markup)
    assert all(0 <= float(number) <= side for corner in corners for number in corner)
    assert side >= 20


def test_the_live_map_draws_the_same_patterns_and_shapes() -> None:
    patterns = (COMPONENT / "patterns.js").read_text(encoding="utf-8")
    symbols = (COMPONENT / "symbols.js").read_text(encoding="utf-8")
    for path in (svg_symbols._RISING, svg_symbols._FALLING):
        assert f"'{path}'" in patterns
    for name, tile in svg_symbols._TILES.items():
        line = next(line for line in patterns.splitlines() if re.match(f"  '?{name}'?:", line))
        assert f"side: {tile.side}" in line
        assert re.findall(r"\[(\d), (\d)\]", line) == [(str(x), str(y)) for x, y in tile.dots]
    for shape, corners in svg_symbols._CORNERS.items():
        line = next(line for line in symbols.splitlines() if line.startswith(f"  {shape}: "))
        found = re.findall(r"\[(-?[\d.]+), (-?[\d.]+)\]", line)
        assert [(float(x), float(y)) for x, y in found] == list(corners)
