"""The legend of a map, and what must not be overlooked, as native shapes of a slide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from geoapp.core.mapspec import LegendGroup, LegendItem, Style
from geoapp.maps.office_package import written_text
from geoapp.maps.sheet_text import line_height, wrap
from geoapp.maps.slides_hatching import Page, hatching
from geoapp.maps.slides_shapes import (
    EMU_PER_MM,
    QUIET,
    Box,
    Contour,
    Lettering,
    freeform,
    group,
    rectangle,
    symbol,
    text_box,
)

_LARGE, _SMALL = (12.0, 11.0, 9.0), (11.0, 9.5, 8.0)
_SWATCH_MM, _SWATCH_HEIGHT_MM = 9.0, 5.5
_GAP_MM = 2.5
_WARNING = Style(fill="#fff4cf", fill_opacity=1, stroke="#d9a300", width=1.2)
_WARNING_INK = "#3d2f00"


@dataclass(frozen=True, slots=True)
class _Setting:
    """Language and sizes of texts, in points; ``over`` as `legend_shapes` takes it."""

    language: str
    title: float
    label: float
    note: float
    over: frozenset[Style]


def legend_shapes(
    groups: Sequence[LegendGroup],
    box: Box,
    language: str,
    name: str,
    over: frozenset[Style] = frozenset(),
) -> tuple[list[str], tuple[LegendGroup, ...]]:
    """Return the legend as one group, and the groups of it for which the box has no room.

    Parameters
    ----------
    groups
        In reading order; one that is longer than the whole box is cut.
    box
        Where the legend goes, in EMU.
    language
        BCP 47 tag.
    name
        What the legend is called.
    over
        Styles of areas that let the map below show through.
    """
    for sizes in (_LARGE, _SMALL):
        shapes, left = _fill(groups, box, _Setting(language, *sizes, over))
        if not left:
            break
    if not shapes:
        return [], left
    return [group(name, box, shapes, alternative=name)], left


def notice_shapes(
    notices: Sequence[str], box: Box, language: str, name: str
) -> tuple[list[str], int]:
    """Return notices in a band along the upper edge of the box, and the height it takes."""
    if not notices:
        return [], 0
    width = box.width / EMU_PER_MM - 6
    lines = sum(len(wrap(notice, width, _LARGE[0], bold=True)) for notice in notices)
    height = round((lines * line_height(_LARGE[0]) + 2.5) * EMU_PER_MM)
    look = Lettering(_LARGE[0], language, bold=True, colour=_WARNING_INK)
    band = Box(box.left, box.top, box.width, height)
    text = [(notice, look) for notice in notices]
    inset = 2 * EMU_PER_MM
    shape = text_box(name, band, text, ground=_WARNING, anchor="ctr", inset=inset)
    return [shape], height + round(_GAP_MM * EMU_PER_MM)


def _fill(
    groups: Sequence[LegendGroup], box: Box, setting: _Setting
) -> tuple[list[str], tuple[LegendGroup, ...]]:
    shapes: list[str] = []
    top = float(box.top)
    for number, held in enumerate(groups):
        found, rest, bottom = _group_shapes(held, box, top, setting)
        if rest is not None:
            # a group stays together where a column of its own would hold it
            begun = top == box.top
            kept = (rest, *groups[number + 1 :]) if begun else tuple(groups[number:])
            return ([*shapes, *found] if begun else shapes), kept
        shapes, top = [*shapes, *found], bottom
    return shapes, ()


def _group_shapes(
    held: LegendGroup, box: Box, top: float, setting: _Setting
) -> tuple[list[str], LegendGroup | None, float]:
    """Return shapes, what of the group is left over, and where the next one begins."""
    width = box.width / EMU_PER_MM
    shapes, place = [], top
    title = written_text(held.title)
    if title:
        height = _height(title, width, setting.title, bold=True)
        look = Lettering(setting.title, setting.language, bold=True)
        shapes.append(text_box(title, _row(box, place, height), [(title, look)]))
        place += height * EMU_PER_MM
    for number, item in enumerate(held.items):
        height = _item_height(item, width, setting)
        if place + height * EMU_PER_MM > box.bottom:
            rest = held.model_copy(update={"items": held.items[number:]})
            return (shapes if number else []), rest, place
        shapes += _item_shapes(item, box, place, height, setting)
        place += height * EMU_PER_MM
    if held.note:
        height = _height(held.note, width, setting.note)
        look = Lettering(setting.note, setting.language, colour=QUIET)
        shapes.append(text_box(held.title, _row(box, place, height), [(held.note, look)]))
        place += height * EMU_PER_MM
    return shapes, None, place + _GAP_MM * EMU_PER_MM


def _item_height(item: LegendItem, width: float, setting: _Setting) -> float:
    room = width - _SWATCH_MM - 2
    note = _height(item.note, room, setting.note) if item.note else 0
    return max(_height(item.label, room, setting.label) + note, _SWATCH_HEIGHT_MM) + 1.2


def _item_shapes(
    item: LegendItem, box: Box, top: float, height: float, setting: _Setting
) -> list[str]:
    words = [(written_text(item.label, 120), Lettering(setting.label, setting.language))]
    if item.note:
        words.append((item.note, Lettering(setting.note, setting.language, colour=QUIET)))
    indent = round((_SWATCH_MM + 2) * EMU_PER_MM)
    place = _row(box, top, height)
    beside = Box(place.left + indent, place.top, place.width - indent, place.height)
    return [*_swatch(item, place, setting), text_box(item.label, beside, words, anchor="ctr")]


def _swatch(item: LegendItem, row: Box, setting: _Setting) -> list[str]:
    width, height = round(_SWATCH_MM * EMU_PER_MM), round(_SWATCH_HEIGHT_MM * EMU_PER_MM)
    middle = row.top + row.height // 2
    if item.kind == "point":
        radius = min(item.style.radius, 9.0)
        return [symbol(item.label, (row.left + width // 2, middle), item.style, radius)]
    if item.kind == "line":
        line = _segment(row.left, width, middle)
        return [freeform(item.label, [line], item.style, "line", over=False)]
    place = Box(row.left, middle - height // 2, width, height)
    if item.style.pattern == "none" or item.style not in setting.over:
        return [rectangle(item.label, place, item.style)]
    plain = item.style.model_copy(update={"pattern": "none"})
    edges = (place.left, -place.bottom, place.right, -place.top)
    area = shapely.box(*(edge / EMU_PER_MM for edge in edges))
    return [rectangle(item.label, place, plain), *hatching(item.label, area, item.style, Page(0))]


def _segment(left: int, width: int, middle: int) -> Contour:
    return np.array([(left, middle), (left + width, middle)], dtype=np.int64)


def _row(box: Box, top: float, height: float) -> Box:
    return Box(box.left, round(top), box.width, round(height * EMU_PER_MM))


def _height(text: str, width: float, size: float, *, bold: bool = False) -> float:
    return len(wrap(written_text(text, 120), width, size, bold=bold)) * line_height(size)
