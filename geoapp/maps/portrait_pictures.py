"""Charts of a report as pictures for documents that cannot draw them."""

from __future__ import annotations

import io

import matplotlib as mpl
from matplotlib.figure import Figure

from geoapp.maps.portrait_charts import panel_blocks
from geoapp.maps.portrait_parts import Panels
from geoapp.maps.sheet import SETTINGS, drawing

_WIDTH_MM = 178.0
_DPI = 200
_INCH_MM = 25.4


def panels_png(panels: Panels) -> bytes:
    """Return charts as PNG of 200 dots per inch."""
    blocks = panel_blocks(panels.panels, _WIDTH_MM)
    height = sum(block.height for block in blocks)
    figure = Figure(figsize=(_WIDTH_MM / _INCH_MM, height / _INCH_MM))
    axes = figure.add_axes((0, 0, 1, 1), frameon=False, xticks=[], yticks=[])
    axes.set_xlim(0, _WIDTH_MM)
    axes.set_ylim(0, height)
    axes.set_axis_off()
    top = height
    for block in blocks:
        block.draw(axes, 0, top)
        top -= block.height
    picture = io.BytesIO()
    with drawing, mpl.rc_context(SETTINGS):
        figure.savefig(picture, format="png", dpi=_DPI, metadata={"Software": "geoapp"})
    return picture.getvalue()
