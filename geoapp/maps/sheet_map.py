"""The map itself on a print sheet: layers from bottom to top, then names with a halo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextToPath
from numpy.typing import NDArray

from geoapp.core.mapspec import MapLayer, MapSpec, Style
from geoapp.maps.sheet_geometry import Features, Find, features_on_page
from geoapp.maps.sheet_labels import Candidate, Label, place_labels
from geoapp.maps.sheet_layout import Look, Rect, layer_axes
from geoapp.maps.sheet_projection import Placement
from geoapp.maps.sheet_symbols import (
    Ink,
    draw_lines,
    draw_outlines,
    draw_points,
    draw_polygons,
    symbol_radius,
)
from geoapp.maps.sheet_text import FONT, INK, MM_PER_POINT, QUIET, line_height, write

_MEMBER_POINTS, _OTHER_POINTS = 6.8, 5.6
_HALO_POINTS = 1.6
_SMALLEST_SYMBOLS = 0.3
_ROOM_PER_SYMBOL = 1.3
"""Symbols stand in clusters: the largest may be wider than its share of the ground."""
_USUAL_SIDE_MM, _THINNEST_LINES = 9.0, 0.4
"""Where areas are smaller than these mm, their outlines are drawn thinner."""


@dataclass(frozen=True)
class Drawn:
    """A layer of the map with its features on the page."""

    layer: MapLayer
    features: Features


def read_layers(spec: MapSpec, placement: Placement, find: Find | None) -> list[Drawn]:
    """Return every layer with what of it lies within the frame."""
    return [
        Drawn(layer, features_on_page(layer.geometry, placement, find)) for layer in spec.layers
    ]


def fitting_ink(drawn: Sequence[Drawn], frame: Rect, ink: Ink) -> Ink:
    """Return the ink with symbols and lines so small that they have room on this map."""
    areas = [one.features.shapes for one in drawn if one.layer.geometry.kind == "polygon"]
    sizes = np.sqrt(shapely.area(np.concatenate(areas))) if areas else np.empty(0)
    points = [one for one in drawn if one.layer.geometry.kind == "point"]
    count = sum(len(one.features.keys) for one in points)
    usual = float(np.median(sizes)) / ink.factor if len(sizes) else _USUAL_SIDE_MM
    lines = float(np.clip(usual / _USUAL_SIDE_MM, _THINNEST_LINES, 1))
    if not count:
        return replace(ink, lines=lines)
    widest = max(2 * symbol_radius(style, ink) for one in points for style in one.layer.styles)
    ground = float(np.square(sizes[: len(areas[0])]).sum()) if areas else 0
    room = float(np.sqrt((ground or frame.width * frame.height) / count))
    symbols = float(np.clip(_ROOM_PER_SYMBOL * room / widest, _SMALLEST_SYMBOLS, 1))
    return replace(ink, symbols=symbols, lines=lines)


def draw_layer(axes: Axes, drawn: Drawn, ink: Ink) -> None:
    """Draw one layer: all grounds and hatches first, then outlines, those that warn last."""
    classes = style_classes(drawn)
    if drawn.layer.geometry.kind == "polygon":
        for style, shapes in classes:
            draw_polygons(axes, shapes, style, ink)
        for style, shapes in sorted(classes, key=lambda one: _outline_rank(one[0])):
            draw_outlines(axes, shapes, style, ink)
    elif drawn.layer.geometry.kind == "line":
        for style, shapes in classes:
            draw_lines(axes, shapes, style, ink)
    else:
        for style, shapes in classes:
            draw_points(axes, shapely.get_coordinates(shapes), style, ink)


def style_classes(drawn: Drawn) -> list[tuple[Style, NDArray[np.object_]]]:
    """Return the shapes of each style, in the order of the styles."""
    layer, features = drawn.layer, drawn.features
    found = [layer.assign.get(key, layer.default) for key in features.keys]
    places = np.array([-1 if place is None else place for place in found], int)
    return [
        (style, features.shapes[places == number])
        for number, style in enumerate(layer.styles)
        if (places == number).any()
    ]


def choose_labels(
    drawn: Sequence[Drawn], frame: Rect, look: Look, ink: Ink
) -> tuple[list[Label], int]:
    """Return the names that have room on the map, and how many have none."""
    ranked = [pair for one in drawn if one.layer.labels for pair in _candidates(one, look)]
    ranked.sort(key=lambda pair: pair[0])
    return place_labels((candidate for _, candidate in ranked), frame, _obstacles(drawn, ink))


def draw_labels(
    figure: Figure, labels: Sequence[Label], look: Look, frame: Rect, *, as_text: bool
) -> None:
    """Draw names with a white halo.

    Parameters
    ----------
    as_text
        Whether the halo is text too, to be outlined by the style sheet of an SVG, or outlines.
    """
    halos = layer_axes(figure, look, frame, "label-halos")
    if as_text:
        _write_labels(halos, labels, "#ffffff", "#ffffff")
    else:
        _draw_halos(halos, labels, _HALO_POINTS * look.factor)
    _write_labels(layer_axes(figure, look, frame, "labels"), labels, INK, QUIET)


def _candidates(drawn: Drawn, look: Look) -> list[tuple[tuple[bool, int, str], Candidate]]:
    """Return names with what they are sorted by: those with a style of their own, then by rank."""
    found = []
    layer, features = drawn.layer, drawn.features
    for place, (key, name) in enumerate(zip(features.keys, features.names, strict=True)):
        own = key in layer.assign
        if not own and layer.default is None:
            continue
        right, up = features.anchors[place]
        size = look.size(_MEMBER_POINTS if own else _OTHER_POINTS)
        label = Candidate(name, (float(right), float(up)), features.shapes[place], size, own)
        found.append(((not own, features.ranks[place], key), label))
    return found


def _obstacles(drawn: Sequence[Drawn], ink: Ink) -> NDArray[np.float64]:
    boxes = [np.empty((0, 4))]
    for one in drawn:
        if one.layer.geometry.kind == "point":
            for style, shapes in style_classes(one):
                places = shapely.get_coordinates(shapes)
                radius = symbol_radius(style, ink)
                boxes.append(np.hstack([places - radius, places + radius]))
    return np.vstack(boxes)


def _outline_rank(style: Style) -> tuple[bool, bool]:
    return style.dash is not None, style.stroke != "#ffffff"


def _baselines(label: Label) -> list[tuple[str, tuple[float, float]]]:
    middle, centre = label.box.centre
    step = line_height(label.size)
    first = centre + (len(label.lines) - 1) * step / 2 - 0.36 * label.size * MM_PER_POINT
    return [(line, (middle, first - number * step)) for number, line in enumerate(label.lines)]


def _write_labels(axes: Axes, labels: Sequence[Label], own: str, other: str) -> None:
    for label in labels:
        for line, place in _baselines(label):
            colour = own if label.bold else other
            write(axes, line, place, label.size, colour=colour, align="center", bold=label.bold)


def _draw_halos(axes: Axes, labels: Sequence[Label], points: float) -> None:
    outlines = [
        _outline(line, place, label)
        for label in labels
        for line, place in _baselines(label)
        if line
    ]
    if outlines:
        axes.add_artist(
            PathPatch(
                Path.make_compound_path(*outlines),
                facecolor="#ffffff",
                edgecolor="#ffffff",
                linewidth=points,
                joinstyle="round",
                alpha=0.85,
            )
        )


def _outline(line: str, place: tuple[float, float], label: Label) -> Path:
    """Return the letters of a line as a path in mm of the page, centred like its text."""
    weight = "bold" if label.bold else "normal"
    size = label.size * MM_PER_POINT
    font = FontProperties(family=FONT, weight=weight, size=1)
    scale = size / TextToPath.FONT_SCALE
    letters, codes = TextToPath().get_text_path(font, line, ismath=False)
    corners = np.asarray(letters, np.float64) * scale
    width = corners[:, 0].max() + corners[:, 0].min()
    return Path(corners + np.array([place[0] - width / 2, place[1]]), codes)
