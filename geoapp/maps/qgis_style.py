"""The style of a layer as QGIS keeps it (QML): the same classes, colours and patterns.

Lengths in a MapSpec are CSS pixels; QGIS is told millimetres at 96 pixels to the inch.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

from geoapp.core.mapspec import GeometryKind, MapLayer, Pattern, Style
from geoapp.maps.office_package import written_text

VERSION = "3.28.0-Firenze"
STYLE_COLUMN = "style"

_MM_PER_PX = 25.4 / 96
_ANGLES: dict[Pattern, tuple[int, ...]] = {
    "diagonal": (45,),
    "back-diagonal": (135,),
    "cross": (45, 135),
    "horizontal": (0,),
}
_SYMBOL_TYPES: dict[GeometryKind, str] = {"polygon": "fill", "line": "line", "point": "marker"}
_GEOMETRY_TYPES: dict[GeometryKind, int] = {"point": 0, "line": 1, "polygon": 2}


def layer_qml(layer: MapLayer, labels: dict[int, str]) -> str:
    """Return the style document of a layer whose features have their class in `STYLE_COLUMN`.

    Parameters
    ----------
    layer
        The layer as drawn.
    labels
        What the legend says of a style, by its index; styles without are called by the layer.
    """
    used = sorted({*layer.assign.values(), *([] if layer.default is None else [layer.default])})
    kind = layer.geometry.kind
    categories = "".join(
        f'<category type="long" render="true" value="{index}" symbol="{index}" '
        f"label={quoteattr(written_text(labels.get(index, layer.name)))}/>"
        for index in used
    )
    symbols = "".join(_symbol(str(index), kind, layer.styles[index]) for index in used)
    naming = _labelling() if layer.labels else ""
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        f'<qgis version="{VERSION}" styleCategories="Symbology|Labeling" '
        f'labelsEnabled="{int(layer.labels)}">'
        f'<renderer-v2 type="categorizedSymbol" attr="{STYLE_COLUMN}" enableorderby="0" '
        f'symbollevels="0" forceraster="0"><categories>{categories}</categories>'
        f"<symbols>{symbols}</symbols></renderer-v2>{naming}"
        f"<layerGeometryType>{_GEOMETRY_TYPES[kind]}</layerGeometryType></qgis>\n"
    )


def _symbol(name: str, kind: GeometryKind, style: Style) -> str:
    make = {"polygon": _fill_layers, "line": _line_layers, "point": _marker_layers}[kind]
    return (
        f'<symbol type="{_SYMBOL_TYPES[kind]}" name="{name}" alpha="1" clip_to_extent="1" '
        f'force_rhr="0">{make(style)}</symbol>'
    )


def _fill_layers(style: Style) -> str:
    plain = _symbol_layer(
        "SimpleFill",
        [
            ("color", _colour(style.fill or "#ffffff", style.fill_opacity)),
            ("style", "solid" if style.fill else "no"),
            *_outline(style),
        ],
    )
    if style.pattern == "none":
        return plain
    if style.pattern == "dots":
        return plain + _dotted(style)
    return plain + "".join(_hatched(style, angle) for angle in _ANGLES[style.pattern])


def _hatched(style: Style, angle: int) -> str:
    line = _symbol_layer(
        "SimpleLine",
        [
            ("line_color", _colour(style.pattern_colour)),
            ("line_width", _mm(1.3)),
            ("line_width_unit", "MM"),
        ],
    )
    return _symbol_layer(
        "LinePatternFill",
        [("angle", str(angle)), ("distance", _mm(7)), ("distance_unit", "MM")],
        f'<symbol type="line" name="@0@1" alpha="1">{line}</symbol>',
    )


def _dotted(style: Style) -> str:
    dot = _symbol_layer(
        "SimpleMarker",
        [
            ("name", "circle"),
            ("color", _colour(style.pattern_colour)),
            ("outline_style", "no"),
            ("size", _mm(2.6)),
            ("size_unit", "MM"),
        ],
    )
    return _symbol_layer(
        "PointPatternFill",
        [
            ("distance_x", _mm(9)),
            ("distance_y", _mm(4.5)),
            ("displacement_x", _mm(4.5)),
            *((f"{name}_unit", "MM") for name in ("distance_x", "distance_y", "displacement_x")),
        ],
        f'<symbol type="marker" name="@0@1" alpha="1">{dot}</symbol>',
    )


def _line_layers(style: Style) -> str:
    colour = _colour(style.stroke or "#000000", style.stroke_opacity if style.stroke else 0)
    dash = ";".join(_mm(length) for length in style.dash) if style.dash else "5;2"
    return _symbol_layer(
        "SimpleLine",
        [
            ("line_color", colour),
            ("line_width", _mm(style.width)),
            ("line_width_unit", "MM"),
            ("capstyle", "round"),
            ("joinstyle", "round"),
            ("use_custom_dash", str(int(style.dash is not None))),
            ("customdash", dash),
            ("customdash_unit", "MM"),
        ],
    )


def _marker_layers(style: Style) -> str:
    return _symbol_layer(
        "SimpleMarker",
        [
            ("name", style.shape),
            ("color", _colour(style.fill or "#ffffff", style.fill_opacity if style.fill else 0)),
            ("size", _mm(2 * style.radius)),
            ("size_unit", "MM"),
            *_outline(style),
        ],
    )


def _outline(style: Style) -> list[tuple[str, str]]:
    drawn = "dash" if style.dash else "solid"
    return [
        ("outline_color", _colour(style.stroke or "#000000", style.stroke_opacity)),
        ("outline_style", drawn if style.stroke and style.width else "no"),
        ("outline_width", _mm(style.width)),
        ("outline_width_unit", "MM"),
    ]


def _symbol_layer(kind: str, options: Iterable[tuple[str, str]], inside: str = "") -> str:
    written = "".join(
        f'<Option type="QString" name="{name}" value="{value}"/>' for name, value in options
    )
    return (
        f'<layer class="{kind}" enabled="1" locked="0" pass="0">'
        f'<Option type="Map">{written}</Option>{inside}</layer>'
    )


def _labelling() -> str:
    return (
        '<labeling type="simple"><settings calloutType="simple"><text-style fieldName="name" '
        'isExpression="0" fontSize="9" fontSizeUnit="Point" textColor="27,31,36,255">'
        '<text-buffer bufferDraw="1" bufferSize="0.8" bufferSizeUnits="MM" '
        'bufferColor="255,255,255,230"/></text-style><placement placement="1"/></settings>'
        "</labeling>"
    )


def _colour(colour: str, opacity: float = 1) -> str:
    parts = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
    return ",".join(map(str, [*parts, round(opacity * 255)]))


def _mm(pixels: float) -> str:
    return f"{pixels * _MM_PER_PX:.2f}"
