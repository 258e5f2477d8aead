"""Styles as ink on paper: fills, hatches, outlines, lines and point symbols, in mm of the page.

A hatch is drawn as lines of its own, so that it is the same in PDF, SVG and PNG, survives a
black-and-white copier and has the width and distance that paper needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from numpy.typing import NDArray

from geoapp.core.mapspec import GeometryKind, Pattern, Shape, Style
from geoapp.maps.sheet_layout import Rect
from geoapp.maps.sheet_text import MM_PER_POINT

Floats = NDArray[np.float64]

Hatches = dict[str, tuple[Pattern, float]]
"""Pattern and relative distance by fill colour."""

POINTS_PER_PIXEL = 0.75
"""A CSS pixel is 1/96 inch, a point 1/72."""

_ANGLES: dict[Pattern, tuple[float, ...]] = {
    "none": (),
    "dots": (),
    "diagonal": (45,),
    "back-diagonal": (135,),
    "cross": (45, 135),
    "horizontal": (0,),
}
_SPACING_MM = 1.9
_HATCH_POINTS = 0.95
_EXTRA_HATCH_POINTS = 0.5
"""Of a pattern that only paper needs; it leaves the colour in the foreground."""
_DOT_POINTS = 1.6
_LIGHT, _DARK = 0.88, 0.35

# Corners on a circle of radius 1, scaled so that all shapes cover about the same area.
_CORNERS: dict[Shape, tuple[tuple[float, float], ...]] = {
    "square": ((-0.89, -0.89), (0.89, -0.89), (0.89, 0.89), (-0.89, 0.89)),
    "triangle": ((0, 1.45), (1.26, -0.73), (-1.26, -0.73)),
    "diamond": ((0, -1.28), (1.28, 0), (0, 1.28), (-1.28, 0)),
}


@dataclass(frozen=True, slots=True)
class Ink:
    """How the styles of a map are drawn on this sheet.

    Attributes
    ----------
    factor
        How much larger than on A4 lines and symbols are.
    hatches
        Pattern and distance (a multiple of the usual one) of the plain fills that need a
        pattern to be told from others without colour.
    symbols, lines
        What is left of the size of symbols and of the width of lines where they stand close.
    """

    factor: float
    hatches: Hatches
    symbols: float = 1.0
    lines: float = 1.0

    def points(self, pixels: float) -> float:
        """Return the width of a line in points."""
        return pixels * POINTS_PER_PIXEL * self.factor

    def hatch_points(self, style: Style) -> float:
        """Return the width of the lines of a pattern in points."""
        return self.factor * (_EXTRA_HATCH_POINTS if self._extra(style) else _HATCH_POINTS)

    def _extra(self, style: Style) -> tuple[Pattern, float] | None:
        return self.hatches.get(str(style.fill)) if _is_plain(style) else None

    def hatch(self, style: Style) -> tuple[Pattern, float]:
        """Return the pattern of a style and the distance of its lines in mm."""
        pattern, distance = self._extra(style) or (style.pattern, 1.0)
        return pattern, distance * _SPACING_MM * self.factor


def print_hatches(styles: Iterable[Style]) -> Hatches:
    """Return patterns for fills that only their colour tells apart on the screen.

    The first plain fill stays plain; each other gets a finer pattern than any of
    the screen. Light grounds, of an opacity below one half, are told by their lightness.

    >>> red, blue = Style(fill="#cc6677"), Style(fill="#88ccee")
    >>> print_hatches([red, blue]) == {"#88ccee": ("horizontal", 0.8)}
    True
    """
    plain = list(dict.fromkeys(str(style.fill) for style in styles if _is_plain(style)))
    patterns: tuple[Pattern, ...] = ("horizontal", "dots", "back-diagonal", "diagonal", "cross")
    free = [(pattern, distance) for distance in (0.8, 0.5, 1.2) for pattern in patterns]
    return dict(zip(plain[1:], free, strict=False))


def draw_polygons(axes: Axes, shapes: NDArray[np.object_], style: Style, ink: Ink) -> None:
    """Draw areas of one style as one path: ground, then hatch; `draw_outlines` comes after."""
    if style.fill is None and style.pattern == "none":
        return
    if style.fill is not None:
        axes.add_artist(
            PathPatch(
                polygon_path(shapes), facecolor=style.fill, alpha=style.fill_opacity, linewidth=0
            )
        )
    pattern, distance = ink.hatch(style)
    colour = _readable(style)
    if pattern == "dots":
        dots = dots_within(shapes, distance)
        _draw_dots(axes, dots, colour, _DOT_POINTS * ink.factor * min(1, distance / ink.factor))
    elif pattern != "none":
        lines = hatch_lines(shapes, pattern, distance)
        _draw_path(axes, line_path(lines), colour, ink.hatch_points(style))


def draw_outlines(axes: Axes, shapes: NDArray[np.object_], style: Style, ink: Ink) -> None:
    """Draw the outlines of areas of one style."""
    if style.stroke is None or style.width == 0:
        return
    # white lines part dark areas, but are lost between light ones
    drawn = _seen_on_paper(style) if _lightness(style) > _LIGHT else style
    _draw_stroke(axes, polygon_path(shapes), drawn, ink)


def draw_lines(axes: Axes, shapes: NDArray[np.object_], style: Style, ink: Ink) -> None:
    """Draw lines of one style."""
    if style.stroke is not None:
        _draw_stroke(axes, line_path(shapes), style, ink)


def draw_points(axes: Axes, places: Floats, style: Style, ink: Ink) -> None:
    """Draw the symbol of a style at places of shape (n, 2)."""
    line = Line2D(
        places[:, 0],
        places[:, 1],
        linestyle="none",
        marker=symbol_path(style.shape),
        markersize=2 * _reach(style.shape) * symbol_radius(style, ink) / MM_PER_POINT,
        markerfacecolor=(style.fill or "none", style.fill_opacity) if style.fill else "none",
        markeredgecolor=style.stroke or "none",
        markeredgewidth=ink.points(style.width) * ink.symbols if style.stroke else 0,
    )
    axes.add_artist(line)


def draw_swatch(axes: Axes, place: Rect, style: Style, kind: GeometryKind, ink: Ink) -> None:
    """Draw a style as it stands in the legend, within a part of the page."""
    if kind == "point":
        draw_points(axes, np.array([place.centre]), style, ink)
    elif kind == "line":
        middle = place.centre[1]
        line = shapely.linestrings([(place.left, middle), (place.right, middle)])
        draw_lines(axes, np.array([line], object), style, ink)
    else:
        box = np.array([shapely.box(place.left, place.bottom, place.right, place.top)], object)
        draw_polygons(axes, box, style, ink)
        draw_outlines(axes, box, _seen_on_paper(style), ink)


def symbol_radius(style: Style, ink: Ink) -> float:
    """Return the radius of a point symbol in mm."""
    return ink.points(style.radius) * ink.symbols * MM_PER_POINT


def symbol_path(shape: Shape) -> Path:
    """Return a point symbol; matplotlib scales it so that its furthest corner is at the size."""
    if shape == "circle":
        return Path.unit_circle()
    corners = _CORNERS[shape]
    return Path([*corners, corners[0]], closed=True)


def _reach(shape: Shape) -> float:
    return max((abs(part) for corner in _CORNERS.get(shape, ()) for part in corner), default=1.0)


def hatch_lines(
    shapes: NDArray[np.object_], pattern: Pattern, distance: float
) -> NDArray[np.object_]:
    """Return the lines of a pattern within areas, all on one grid of the page."""
    found = []
    for angle in _ANGLES[pattern]:
        lines = _parallels(shapely.total_bounds(shapes), angle, distance)
        tree = shapely.STRtree(lines)
        area, line = tree.query(shapes, predicate="intersects")
        found.append(shapely.intersection(shapes[area], lines[line]))
    return np.concatenate(found) if found else np.empty(0, object)


def dots_within(shapes: NDArray[np.object_], distance: float) -> Floats:
    """Return the dots (n, 2) of a pattern within areas, all on one grid of the page."""
    left, bottom, right, top = shapely.total_bounds(shapes)
    rows = np.arange(np.floor(bottom / distance), np.ceil(top / distance) + 1)
    columns = np.arange(np.floor(left / distance), np.ceil(right / distance) + 1)
    column, row = (grid.ravel() for grid in np.meshgrid(columns, rows))
    grid = np.column_stack([(column + 0.5 * (row % 2)) * distance, row * distance])
    points = shapely.points(grid)
    inside = shapely.STRtree(points).query(shapes, predicate="contains")[1]
    return np.asarray(grid[np.unique(inside)])


def polygon_path(shapes: NDArray[np.object_]) -> Path:
    """Return areas as one path; holes run the other way round."""
    parts = shapely.get_parts(shapely.get_parts(shapes))
    areas = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    return _path(shapely.get_rings(shapely.orient_polygons(areas)), closed=True)


def line_path(shapes: NDArray[np.object_]) -> Path:
    """Return lines as one path."""
    parts = shapely.get_parts(shapely.get_parts(shapes))
    lines = parts[shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING]
    return _path(lines, closed=False)


def _path(lines: NDArray[np.object_], *, closed: bool) -> Path:
    pairs, index = shapely.get_coordinates(lines, return_index=True)
    codes = np.full(len(pairs), Path.LINETO, dtype=Path.code_type)
    starts = np.diff(index, prepend=-1) > 0
    codes[starts] = Path.MOVETO
    if closed:
        codes[np.diff(index, append=-1) != 0] = Path.CLOSEPOLY
    return Path(pairs, codes)


def _parallels(bounds: Sequence[float], angle: float, distance: float) -> NDArray[np.object_]:
    """Return parallel lines across a box, at whole multiples of the distance from the corner."""
    left, bottom, right, top = bounds
    along = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    across = np.array([-along[1], along[0]])
    corners = np.array([(left, bottom), (left, top), (right, bottom), (right, top)])
    reach, offsets = corners @ along, corners @ across
    steps = np.arange(np.ceil(offsets.min() / distance), np.floor(offsets.max() / distance) + 1)
    bases = np.outer(steps * distance, across)
    ends = np.stack([bases + along * reach.min(), bases + along * reach.max()], axis=1)
    return np.asarray(shapely.linestrings(ends), object)


def _draw_stroke(axes: Axes, path: Path, style: Style, ink: Ink) -> None:
    width = ink.points(style.width) * ink.lines
    # matplotlib counts dashes in widths of the line, a style in pixels
    dash = tuple(ink.points(length) * ink.lines / width for length in style.dash or ())
    axes.add_artist(
        PathPatch(
            path,
            fill=False,
            edgecolor=style.stroke,
            alpha=style.stroke_opacity,
            linewidth=width,
            linestyle=(0, dash) if dash else "solid",
            joinstyle="round",
            capstyle="butt",
        )
    )


def _draw_path(axes: Axes, path: Path, colour: str, points: float) -> None:
    axes.add_artist(
        PathPatch(path, fill=False, edgecolor=colour, linewidth=points, capstyle="butt")
    )


def _draw_dots(axes: Axes, dots: Floats, colour: str, points: float) -> None:
    axes.add_artist(
        Line2D(
            dots[:, 0],
            dots[:, 1],
            linestyle="none",
            marker=Path.unit_circle(),
            markersize=points,
            markerfacecolor=colour,
            markeredgewidth=0,
        )
    )


def _seen_on_paper(style: Style) -> Style:
    """Return the style with an outline that shows on white paper."""
    if style.stroke is not None and style.stroke != "#ffffff":
        return style
    return style.model_copy(update={"stroke": "#606060", "width": 0.6})


def _readable(style: Style) -> str:
    """Return the colour of the pattern, or one that shows on the fill where it has no own."""
    if style.pattern != "none" or style.fill is None:
        return style.pattern_colour
    return "#202020" if _brightness(style.fill) > _DARK else "#ffffff"


def _lightness(style: Style) -> float:
    """Return how light an area is on white paper, from 0 to 1."""
    if style.fill is None:
        return 1.0
    return 1 - style.fill_opacity * (1 - _brightness(style.fill))


def _brightness(colour: str) -> float:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255


def _is_plain(style: Style) -> bool:
    return style.pattern == "none" and style.fill is not None and style.fill_opacity >= 0.5
