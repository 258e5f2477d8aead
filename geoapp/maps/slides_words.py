"""How much of a text a slide has room for."""

from __future__ import annotations

from collections.abc import Sequence

from geoapp.maps.sheet_text import line_height, wrap
from geoapp.maps.slides_shapes import EMU_PER_MM, Box

SIZES = (20, 18, 16)
"""Of letters in points, from the best one to the smallest that a last row can read."""

_INDENT_MM = 15.0
_LEADING = 1.05
"""Lines of an office program are a little further apart than those of a print sheet."""
_MOST_LINES = 2000
_SPACE_BETWEEN = 0.4
"""Between two points, in lines."""


def fitting_words(lines: Sequence[str], room: Box) -> tuple[list[str], list[str], int]:
    """Return the points that fit into a box of a slide, those that do not, and the size in points.

    The letters are the largest of `SIZES` at which everything fits, else the smallest. A point
    that is longer than the box, which is in EMU, is cut between two words.
    """
    for size in SIZES:
        fitting, rest = _parted(lines, room, size)
        if not rest or size == SIZES[-1]:
            break
    return fitting, rest, size


def _parted(lines: Sequence[str], room: Box, size: int) -> tuple[list[str], list[str]]:
    width = room.width / EMU_PER_MM - _INDENT_MM
    free = room.height / EMU_PER_MM / (_LEADING * line_height(size))
    fitting: list[str] = []
    for place, line in enumerate(lines):
        wrapped = wrap(line, width, size, most=_MOST_LINES)
        needed = len(wrapped) + (_SPACE_BETWEEN if fitting else 0)
        if needed > free:
            if fitting:
                return fitting, list(lines[place:])
            held = max(int(free), 1)
            return [" ".join(wrapped[:held])], [" ".join(wrapped[held:]), *lines[place + 1 :]]
        free -= needed
        fitting.append(line)
    return fitting, []
