"""Styles as SVG markup: fill patterns, point symbols and legend swatches. Lengths are pixels.

Every value that gets into the markup is a checked colour, a number or one of our own words.
"""

from __future__ import annotations

from dataclasses import dataclass

from geoapp.core.mapspec import GeometryKind, Pattern, Shape, Style


@dataclass(frozen=True, slots=True)
class _Tile:
    side: int
    stroke: str = ""
    dots: tuple[tuple[int, int], ...] = ()


_RISING = "M-2.5,2.5 l5,-5 M0,10 l10,-10 M7.5,12.5 l5,-5"
_FALLING = "M-2.5,7.5 l5,5 M0,0 l10,10 M7.5,-2.5 l5,5"
_TILES: dict[Pattern, _Tile] = {
    "diagonal": _Tile(10, _RISING),
    "back-diagonal": _Tile(10, _FALLING),
    "cross": _Tile(10, f"{_RISING} {_FALLING}"),
    "horizontal": _Tile(7, "M0,3.5 h7"),
    "dots": _Tile(9, dots=((2, 2), (7, 7))),
}
_LINE = 1.3
_DOT = 1.3

# Corners on a circle of radius 1, scaled so that all shapes cover about the same area.
_CORNERS: dict[Shape, tuple[tuple[float, float], ...]] = {
    "square": ((-0.89, -0.89), (0.89, -0.89), (0.89, 0.89), (-0.89, 0.89)),
    "triangle": ((0, -1.45), (1.26, 0.73), (-1.26, 0.73)),
    "diamond": ((0, -1.28), (1.28, 0), (0, 1.28), (-1.28, 0)),
}
_REACH = 1.45


def fill_reference(style: Style) -> str:
    """Return what a shape of this style is filled with.

    >>> fill_reference(Style(fill="#a0b0c0"))
    '#a0b0c0'
    >>> fill_reference(Style(fill="#a0b0c0", pattern="dots", pattern_colour="#000000"))
    'url(#geoapp-dots-a0b0c0-70-000000)'
    """
    return style.fill or "none" if style.pattern == "none" else f"url(#{_pattern_name(style)})"


def pattern_definitions(styles: list[Style]) -> str:
    """Return one `<svg>` with the fill patterns of these styles, to be put into a page once."""
    named = {_pattern_name(style): style for style in styles if style.pattern != "none"}
    patterns = "".join(_pattern(name, style) for name, style in named.items())
    return (
        '<svg width="0" height="0" aria-hidden="true" style="position:absolute">'
        f"<defs>{patterns}</defs></svg>"
    )


def point_symbol(style: Style) -> tuple[str, float]:
    """Return the `<svg>` of a point symbol and the side of its square, in pixels."""
    half = style.radius * _REACH + style.width
    side = round(2 * half, 2)
    shape = _shape(style, half, half, style.radius)
    return f'<svg width="{side}" height="{side}" aria-hidden="true">{shape}</svg>', side


def swatch(style: Style, kind: GeometryKind, width: int = 30, height: int = 20) -> str:
    """Return the `<svg>` of a legend line: the very fill, stroke or symbol of the map."""
    if kind == "point":
        radius = min(style.radius, height / 2 - 3)
        inside = _shape(style, width / 2, height / 2, radius)
    elif kind == "line":
        inside = f'<path d="M2,{height / 2} H{width - 2}" fill="none" {_stroke(style)}/>'
    else:
        edge = min(style.width, 4) / 2 + 0.5
        inside = (
            f'<rect x="{edge}" y="{edge}" width="{width - 2 * edge}" height="{height - 2 * edge}" '
            f"{_fill(style)} {_stroke(style)}/>"
        )
    return f'<svg width="{width}" height="{height}" aria-hidden="true">{inside}</svg>'


def _pattern_name(style: Style) -> str:
    fill = (style.fill or "none").removeprefix("#")
    share = round(style.fill_opacity * 100)
    return f"geoapp-{style.pattern}-{fill}-{share}-{style.pattern_colour.removeprefix('#')}"


def _pattern(name: str, style: Style) -> str:
    tile = _TILES[style.pattern]
    side, colour = tile.side, style.pattern_colour
    ground = f'<rect width="{side}" height="{side}" {_plain_fill(style)}/>' if style.fill else ""
    lines = f'<path d="{tile.stroke}" fill="none" stroke="{colour}" stroke-width="{_LINE}"/>'
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="{_DOT}" fill="{colour}"/>' for x, y in tile.dots)
    return (
        f'<pattern id="{name}" width="{side}" height="{side}" patternUnits="userSpaceOnUse">'
        f"{ground}{lines if tile.stroke else ''}{dots}</pattern>"
    )


def _shape(style: Style, x: float, y: float, radius: float) -> str:
    if style.shape == "circle":
        return f'<circle cx="{x}" cy="{y}" r="{radius}" {_fill(style)} {_stroke(style)}/>'
    corners = " ".join(
        f"{x + dx * radius:.2f},{y + dy * radius:.2f}" for dx, dy in _CORNERS[style.shape]
    )
    return f'<polygon points="{corners}" {_fill(style)} {_stroke(style)}/>'


def _fill(style: Style) -> str:
    if style.pattern == "none":
        return _plain_fill(style)
    return f'fill="{fill_reference(style)}"'


def _plain_fill(style: Style) -> str:
    return f'fill="{style.fill or "none"}" fill-opacity="{style.fill_opacity}"'


def _stroke(style: Style) -> str:
    dash = f' stroke-dasharray="{style.dash[0]} {style.dash[1]}"' if style.dash else ""
    return (
        f'stroke="{style.stroke or "none"}" stroke-opacity="{style.stroke_opacity}" '
        f'stroke-width="{style.width}"{dash}'
    )
