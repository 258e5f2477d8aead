"""Words on a print sheet: made harmless, measured and broken into lines before they are drawn.

Widths are those of DejaVu Sans, the font that comes with matplotlib and is embedded in the sheet.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import Any

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.text import Text

from geoapp.errors import printable

FONT = "DejaVu Sans"
MM_PER_POINT = 25.4 / 72
INK = "#1b1f24"
QUIET = "#4a5058"

_EM = 100
_UNKNOWN = "\ufffd"
_LINE, _ASCENT = 1.27, 0.95


@lru_cache(maxsize=4096)
def inert(text: str) -> str:
    r"""Return a text as one line that is drawn as it stands.

    Characters that act instead of being seen become spaces; those that the font lacks are shown
    as unknown, so that a sheet never depends on the fonts of a machine.

    >>> inert("Raj\x07cza\u202e  Łódź\n$x^2$"), inert("村")
    ('Raj cza Łódź $x^2$', '�')
    """
    shown = unicodedata.normalize("NFC", " ".join(printable(text).split()))
    known = _letters()
    return "".join(letter if letter in known else _UNKNOWN for letter in shown)


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return how wide an inert text is, in mm; ``size`` in points."""
    return _ems(text, bold) * size * MM_PER_POINT


def line_height(size: float) -> float:
    """Return the distance of two lines in mm; ``size`` in points."""
    return _LINE * size * MM_PER_POINT


def wrap(text: str, width: float, size: float, *, bold: bool = False, most: int = 99) -> list[str]:
    """Return a text in lines that are at most ``width`` mm wide.

    A word that is too long is broken; what is left after ``most`` lines becomes an ellipsis.
    """
    lines, used = [""], 0.0
    room = width / (size * MM_PER_POINT)
    for word in inert(text).split(" "):
        joined = used + (_ems(" ", bold) if used else 0) + _ems(word, bold)
        if joined <= room:
            lines[-1], used = f"{lines[-1]} {word}".strip(), joined
            continue
        pieces = _broken(word, room, bold)
        lines = [*lines, *pieces] if lines[-1] else pieces
        used = _ems(lines[-1], bold)
        if len(lines) > most:
            break
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], shortened(" ".join(lines[most - 1 :]), width, size, bold=bold)]


def shortened(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """Return as much of a text as fits into ``width`` mm, with an ellipsis where it is cut."""
    whole = inert(text)
    if text_width(whole, size, bold=bold) <= width:
        return whole
    room = width / (size * MM_PER_POINT) - _ems("…", bold)
    return _beginning(whole, room, bold).rstrip() + "…"


def write(
    axes: Axes,
    text: str,
    place: tuple[float, float],
    size: float,
    *,
    bold: bool = False,
    colour: str = INK,
    align: str = "left",
    **more: Any,  # noqa: ANN401 - what a matplotlib Text takes besides
) -> Text:
    """Write one line; ``place`` is its baseline in mm of the page, ``size`` in points."""
    return axes.text(
        *place,
        inert(text),
        fontsize=size,
        family=FONT,
        weight="bold" if bold else "normal",
        color=colour,
        ha=align,
        va="baseline",
        parse_math=False,
        **more,
    )


def write_lines(
    axes: Axes,
    lines: list[str],
    left: float,
    top: float,
    size: float,
    *,
    bold: bool = False,
    colour: str = INK,
) -> float:
    """Write lines one under the other and return where they end, in mm of the page."""
    for line in lines:
        baseline = top - _ASCENT * size * MM_PER_POINT
        write(axes, line, (left, baseline), size, bold=bold, colour=colour)
        top -= line_height(size)
    return top


def _broken(word: str, room: float, bold: bool) -> list[str]:
    pieces = []
    while word:
        piece = _beginning(word, room, bold) or word[0]
        pieces.append(piece)
        word = word[len(piece) :]
    return pieces


def _beginning(text: str, room: float, bold: bool) -> str:
    """Return the longest beginning that is at most so many ems wide."""
    for place, letter in enumerate(text):
        room -= _advance(letter, bold)
        if room < 0:
            return text[:place]
    return text


@cache
def _font(bold: bool) -> FT2Font:
    weight = "bold" if bold else "normal"
    font = FT2Font(findfont(FontProperties(family=FONT, weight=weight)))
    font.set_size(_EM, 72)
    return font


@cache
def _letters() -> frozenset[str]:
    both = _font(False).get_charmap().keys() & _font(True).get_charmap().keys()
    return frozenset(map(chr, both))


@lru_cache(maxsize=16_384)
def _ems(text: str, bold: bool) -> float:
    """Return the width of a text in ems."""
    return sum(_advance(letter, bold) for letter in text)


@lru_cache(maxsize=4096)
def _advance(letter: str, bold: bool) -> float:
    """Return the advance of a letter in ems."""
    glyph = _font(bold).load_char(ord(letter), flags=LoadFlags.NO_HINTING)
    return float(glyph.linearHoriAdvance) / 65536 / _EM
