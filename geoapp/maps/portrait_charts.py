"""Key figures and charts of bars on a page of a report; lengths are mm, text sizes points.

Bars are told apart by hatches and by the numbers beside them, so that they survive a copier.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from geoapp.maps.portrait_parts import Bar, Facts, Panel
from geoapp.maps.sheet_layout import Block
from geoapp.maps.sheet_text import (
    INK,
    MM_PER_POINT,
    QUIET,
    line_height,
    shortened,
    text_width,
    wrap,
    write,
    write_lines,
)

ACCENT = "#14507f"
RULE = "#c6ccd4"
_GROUND = "#eef3f8"

_BAR_MM, _BAR_SHARE = 3.9, 0.72
_HEADING, _LABEL, _NOTE = 7.8, 6.6, 6.2
_GAP = 5.0
_LABEL_SHARE = 0.38


def facts_block(facts: Facts, width: float) -> Block:
    """Return key figures as cards side by side."""
    each = (width - _GAP * (len(facts.pairs) - 1)) / len(facts.pairs)
    labels = [wrap(label, each - 6, 7.2, most=3) for label, _ in facts.pairs]
    height = 12.5 + max(len(lines) for lines in labels) * line_height(7.2)

    def draw(axes: Axes, left: float, top: float) -> None:
        for place, (_, value) in enumerate(facts.pairs):
            edge = left + place * (each + _GAP)
            axes.add_artist(Rectangle((edge, top - height), each, height, fc=_GROUND, lw=0))
            axes.add_artist(Rectangle((edge, top - height), 1.1, height, fc=ACCENT, lw=0))
            shown = shortened(value, each - 6, 16, bold=True)
            write(axes, shown, (edge + 4, top - 8), 16, bold=True, colour=ACCENT)
            write_lines(axes, labels[place], edge + 4, top - 10, 7.2, colour=QUIET)

    return Block(height + 4, draw)


def panel_blocks(panels: Sequence[Panel], width: float) -> list[Block]:
    """Return charts in rows of two, or of three where each has many bars."""
    columns = 3 if max((len(panel.bars) for panel in panels), default=0) > 9 else 2
    each = (width - _GAP * (columns - 1)) / columns
    rows = [panels[start : start + columns] for start in range(0, len(panels), columns)]
    return [_row_block(row, each) for row in rows]


def _row_block(panels: Sequence[Panel], width: float) -> Block:
    lines = max(len(_heading(panel, width)) for panel in panels)
    top_part = lines * line_height(_HEADING) + 1.5
    notes = max(len(_notes(panel, width)) for panel in panels) * line_height(_NOTE)
    height = top_part + max(len(panel.bars) for panel in panels) * _BAR_MM + notes + 5

    def draw(axes: Axes, left: float, top: float) -> None:
        for place, panel in enumerate(panels):
            edge = left + place * (width + _GAP)
            write_lines(axes, _heading(panel, width), edge, top, _HEADING, bold=True)
            end = _draw_bars(axes, panel.bars, edge, top - top_part, width)
            write_lines(axes, _notes(panel, width), edge, end - 0.5, _NOTE, colour=QUIET)

    return Block(height, draw)


def _draw_bars(axes: Axes, bars: Sequence[Bar], left: float, top: float, width: float) -> float:
    """Draw the bars from one line on the left, to one scale; return where they end."""
    label = _LABEL_SHARE * width
    number = max(text_width(bar.text, _LABEL) for bar in bars) + 1
    longest = max((abs(bar.value) for bar in bars if bar.value is not None), default=0.0) or 1.0
    room = width - label - number - 2
    start = left + label + 1
    for bar in bars:
        baseline = top - _BAR_MM / 2 - 0.35 * _LABEL * MM_PER_POINT
        write(axes, shortened(bar.label, label - 0.5, _LABEL), (left, baseline), _LABEL)
        length = room * abs(bar.value or 0) / longest
        _draw_bar(axes, bar, start, top - _BAR_MM / 2, length)
        colour = QUIET if bar.value is None else INK
        write(axes, bar.text, (start + length + 1, baseline), _LABEL, colour=colour)
        top -= _BAR_MM
    axes.plot([start, start], [top, top + len(bars) * _BAR_MM], color=INK, lw=0.6)
    return top


def _draw_bar(axes: Axes, bar: Bar, start: float, middle: float, length: float) -> None:
    if not bar.value:
        return
    high = _BAR_SHARE * _BAR_MM
    patch = Rectangle((start, middle - high / 2), length, high, edgecolor=ACCENT, lw=0.5)
    patch.set_facecolor("#ffffff" if bar.hatched else ACCENT)
    if bar.hatched:
        patch.set_hatch("//////")
        patch.set_hatch_linewidth(0.5)
    axes.add_artist(patch)


def _heading(panel: Panel, width: float) -> list[str]:
    return wrap(panel.heading, width, _HEADING, bold=True, most=4)


def _notes(panel: Panel, width: float) -> list[str]:
    return wrap(panel.note, width, _NOTE, most=3) if panel.note else []
