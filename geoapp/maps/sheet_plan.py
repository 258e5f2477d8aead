"""Where the parts of a print sheet go, and how small their text must be to fit.

Landscape sheets have legend and figures to the right of the map, portrait ones below it in three
columns; title above, sources below.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import shapely

from geoapp.core.mapspec import GeometryRef, LegendGroup, MapSpec
from geoapp.core.phrases import Phrases
from geoapp.errors import RefusedError
from geoapp.maps.sheet_layout import Block, Look, Rect, flow, least_height
from geoapp.maps.sheet_panels import (
    Figures,
    figure_blocks,
    legend_blocks,
    locator_block,
    more_block,
    scale_block,
    source_blocks,
)
from geoapp.maps.sheet_projection import Placement, place_map
from geoapp.maps.sheet_symbols import Ink, print_hatches
from geoapp.maps.sheet_text import line_height, wrap

TITLE_POINTS, NOTICE_POINTS = 17.0, 9.0

_MARGIN_MM, _PANEL_MM, _WIDE_PANEL_MM = 8.0, 68.0, 114.0
_LEAST_TEXT_IN_ONE = 0.88
"""Below it a second column takes room from the map."""
_TEXT_SIZES = (1.0, 0.93, 0.88, 0.86, 0.8, 0.74)
_MOST_PANEL, _MOST_SOURCES = 0.42, 0.4
"""Shares of the height of the page."""


@dataclass(frozen=True)
class Content:
    """What a sheet is made from, besides its size; see `geoapp.maps.sheet.render_sheet`."""

    spec: MapSpec
    figures: Figures
    day: date
    locator: GeometryRef | None
    phrases: Phrases


@dataclass(frozen=True)
class Columns:
    """A part of the sheet that is filled by columns of blocks."""

    place: Rect
    look: Look
    count: int

    @property
    def width(self) -> float:
        """Of one column in mm."""
        return _column_width(self.place.width, self.count, self.look)


@dataclass(frozen=True)
class Plan:
    """Where everything goes; ``legend`` is the part of the legend that has room."""

    look: Look
    title: Rect
    title_lines: tuple[str, ...]
    notice: Rect
    notice_lines: tuple[str, ...]
    frame: Rect
    panel: Columns
    sources: Columns
    legend: tuple[LegendGroup, ...]
    legend_left_out: int


def plan_sheet(content: Content, look: Look) -> Plan:
    """Return the arrangement of a sheet.

    Raises
    ------
    RefusedError
        There are more sources than the paper holds.
    """
    inside = look.page.grown(-_MARGIN_MM * look.factor)
    title_size, notice_size = look.size(TITLE_POINTS), look.size(NOTICE_POINTS)
    title_lines = wrap(content.spec.title, inside.width, title_size, bold=True, most=2)
    title = _upper(inside, len(title_lines) * line_height(title_size))
    sources = _plan_sources(content, look, inside)
    body = _between(inside, title, sources.place, look)
    if look.orientation == "landscape":
        panel, legend, left_out = _plan_side(content, look, body)
        room = Rect(body.left, body.bottom, body.width - panel.place.width - look.gap, body.height)
    else:
        panel, legend, left_out = _plan_below(content, look, body)
        below = panel.place.height + look.gap
        room = Rect(body.left, body.bottom + below, body.width, body.height - below)
    lines = [
        line
        for notice in content.spec.notices
        for line in wrap(f"⚠ {notice}", room.width - 2 * look.gap, notice_size, bold=True, most=3)
    ]
    notice = _upper(room, len(lines) * line_height(notice_size) + look.gap if lines else 0)
    frame = Rect(room.left, room.bottom, room.width, room.height - notice.height)
    return Plan(
        look,
        title,
        tuple(title_lines),
        notice,
        tuple(lines),
        frame,
        panel,
        sources,
        legend,
        left_out,
    )


def panel_blocks(
    content: Content,
    columns: Columns,
    placement: Placement,
    ink: Ink,
    *,
    legend: Sequence[LegendGroup],
    left_out: int,
) -> list[Block]:
    """Return legend, key figures, locator and scale for columns of a width."""
    look, width, phrases = columns.look, columns.width, content.phrases
    blocks = legend_blocks(legend, look, width, ink, phrases)
    if left_out:
        blocks.append(more_block(left_out, look, width, phrases))
    blocks += figure_blocks(content.figures, look, width, phrases)
    if content.locator is not None and _shows_more(placement, content.locator):
        blocks.append(locator_block(content.locator, placement, look, width, phrases))
    return [*blocks, scale_block(placement, look, width, phrases)]


def sheet_ink(content: Content, look: Look) -> Ink:
    """Return how styles are drawn, with symbols and lines in their full size."""
    spec = content.spec
    told = [item.style for group in spec.legend for item in group.items if item.kind == "polygon"]
    areas = [layer for layer in spec.layers if layer.geometry.kind == "polygon"]
    drawn = [style for layer in areas for style in layer.styles]
    return Ink(look.factor, print_hatches([*told, *drawn]))


def _plan_sources(content: Content, look: Look, inside: Rect) -> Columns:
    count = 3 if look.orientation == "landscape" else 2
    # the number of names without room is known only when the map is drawn
    remarks = [names_words(1000, content.phrases)]
    for text in (*_TEXT_SIZES, 0.66, 0.58):
        smaller = look.shrunk(text)
        blocks = source_blocks(
            content.spec,
            smaller,
            _column_width(inside.width, count, smaller),
            content.phrases,
            placement=_rough(content, inside),
            day=content.day,
            remarks=remarks,
        )
        height = least_height(blocks, _MOST_SOURCES * inside.height, count)
        if height is not None:
            place = Rect(inside.left, inside.bottom, inside.width, height)
            return Columns(place, smaller, count)
    raise RefusedError(
        f"{len(content.spec.attribution)} sources do not fit on {look.paper.upper()}; choose "
        "fewer layers or larger paper"
    )


def _plan_side(
    content: Content, look: Look, body: Rect
) -> tuple[Columns, tuple[LegendGroup, ...], int]:
    one, two = (
        Rect(body.right - width * look.factor, body.bottom, width * look.factor, body.height)
        for width in (_PANEL_MM, _WIDE_PANEL_MM)
    )

    def fitted(smaller: Look, legend: Sequence[LegendGroup], left_out: int) -> Columns | None:
        count = 1 if smaller.text >= _LEAST_TEXT_IN_ONE and not left_out else 2
        columns = Columns(one if count == 1 else two, smaller, count)
        blocks = _rough_blocks(content, columns, legend, left_out)
        return columns if flow(blocks, body.height, count) else None

    return _fitting(content, look, fitted)


def _plan_below(
    content: Content, look: Look, body: Rect
) -> tuple[Columns, tuple[LegendGroup, ...], int]:
    most = _MOST_PANEL * look.page.height

    def fitted(smaller: Look, legend: Sequence[LegendGroup], left_out: int) -> Columns | None:
        place = Rect(body.left, body.bottom, body.width, most)
        blocks = _rough_blocks(content, Columns(place, smaller, 3), legend, left_out)
        height = least_height(blocks, most, 3)
        if height is None:
            return None
        return Columns(Rect(body.left, body.bottom, body.width, height), smaller, 3)

    return _fitting(content, look, fitted)


def _fitting(
    content: Content,
    look: Look,
    fitted: Callable[[Look, Sequence[LegendGroup], int], Columns | None],
) -> tuple[Columns, tuple[LegendGroup, ...], int]:
    """Return the columns with the largest text that fits; lines are left out only at the end."""
    whole = content.spec.legend
    for text in _TEXT_SIZES:
        if found := fitted(look.shrunk(text), whole, 0):
            return found, whole, 0
    total = sum(len(group.items) for group in whole)
    smallest = look.shrunk(_TEXT_SIZES[-1])
    # the fewest lines that do not fit, by halving: fewer lines never need more room
    too_many = bisect_left(
        range(total),
        True,
        key=lambda kept: fitted(smallest, _first_items(whole, kept), total - kept) is None,
    )
    legend = _first_items(whole, too_many - 1)
    left_out = total - too_many + 1
    if too_many and (found := fitted(smallest, legend, left_out)):
        return found, legend, left_out
    raise RefusedError(
        f"{len(content.figures)} key figures do not fit on {look.paper.upper()} "
        f"({look.orientation}); give fewer of them or choose larger paper"
    )


def _first_items(legend: Sequence[LegendGroup], kept: int) -> tuple[LegendGroup, ...]:
    groups = []
    for group in legend:
        items = group.items[: max(kept, 0)]
        kept -= len(items)
        groups.append(group.model_copy(update={"items": items}))
    return tuple(groups)


def _rough_blocks(
    content: Content, columns: Columns, legend: Sequence[LegendGroup], left_out: int
) -> list[Block]:
    """Return blocks as high as they can get; where the map lies does not change their height."""
    return panel_blocks(
        content,
        columns,
        _rough(content, columns.place),
        sheet_ink(content, columns.look),
        legend=legend,
        left_out=left_out,
    )


def _rough(content: Content, frame: Rect) -> Placement:
    return place_map(content.spec.view.bounds, frame)


def names_words(count: int, phrases: Phrases) -> str:
    """Return how many names had no room on the map."""
    return phrases.ngettext(
        "{n} name had no room on the map.", "{n} names had no room on the map.", count
    )


def _shows_more(placement: Placement, locator: GeometryRef) -> bool:
    """Whether a small map would show more than the sheet does."""
    sheet, whole = shapely.box(*placement.bounds()), shapely.box(*locator.bounds)
    return not shapely.contains(sheet, whole)


def _column_width(width: float, count: int, look: Look) -> float:
    return (width - (count - 1) * 2 * look.gap) / count


def _upper(place: Rect, height: float) -> Rect:
    return Rect(place.left, place.top - height, place.width, height)


def _between(inside: Rect, title: Rect, sources: Rect, look: Look) -> Rect:
    bottom = sources.top + look.gap
    top = title.bottom - 0.5 * look.gap
    return Rect(inside.left, bottom, inside.width, top - bottom)
