"""Styles of groups: colours that colour-blind readers can tell apart, and patterns besides.

The colours are Paul Tol's "muted" scheme (https://personal.sron.nl/~pault/).
"""

from __future__ import annotations

from geoapp.core.mapspec import Pattern, Style

_MUTED = (
    "#88ccee",
    "#cc6677",
    "#ddcc77",
    "#117733",
    "#332288",
    "#aa4499",
    "#44aa99",
    "#999933",
    "#882255",
)
_PATTERNS: tuple[Pattern, ...] = ("none", "diagonal", "dots", "cross", "back-diagonal")
_LINE = "#ffffff"

NEUTRAL = Style(fill="#c9ccd1", fill_opacity=0.35, stroke="#9aa0a8", width=0.8)

_FIXED = {
    "role": {
        "leader": ("#332288", "cross", "#ffffff"),
        "at-risk": ("#cc6677", "diagonal", "#5a0f1c"),
        "functionally-linked": ("#44aa99", "back-diagonal", "#0b3d36"),
        "member": ("#88ccee", "none", "#000000"),
        "observer": ("#dddddd", "dots", "#555555"),
    },
    "status": {
        "at-risk": ("#cc6677", "diagonal", "#5a0f1c"),
        "losing-functions": ("#ddcc77", "cross", "#5c4a00"),
        "not-listed": ("#88ccee", "none", "#000000"),
        "unknown": ("#e3e3e3", "dots", "#6b6b6b"),
    },
    "country": {
        "PL": ("#cc6677", "none", "#000000"),
        "CZ": ("#88ccee", "horizontal", "#14506b"),
    },
}


def partnership_style(position: int) -> Style:
    """Return the style of the partnership at a position of the registry; 45 differ."""
    colour = _MUTED[position % len(_MUTED)]
    pattern = _PATTERNS[position // len(_MUTED) % len(_PATTERNS)]
    return Style(
        fill=colour, stroke=_LINE, width=1.2, pattern=pattern, pattern_colour=_contrast(colour)
    )


def group_style(by: str, slug: str) -> Style:
    """Return the style of a role, status or country."""
    fill, pattern, pattern_colour = _FIXED[by].get(slug, ("#e3e3e3", "dots", "#6b6b6b"))
    return Style.model_validate(
        {
            "fill": fill,
            "stroke": _LINE,
            "width": 1.2,
            "pattern": pattern,
            "pattern_colour": pattern_colour,
        }
    )


def overlap_style(first: Style, second: Style) -> Style:
    """Return the style of a municipality in two groups: the second's colour as stripes."""
    return first.model_copy(
        update={"pattern": "diagonal", "pattern_colour": second.fill, "stroke": "#202020"}
    )


def uncertain_style(style: Style) -> Style:
    """Return the style of a member whose membership is not certain: a dashed dark outline."""
    return style.model_copy(update={"dash": (5.0, 4.0), "stroke": "#303030"})


def _contrast(colour: str) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return "#000000" if 0.299 * red + 0.587 * green + 0.114 * blue > 120 else "#ffffff"
