"""What stands around the map on a print sheet: legend, key figures, scale, locator, sources.

Each part is made of blocks, see `geoapp.maps.sheet_layout`; lengths are mm, text sizes points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import shapely
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Polygon, Rectangle

from geoapp.core.mapspec import GeometryRef, LegendGroup, LegendItem, MapSpec
from geoapp.core.phrases import Phrases
from geoapp.maps.sheet_geometry import features_on_page
from geoapp.maps.sheet_layout import Block, Look, Rect
from geoapp.maps.sheet_projection import Placement, bar_length, place_map
from geoapp.maps.sheet_symbols import Ink, draw_swatch, polygon_path, symbol_radius
from geoapp.maps.sheet_text import (
    INK,
    MM_PER_POINT,
    QUIET,
    line_height,
    text_width,
    wrap,
    write,
    write_lines,
)

Figures = Sequence[tuple[str, str]]

_BODY, _HEADING, _SMALL = 7.6, 8.6, 5.8
_SWATCH_MM = (7.0, 4.2)
_LOCATOR_MM = 36.0
_MOST_TOGETHER = 6
"""The most lines under one heading that are kept in one column."""
_LEAST_MARK_MM = 1.6
_LAND, _LAND_EDGE, _RED = "#b9bec6", "#7d838c", "#c00000"


def legend_blocks(
    legend: Sequence[LegendGroup], look: Look, width: float, ink: Ink, phrases: Phrases
) -> list[Block]:
    """Return the legend: a heading and a line for each style of each group."""
    blocks: list[Block] = []
    for group in legend:
        if not group.items:
            continue
        blocks.append(heading_block(group.title or phrases.gettext("Legend"), look, width))
        widest = max((_symbol_width(item, ink) for item in group.items), default=0)
        items = [_item_block(item, look, width, ink, widest) for item in group.items]
        blocks += _together(items)
        if group.note:
            blocks.append(_text_block(group.note, look, width, _SMALL))
        blocks.append(gap_block(look))
    return blocks


def more_block(count: int, look: Look, width: float, phrases: Phrases) -> Block:
    """Return the line that tells how much of the legend has no room."""
    text = phrases.ngettext(
        "… and {n} more line of the legend, see the map on screen",
        "… and {n} more lines of the legend, see the map on screen",
        count,
    )
    return _text_block(text, look, width, _BODY, bold=True)


def figure_blocks(figures: Figures, look: Look, width: float, phrases: Phrases) -> list[Block]:
    """Return the key figures: labels to the left, values to the right."""
    if not figures:
        return []
    rows = [_figure_block(label, value, look, width) for label, value in figures]
    heading = heading_block(phrases.gettext("Key figures"), look, width)
    return [heading, *_together(rows), gap_block(look)]


def scale_block(placement: Placement, look: Look, width: float, phrases: Phrases) -> Block:
    """Return the written scale, the scale bar and the arrow to the north."""
    size, small = look.size(_HEADING), look.size(_SMALL)
    side = 11 * look.factor * look.text
    words = phrases.gettext("Scale 1:{number}").format(number=phrases.number(placement.scale))
    north = wrap(phrases.gettext("True north"), 1.7 * side, small, most=2)
    height = max(
        line_height(size) + 7.5 * look.factor * look.text,
        side + len(north) * line_height(small),
    )

    def draw(axes: Axes, left: float, top: float) -> None:
        below = write_lines(axes, [words], left, top, size, bold=True)
        room = width - 2 * side - text_width("0000 km", small) / 2
        _draw_bar(axes, (left, below - look.factor), room, placement, look, phrases)
        _draw_north(axes, left + width - 0.85 * side, top, side, north, small)

    return Block(height + look.gap, draw)


def locator_block(
    geometry: GeometryRef, placement: Placement, look: Look, width: float, phrases: Phrases
) -> Block:
    """Return a small map that shows where the sheet lies; the frame is red."""
    heading = heading_block(phrases.gettext("Location of the map"), look, width)
    height = min(_LOCATOR_MM * look.factor * look.text, width)

    def draw(axes: Axes, left: float, top: float) -> None:
        heading.draw(axes, left, top)
        box = Rect(left, top - heading.height - height, min(width, 1.3 * height), height)
        _draw_locator(axes, geometry, placement, box, look)

    return Block(heading.height + height + look.gap, draw)


def source_blocks(
    spec: MapSpec,
    look: Look,
    width: float,
    phrases: Phrases,
    *,
    placement: Placement,
    day: date,
    remarks: Sequence[str],
) -> list[Block]:
    """Return the small print: sources with dates and licences, projection, date, what is missing.

    Parameters
    ----------
    day
        The date of the sheet.
    remarks
        What the sheet could not show, in sentences.
    """
    facts = (*remarks, projection_words(placement, phrases), date_words(day, phrases))
    return [
        heading_block(phrases.gettext("Sources"), look, width),
        *(_text_block(line, look, width, _SMALL) for line in spec.attribution),
        *(_text_block(line, look, width, _SMALL) for line in facts),
    ]


def projection_words(placement: Placement, phrases: Phrases) -> str:
    """Return the projection and how true the scale is."""
    return phrases.gettext(
        "Projection: transverse Mercator about {lon}° E, {lat}° N (WGS 84, metres); the scale is "
        "true to {percent} % all over the map."
    ).format(
        lon=phrases.number(placement.lon, 3),
        lat=phrases.number(placement.lat, 3),
        percent=phrases.number(max(100 * placement.scale_error, 0.01), 2),
    )


def date_words(day: date, phrases: Phrases) -> str:
    """Return the date of the sheet; year, month, day, as in all dates of the app."""
    return phrases.gettext("Sheet of {date}, made with geoapp.").format(date=day.isoformat())


def heading_block(text: str, look: Look, width: float) -> Block:
    """Return a heading that stays with what comes after it."""
    return _text_block(text, look, width, _HEADING, bold=True, leads=True)


def gap_block(look: Look) -> Block:
    """Return the space between two parts of a column."""
    return Block(0.6 * look.gap * look.text, _nothing, blank=True)


def _together(blocks: list[Block]) -> list[Block]:
    """Return a few blocks so that no column ends between them."""
    if len(blocks) > _MOST_TOGETHER:
        return blocks
    return [*(replace(block, leads=True) for block in blocks[:-1]), *blocks[-1:]]


def _symbol_width(item: LegendItem, ink: Ink) -> float:
    return 2.7 * symbol_radius(item.style, ink) if item.kind == "point" else 0


def _nothing(axes: Axes, left: float, top: float) -> None:
    """Draw nothing."""


def _text_block(
    text: str, look: Look, width: float, points: float, *, bold: bool = False, leads: bool = False
) -> Block:
    size = look.size(points)
    lines = wrap(text, width, size, bold=bold, most=4)
    colour = INK if bold else QUIET

    def draw(axes: Axes, left: float, top: float) -> None:
        write_lines(axes, lines, left, top, size, bold=bold, colour=colour)

    return Block(len(lines) * line_height(size) + 0.5 * look.factor, draw, leads)


def _item_block(item: LegendItem, look: Look, width: float, ink: Ink, widest: float) -> Block:
    """Return a line of the legend; ``widest`` is the width of the widest symbol of its group."""
    size = look.size(_BODY)
    across, high = (side * look.factor * max(look.text, 0.85) for side in _SWATCH_MM)
    across, high = max(across, widest), max(high, _symbol_width(item, ink))
    indent = across + 2 * look.factor
    words = f"{item.label}: {item.note}" if item.note else item.label
    lines = wrap(words, width - indent, size, most=3)
    height = max(len(lines) * line_height(size), high) + 0.9 * look.factor

    def draw(axes: Axes, left: float, top: float) -> None:
        first = min(high, line_height(size)) if len(lines) > 1 else high
        middle = top - max(first, line_height(size)) / 2
        swatch = Rect(left, middle - high / 2, across, high)
        draw_swatch(axes, swatch, item.style, item.kind, ink)
        write_lines(axes, lines, left + indent, middle + line_height(size) / 2, size)

    return Block(height, draw)


def _figure_block(label: str, value: str, look: Look, width: float) -> Block:
    size = look.size(_BODY)
    shown = wrap(value, 0.5 * width, size, bold=True, most=2)
    room = width - max(text_width(line, size, bold=True) for line in shown) - 2 * look.factor
    lines = wrap(label, room, size, most=3)
    height = max(len(lines), len(shown)) * line_height(size) + look.factor

    def draw(axes: Axes, left: float, top: float) -> None:
        write_lines(axes, lines, left, top, size)
        for number, line in enumerate(shown):
            baseline = top - (0.95 * size * MM_PER_POINT) - number * line_height(size)
            write(axes, line, (left + width, baseline), size, bold=True, align="right")
        rule = top - height + 0.6 * look.factor
        axes.plot([left, left + width], [rule, rule], color="#c6c9ce", lw=0.4 * look.factor)

    return Block(height, draw)


def _draw_bar(
    axes: Axes,
    corner: tuple[float, float],
    room: float,
    placement: Placement,
    look: Look,
    phrases: Phrases,
) -> None:
    length = bar_length(placement.scale, room)
    left, top = corner
    step = length / placement.scale * 1000 / 4
    high = 1.5 * look.factor * look.text
    for part in range(4):
        axes.add_artist(
            Rectangle(
                (left + part * step, top - high),
                step,
                high,
                facecolor=INK if part % 2 == 0 else "#ffffff",
                edgecolor=INK,
                linewidth=0.5 * look.factor,
            )
        )
    size = look.size(_SMALL)
    baseline = top - high - 1.25 * size * MM_PER_POINT
    unit, metres = ("km", 1000) if length >= 1000 else ("m", 1)
    for share in (0, 0.5, 1):
        value = length * share / metres
        words = phrases.number(value, 0 if value.is_integer() else 2 if value < 1 else 1)
        words += f" {unit}" if share == 1 else ""
        write(
            axes,
            words,
            (left + 4 * step * share, baseline),
            size,
            align="center" if share else "left",
        )


def _draw_north(
    axes: Axes, middle: float, top: float, side: float, words: list[str], size: float
) -> None:
    """Draw the arrow; up is true north in the middle of the map, see `Placement`."""
    tip, low, notch = top, top - side, top - 0.72 * side
    wing = 0.32 * side
    halves = ((-wing, INK), (wing, "#ffffff"))
    for aside, colour in halves:
        corners = [(middle, tip), (middle + aside, low), (middle, notch)]
        axes.add_artist(
            Polygon(corners, closed=True, facecolor=colour, edgecolor=INK, linewidth=0.08 * size)
        )
    for number, line in enumerate(words):
        baseline = low - (number + 1.0) * line_height(size)
        write(axes, line, (middle, baseline), size, align="center")


def _draw_locator(
    axes: Axes, geometry: GeometryRef, placement: Placement, box: Rect, look: Look
) -> None:
    sheet = placement.bounds()
    west, south, east, north = geometry.bounds
    wider = (min(west, sheet[0]), min(south, sheet[1]), max(east, sheet[2]), max(north, sheet[3]))
    small = place_map(wider, box)
    found = features_on_page(geometry, small)
    frame = Rectangle((box.left, box.bottom), box.width, box.height)
    frame.set(facecolor="#ffffff", edgecolor=INK, linewidth=0.6 * look.factor)
    axes.add_artist(frame)
    axes.add_artist(
        PathPatch(
            polygon_path(found.shapes),
            facecolor=_LAND,
            edgecolor=_LAND_EDGE,
            linewidth=0.25 * look.factor,
        )
    )
    _draw_extent(axes, placement, small, look)


def _draw_extent(axes: Axes, placement: Placement, small: Placement, look: Look) -> None:
    """Draw the frame of the sheet on the small map, never too small to be seen."""
    frame = placement.frame
    corners = shapely.get_coordinates(shapely.box(frame.left, frame.bottom, frame.right, frame.top))
    low = small.to_page(placement.to_degrees(corners)).min(axis=0)
    high = small.to_page(placement.to_degrees(corners)).max(axis=0)
    middle = (low + high) / 2
    spans = (high - low).clip(min=_LEAST_MARK_MM * look.factor)
    axes.add_artist(
        Rectangle(
            tuple(middle - spans / 2),
            *spans,
            fill=False,
            edgecolor=_RED,
            linewidth=1.2 * look.factor,
        )
    )
