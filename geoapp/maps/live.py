"""The live map: a map specification as the plain data that `map.js` draws.

Geometry is named by address and never part of it, so that a click sends kilobytes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from geoapp.core.mapspec import BaseMap, MapLayer, MapSpec
from geoapp.core.vocabulary import CONTROL_NAMES

Json = dict[str, Any]

_COMPONENT = Path(__file__).parents[1] / "ui" / "map_component"
_LEAFLET = _COMPONENT / "vendor" / "leaflet"
_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?:default )?", re.MULTILINE)


def phrases(spec: MapSpec) -> dict[str, str]:
    """Return every text a renderer of this map needs, in English where it has no other."""
    return CONTROL_NAMES | spec.phrases


def live_payload(spec: MapSpec, base_url: str = "") -> Json:
    """Return what the component draws, ready for JSON; coordinates are EPSG:4326 degrees.

    Parameters
    ----------
    spec
        The map.
    base_url
        Where `layers/<name>` is served; empty for the root of the app, wherever that is mounted.

    Returns
    -------
        Bounds are west, south, east, north. No path of this machine is part of it.
    """
    return {
        "title": spec.title,
        "language": spec.language,
        "view": {"key": spec.view.key, "bounds": list(spec.view.bounds)},
        "layers": [_layer(layer, base_url) for layer in spec.layers],
        "legend": [group.model_dump(mode="json") for group in spec.legend],
        "baseMap": _base_map(spec.base_map) if spec.base_map else None,
        "attribution": list(spec.attribution),
        "notices": list(spec.notices),
        "selected": spec.selected,
        "textAlternative": spec.text_alternative,
        "phrases": phrases(spec),
    }


def geometry_url(name: str, base_url: str = "") -> str:
    """Return the address of a display file.

    >>> geometry_url("obce-0123456789abcdef.geojson")
    'layers/obce-0123456789abcdef.geojson'
    >>> geometry_url("obce-0123456789abcdef.geojson", "https://maps.example/app/")
    'https://maps.example/app/layers/obce-0123456789abcdef.geojson'
    """
    return f"{base_url.rstrip('/')}/layers/{name}" if base_url else f"layers/{name}"


def leaflet_script() -> str:
    """Return Leaflet as a classic script, which has to come before `component_script`."""
    return (_LEAFLET / "leaflet.js").read_text(encoding="utf-8")


def component_script() -> str:
    """Return the map component as one module that defines `mountMap`, for a page in one file.

    The search belongs to the app alone, which has names to search among.

    The modules import by name only and share no top-level name, so they are written one after
    the other, Leaflet's first.
    """
    first = _COMPONENT / "leaflet.js"
    left_out = {first, _COMPONENT / "search.js"}
    rest = sorted(path for path in _COMPONENT.glob("*.js") if path not in left_out)
    sources = (path.read_text(encoding="utf-8") for path in (first, *rest))
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", source)) for source in sources)


def component_styles() -> str:
    """Return the style sheets of Leaflet and of the component; they refer to no needed file."""
    files = (_LEAFLET / "leaflet.css", _COMPONENT / "map.css")
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def _layer(layer: MapLayer, base_url: str) -> Json:
    return {
        "slug": layer.slug,
        "name": layer.name,
        "kind": layer.geometry.kind,
        "geometry": layer.geometry.name,
        "url": geometry_url(layer.geometry.name, base_url),
        "features": layer.geometry.features,
        "styles": [style.model_dump(mode="json") for style in layer.styles],
        "assign": layer.assign,
        "default": layer.default,
        "tooltips": {key: list(lines) for key, lines in layer.tooltips.items()},
        "selectable": layer.selectable,
        "labels": layer.labels,
    }


def _base_map(base: BaseMap) -> Json:
    return {
        "slug": base.slug,
        "name": base.name,
        "url": base.url,
        "attribution": base.attribution,
        "kind": base.kind,
        "wmsLayers": base.wms_layers,
        "maxZoom": base.max_zoom,
    }
