"""Native shapes of a slide as DrawingML: freeforms, symbols, text boxes and groups of them.

Lengths are EMU, 36 000 to the millimetre, from the upper left corner of the slide. No shape
refers to a style of the theme, so that none has a shadow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray
from pptx.oxml import parse_xml
from pptx.slide import Slide

from geoapp.core.mapspec import GeometryKind, Pattern, Shape, Style
from geoapp.maps.office_package import written_text

EMU_PER_MM = 36_000
EMU_PER_PX = 9_525
EMU_PER_POINT = 12_700
INK = "#1b1f24"
QUIET = "#4a5058"
LOCALES = {"pl": "pl-PL", "cs": "cs-CZ", "en": "en-GB"}

Contour = NDArray[np.int64]
"""Vertices, shape (n, 2), right and down."""

_LONGEST_NAME = 120
_NAMESPACES = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
)
_PATTERNS: dict[Pattern, str] = {
    "diagonal": "wdUpDiag",
    "back-diagonal": "wdDnDiag",
    "cross": "openDmnd",
    "dots": "pct20",
    "horizontal": "narHorz",
}
# preset shape; half its width and the reach above and below its middle, for a radius of 1
_SYMBOLS: dict[Shape, tuple[str, float, float, float]] = {
    "circle": ("ellipse", 1, 1, 1),
    "square": ("rect", 0.89, 0.89, 0.89),
    "triangle": ("triangle", 1.26, 1.45, 0.73),
    "diamond": ("diamond", 1.28, 1.28, 1.28),
}


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the slide."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The lower edge."""
        return self.top + self.height


@dataclass(frozen=True, slots=True)
class Lettering:
    """How a text is set; ``size`` in points, ``language`` a BCP 47 tag."""

    size: float
    language: str
    bold: bool = False
    colour: str = INK
    align: Literal["l", "ctr", "r"] = "l"


def place(slide: Slide, *shapes: str) -> None:
    """Put shapes on a slide, above what is there, and number them."""
    tree = slide.shapes._spTree
    number = max(int(found) for found in tree.xpath("//p:cNvPr/@id"))
    for markup in shapes:
        element = parse_xml(markup.replace(">", f" {_NAMESPACES}>", 1))
        for named in element.iter("{*}cNvPr"):
            number += 1
            named.set("id", str(number))
        tree.append(element)


def freeform(
    name: str, contours: Sequence[Contour], style: Style, kind: GeometryKind, *, over: bool
) -> str:
    """Return an area or a line; ``over`` lets what lies below show through its fill."""
    every = np.concatenate(contours)
    low, high = every.min(axis=0), every.max(axis=0)
    width, height = np.maximum(high - low, 1)
    closed = kind != "line"
    paths = "".join(_path(contour - low, closed=closed) for contour in contours)
    filled = "" if closed else ' fill="none"'
    geometry = (
        "<a:custGeom><a:avLst/><a:gdLst/><a:ahLst/><a:cxnLst/>"
        '<a:rect l="0" t="0" r="r" b="b"/><a:pathLst>'
        f'<a:path w="{width}" h="{height}"{filled}>{paths}</a:path></a:pathLst></a:custGeom>'
    )
    box = Box(int(low[0]), int(low[1]), int(width), int(height))
    inside = fill(style, over=over) if closed else "<a:noFill/>"
    return _shape(name, box, geometry + inside + outline(style))


def symbol(name: str, middle: tuple[int, int], style: Style, radius: float | None = None) -> str:
    """Return the symbol of a point; ``radius`` in pixels where it is not that of the style."""
    preset, half, above, below = _SYMBOLS[style.shape]
    size = (radius or style.radius) * EMU_PER_PX
    x, y = middle
    box = Box(
        round(x - half * size),
        round(y - above * size),
        round(2 * half * size),
        round((above + below) * size),
    )
    geometry = f'<a:prstGeom prst="{preset}"><a:avLst/></a:prstGeom>'
    return _shape(name, box, geometry + fill(style, over=True) + outline(style))


def symbol_contour(middle: tuple[int, int], style: Style) -> Contour:
    """Return the outline of the symbol of a point, to be drawn together with others."""
    turns = {"circle": 16, "square": 4, "triangle": 3, "diamond": 4}[style.shape]
    angles = np.arange(turns) * 2 * np.pi / turns - np.pi / 2
    if style.shape == "square":
        angles = angles + np.pi / 4
    corners = np.column_stack([np.cos(angles), np.sin(angles)])
    _, half, above, _ = _SYMBOLS[style.shape]
    reach = {"circle": half, "square": half * np.sqrt(2)}.get(style.shape, above)
    size = style.radius * EMU_PER_PX * reach
    return np.asarray(np.round(corners * size + middle), dtype=np.int64)


def rectangle(name: str, box: Box, style: Style) -> str:
    """Return a rectangle."""
    geometry = '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
    return _shape(name, box, geometry + fill(style, over=False) + outline(style))


