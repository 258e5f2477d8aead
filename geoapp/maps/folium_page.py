"""The page around a folium map: texts that stay texts, legend, notices, sources, Leaflet itself.

folium writes texts into HTML, into JavaScript and once more into a Jinja template. Every text
from data is therefore written as character references, which none of the three can read as
code; and the page evaluates no template that already holds data.
"""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path

from branca.element import Element, Figure
from jinja2.sandbox import SandboxedEnvironment

from geoapp.core.mapspec import LegendGroup, LegendItem, MapSpec
from geoapp.maps.live import phrases
from geoapp.maps.svg_symbols import pattern_definitions, swatch

_LEAFLET = Path(__file__).parents[1] / "ui" / "map_component" / "vendor" / "leaflet"
_ENTITIES = {ord(sign): f"&#{ord(sign)};" for sign in "&<>\"'`$\\{}"}

_STYLES = """
.folium-map.leaflet-container { background: #f3f4f6;
  font: 13px/1.4 system-ui, "Noto Sans", sans-serif; }
.geoapp-head { position: absolute; top: 10px; left: 56px; z-index: 1000; max-width: 55%;
  font: 13px/1.4 system-ui, "Noto Sans", sans-serif; pointer-events: none; }
.geoapp-head h1 { display: inline-block; margin: 0 0 6px; padding: 4px 12px; border-radius: 8px;
  background: #ffffffe6; color: #24292f; font-size: 18px; }
.geoapp-head p { margin: 0 0 4px; padding: 5px 12px; border: 1px solid #d9a300;
  border-radius: 8px; background: #fff4cf; color: #3d2f00; font-weight: 550; }
.geoapp-legend { position: absolute; top: 10px; right: 10px; z-index: 1000; max-width: 280px;
  max-height: calc(100% - 60px); overflow-y: auto; border: 1px solid #c9ccd0; border-radius: 8px;
  background: #fff; color: #24292f; font: 13px/1.4 system-ui, "Noto Sans", sans-serif; }
.geoapp-legend summary { padding: 7px 12px; font-weight: 650; cursor: pointer; }
.geoapp-legend section { margin: 0 12px; padding: 6px 0 8px; border-top: 1px solid #dcdfe3; }
.geoapp-legend h2 { margin: 0 0 4px; color: #57606a; font-size: 12px; }
.geoapp-legend ul { margin: 0; padding: 0; list-style: none; }
.geoapp-legend li { display: grid; grid-template-columns: 30px 1fr; gap: 9px; min-height: 25px;
  align-items: center; }
.geoapp-legend small { display: block; color: #57606a; font-size: 11.5px; }
.geoapp-sources { position: absolute; right: 0; bottom: 0; z-index: 1000; max-width: 70%;
  margin: 0; padding: 2px 8px; background: #ffffffd0; color: #424a53;
  font: 11px/1.4 system-ui, "Noto Sans", sans-serif; overflow-wrap: anywhere; }
.geoapp-words { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); }
.geoapp-name span { position: absolute; color: #1b1f24; font: 600 12px/1.15 system-ui,
  "Noto Sans", sans-serif; text-align: center; white-space: nowrap; pointer-events: none;
  transform: translate(-50%, -50%); text-shadow: 0 0 2px #fff, 0 0 2px #fff, 0 0 3px #fff; }
"""


def inert(text: str) -> str:
    """Write a text so that HTML, JavaScript and Jinja read it as nothing but text.

    >>> inert("${x} {{ 7*7 }} <b>")
    '&#36;&#123;x&#125; &#123;&#123; 7*7 &#125;&#125; &#60;b&#62;'
    """
    return text.translate(_ENTITIES)


@cache
def leaflet_url(name: str, kind: str) -> str:
    """Return a vendored file of Leaflet as a `data:` address."""
    return f"data:{kind};base64,{base64.b64encode((_LEAFLET / name).read_bytes()).decode()}"


class _Verbatim(Element):
    """Markup that is written as it is."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self._markup = markup

    def render(self, **_: object) -> str:
        return self._markup


class FoliumPage(Figure):
    """The page around a map. What folium wrote for it is never evaluated again as a template."""

    _template = SandboxedEnvironment().from_string(
        '<!DOCTYPE html>\n<html lang="{{ this.language }}">\n<head>\n<title>{{ this.title }}'
        "</title>\n{{ this.header.render(**kwargs) }}\n</head>\n<body>\n"
        "{{ this.html.render(**kwargs) }}\n</body>\n<script>\n{{ this.script.render(**kwargs) }}\n"
        "</script>\n</html>\n"
    )

    def __init__(self, spec: MapSpec) -> None:
        super().__init__(title=inert(spec.title))
        self.language = inert(spec.language)
        self.header.add_child(_Verbatim(f"<style>{_STYLES}</style>"), name="geoapp_styles")
        self.html.add_child(_Verbatim(_frame(spec)), name="geoapp_frame")

    def render(self, **kwargs: object) -> str:
        """Write the page."""
        for child in self._children.values():
            child.render(**kwargs)
        for part in (self.header, self.html, self.script):
            for name, element in part._children.items():
                # Only what was made from a text is a template that holds data.
                if element._template_str is not None:
                    part._children[name] = _Verbatim(element._template_str)
        return str(self._template.render(this=self, kwargs=kwargs))


def _frame(spec: MapSpec) -> str:
    """Write what stands around the map; the patterns serve the map and its legend."""
    styles = [style for layer in spec.layers for style in layer.styles]
    styles += [item.style for group in spec.legend for item in group.items]
    sources = [*spec.attribution, *([spec.base_map.attribution] if spec.base_map else [])]
    notices = "".join(f"<p>{inert(notice)}</p>" for notice in spec.notices)
    return "\n".join(
        [
            pattern_definitions(styles),
            f'<div class="geoapp-head"><h1>{inert(spec.title)}</h1>{notices}</div>',
            f'<p class="geoapp-words">{inert(spec.text_alternative)}</p>',
            _legend(spec.legend, phrases(spec)["legend"]) if spec.legend else "",
            f'<p class="geoapp-sources">{inert(" · ".join(sources))}</p>' if sources else "",
        ]
    )


def _legend(groups: tuple[LegendGroup, ...], heading: str) -> str:
    sections = "".join(_legend_group(group) for group in groups)
    return (
        f'<details class="geoapp-legend" open><summary>{inert(heading)}</summary>'
        f"{sections}</details>"
    )


def _legend_group(group: LegendGroup) -> str:
    title = f"<h2>{inert(group.title)}</h2>" if group.title else ""
    items = "".join(_legend_item(item) for item in group.items)
    note = f"<small>{inert(group.note)}</small>" if group.note else ""
    return f"<section>{title}<ul>{items}</ul>{note}</section>"


def _legend_item(item: LegendItem) -> str:
    note = f"<small>{inert(item.note)}</small>" if item.note else ""
    return f"<li>{swatch(item.style, item.kind)}<span>{inert(item.label)}{note}</span></li>"