def text_box(
    name: str,
    box: Box,
    lines: Sequence[tuple[str, Lettering]],
    *,
    ground: Style | None = None,
    anchor: Literal["t", "ctr"] = "t",
    inset: int = 0,
    wrapped: bool = True,
) -> str:
    """Return an editable text box, a paragraph for each line; without ``ground`` it is clear."""
    look = fill(ground, over=True) + outline(ground) if ground else "<a:noFill/>"
    geometry = f'<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>{look}'
    wrap = "square" if wrapped else "none"
    body = (
        f'<p:txBody><a:bodyPr wrap="{wrap}" lIns="{inset}" tIns="{inset // 2}" rIns="{inset}" '
        f'bIns="{inset // 2}" anchor="{anchor}"><a:noAutofit/></a:bodyPr><a:lstStyle/>'
        f"{''.join(_paragraph(text, look) for text, look in lines)}</p:txBody>"
    )
    return _shape(name, box, geometry, body, kind=' txBox="1"')


def group(name: str, box: Box, shapes: Sequence[str], *, alternative: str = "") -> str:
    """Return shapes as one group; ``alternative`` is read to those who do not see it."""
    frame = f'x="{box.left}" y="{box.top}"', f'cx="{box.width}" cy="{box.height}"'
    return (
        f"<p:grpSp><p:nvGrpSpPr>{_identity(name, alternative)}<p:cNvGrpSpPr/><p:nvPr/>"
        f"</p:nvGrpSpPr><p:grpSpPr><a:xfrm><a:off {frame[0]}/><a:ext {frame[1]}/>"
        f"<a:chOff {frame[0]}/><a:chExt {frame[1]}/></a:xfrm></p:grpSpPr>"
        f"{''.join(shapes)}</p:grpSp>"
    )


def fill(style: Style, *, over: bool) -> str:
    """Return the fill of a style; not ``over``, its opacity is mixed into the colour.

    >>> fill(Style(fill="#000000", fill_opacity=0.2), over=False)
    '<a:solidFill><a:srgbClr val="CCCCCC"/></a:solidFill>'
    """
    preset = _PATTERNS.get(style.pattern)
    if style.fill is None and preset is None:
        return "<a:noFill/>"
    ground = style.fill or "#ffffff"
    share = style.fill_opacity if style.fill else 0.0
    colour = _colour(ground, share) if over else _colour(_on_white(ground, share))
    if preset is None:
        return f"<a:solidFill>{colour}</a:solidFill>"
    return (
        f'<a:pattFill prst="{preset}"><a:fgClr>{_colour(style.pattern_colour)}</a:fgClr>'
        f"<a:bgClr>{colour}</a:bgClr></a:pattFill>"
    )


def outline(style: Style) -> str:
    """Return the line of a style."""
    if style.stroke is None or not style.width:
        return "<a:ln><a:noFill/></a:ln>"
    dash = ""
    if style.dash:
        # lengths of dashes are thousandths of a percent of the width of the line
        drawn, gap = (round(length / style.width * 100_000) for length in style.dash)
        dash = f'<a:custDash><a:ds d="{drawn}" sp="{gap}"/></a:custDash>'
    return (
        f'<a:ln w="{round(style.width * EMU_PER_PX)}"><a:solidFill>'
        f"{_colour(style.stroke, style.stroke_opacity)}</a:solidFill>{dash}<a:round/></a:ln>"
    )


def _shape(name: str, box: Box, look: str, body: str = "", kind: str = "") -> str:
    return (
        f"<p:sp><p:nvSpPr>{_identity(name)}<p:cNvSpPr{kind}/><p:nvPr/></p:nvSpPr><p:spPr><a:xfrm>"
        f'<a:off x="{box.left}" y="{box.top}"/><a:ext cx="{box.width}" cy="{box.height}"/>'
        f"</a:xfrm>{look}</p:spPr>{body}</p:sp>"
    )


def _identity(name: str, alternative: str = "") -> str:
    told = f" descr={quoteattr(written_text(alternative))}" if alternative else ""
    return f'<p:cNvPr id="0" name={quoteattr(written_text(name, _LONGEST_NAME))}{told}/>'


def _path(contour: Contour, *, closed: bool) -> str:
    first, *rest = (f'<a:pt x="{x}" y="{y}"/>' for x, y in contour.tolist())
    lines = "".join(f"<a:lnTo>{point}</a:lnTo>" for point in rest)
    return f"<a:moveTo>{first}</a:moveTo>{lines}{'<a:close/>' if closed else ''}"


def _paragraph(text: str, look: Lettering) -> str:
    return (
        f'<a:p><a:pPr algn="{look.align}"/><a:r><a:rPr lang="{LOCALES[look.language]}" '
        f'sz="{round(look.size * 100)}" b="{int(look.bold)}" dirty="0"><a:solidFill>'
        f"{_colour(look.colour)}</a:solidFill></a:rPr><a:t>{escape(written_text(text))}</a:t>"
        "</a:r></a:p>"
    )


def _colour(colour: str, opacity: float = 1) -> str:
    value = colour.removeprefix("#").upper()
    if opacity >= 1:
        return f'<a:srgbClr val="{value}"/>'
    return f'<a:srgbClr val="{value}"><a:alpha val="{round(opacity * 100_000)}"/></a:srgbClr>'


def _on_white(colour: str, share: float) -> str:
    parts = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return "#" + "".join(f"{round(255 + (part - 255) * share):02x}" for part in parts)
