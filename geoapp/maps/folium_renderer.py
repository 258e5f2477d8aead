"""A map specification as a folium map, for notebooks and files that open without a host."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import folium
from branca.element import MacroElement
from folium.template import Template
from folium.utilities import JsCode

from geoapp.core.mapspec import BaseMap, Bounds, MapLayer, MapSpec, Style
from geoapp.errors import FileRefusedError, Problem
from geoapp.maps.folium_page import FoliumPage, inert, leaflet_url
from geoapp.maps.live import phrases
from geoapp.maps.svg_symbols import fill_reference, point_symbol

Json = dict[str, Any]

# Every brace of a tile address that is not part of a placeholder.
_BRACES = re.compile(r"\{(?!(?:[sxyzr]|-y)\})|(?<!\{[sxyzr])(?<!\{-y)\}")

_SELECTED = {"color": "#1b1f24", "weight": 4, "dashArray": None}
_TOOLTIP = JsCode(
    "(feature, layer) => layer.bindTooltip(feature.properties.words, { sticky: true })"
)
_LABEL = JsCode(
    "(feature, layer) => layer.setIcon(L.divIcon({"
    " className: 'geoapp-name', html: feature.properties.words, iconSize: [0, 0] }))"
)


def folium_map(spec: MapSpec) -> folium.Map:
    """Draw a map with folium.

    The saved page opens without a connection, except for the base map when one was chosen. A
    layer of vector tiles cannot be part of it; a notice on the map says so.
    Elements that need more than Leaflet, such as markers with icons, bring foreign hosts back.

    Parameters
    ----------
    spec
        The map. Its display files (EPSG:4326) are read from their paths.

    Raises
    ------
    FileRefusedError
        A display file is missing or is no GeoJSON FeatureCollection.
    """
    spec = _without_tiles(spec)
    drawn = folium.Map(
        tiles=None, zoom_snap=0.25, attribution_control=False, max_zoom=19, font_size="13px"
    )
    drawn.default_js = [("leaflet", leaflet_url("leaflet.js", "text/javascript"))]
    drawn.default_css = [("leaflet_css", leaflet_url("leaflet.css", "text/css"))]
    FoliumPage(spec).add_child(drawn)
    if spec.base_map:
        _base_map(spec.base_map).add_to(drawn)
    for layer, name in zip(spec.layers, _distinct_names(spec.layers), strict=True):
        _add_layer(drawn, layer, name, spec.selected)
    _Opening(drawn, spec.view.bounds).add_to(drawn)
    folium.LayerControl(position="bottomleft", collapsed=False).add_to(drawn)
    return drawn


def _without_tiles(spec: MapSpec) -> MapSpec:
    """Return the map with a notice in place of each layer of vector tiles."""
    whole = tuple(layer for layer in spec.layers if not layer.geometry.is_tiled)
    told = tuple(
        phrases(spec)["too-large"].format(layer=layer.name)
        for layer in spec.layers
        if layer.geometry.is_tiled
    )
    return spec.model_copy(update={"layers": whole, "notices": (*spec.notices, *told)})


def _distinct_names(layers: tuple[MapLayer, ...]) -> Iterator[str]:
    """Yield inert names; folium lists layers by name and would lose one of two equal ones."""
    seen: dict[str, int] = {}
    for layer in layers:
        seen[layer.name] = seen.get(layer.name, 0) + 1
        number = f" ({seen[layer.name]})" if seen[layer.name] > 1 else ""
        yield inert(layer.name) + number


def _base_map(base: BaseMap) -> folium.TileLayer | folium.WmsTileLayer:
    name, credit = inert(base.name), inert(base.attribution) or "-"
    url = _BRACES.sub(lambda brace: f"%{ord(brace[0]):X}", base.url)
    if base.kind == "wms":
        layers = inert(base.wms_layers)
        return folium.WmsTileLayer(
            url, layers, fmt="image/png", overlay=False, name=name, attr=credit
        )
    return folium.TileLayer(url, max_zoom=24, max_native_zoom=base.max_zoom, name=name, attr=credit)


def _add_layer(drawn: folium.Map, layer: MapLayer, name: str, selected: str | None) -> None:
    styled = _styled(layer, selected)
    if not styled:
        return
    group = folium.FeatureGroup(name=name)
    group.add_to(drawn)
    is_point = layer.geometry.kind == "point"
    plain = [_icon(style) if is_point else _path(style, layer) for style in layer.styles]
    options = [*plain, *({**option, **_SELECTED} for option in plain)]
    told = layer.selectable or layer.geometry.kind != "polygon"
    folium.GeoJson(
        _collection(
            _feature(place, _words(feature, layer), feature["geometry"], style=index)
            for place, (feature, index) in enumerate(styled)
        ),
        style_function=lambda feature: options[feature["properties"]["style"]],
        marker=folium.Marker(icon=folium.DivIcon()) if is_point else None,
        on_each_feature=_TOOLTIP if told else None,
        interactive=told,
        smooth_factor=0.5,
    ).add_to(group)
    if layer.labels:
        _add_labels(drawn, group, [feature for feature, _ in styled])


def _styled(layer: MapLayer, selected: str | None) -> list[tuple[Json, int]]:
    """Return the shown features with the index of their style; the selected one is last, on top.

    Indices beyond the styles of the layer stand for the same styles, selected.
    """
    styled = []
    for feature in _features(layer):
        key = _key(feature)
        index = layer.assign.get(key, layer.default)
        if index is not None:
            chosen = layer.selectable and key == selected
            styled.append((feature, index + len(layer.styles) * chosen))
    return sorted(styled, key=lambda pair: pair[1] >= len(layer.styles))


def _features(layer: MapLayer) -> list[Json]:
    path = layer.geometry.path
    try:
        collection = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FileRefusedError(
            Problem(
                file=path.name,
                text="expected a GeoJSON FeatureCollection, found {found}; prepare it again",
                values={"found": type(error).__name__},
            )
        ) from error
    if not isinstance(collection, dict) or not isinstance(collection.get("features"), list):
        raise FileRefusedError(
            Problem(
                file=path.name,
                text="expected a GeoJSON FeatureCollection, found other JSON; prepare it again",
            )
        )
    return [feature for feature in collection["features"] if feature.get("geometry")]


def _key(feature: Json) -> str:
    return str(feature["properties"]["key"])


def _name(feature: Json) -> str:
    return str(feature["properties"].get("name", ""))


def _words(feature: Json, layer: MapLayer) -> str:
    lines = [f"<b>{inert(_name(feature))}</b>"]
    return "<br>".join([*lines, *map(inert, layer.tooltips.get(_key(feature), ()))])


def _collection(features: Iterator[Json]) -> Json:
    return {"type": "FeatureCollection", "features": list(features)}


def _feature(place: int, words: str, geometry: Json, **properties: int) -> Json:
    # Only what is needed is copied; other members of the file could hold anything.
    shape = {"type": geometry["type"], "coordinates": geometry["coordinates"]}
    properties_ = {"words": words, **properties}
    return {"type": "Feature", "id": str(place), "properties": properties_, "geometry": shape}


def _path(style: Style, layer: MapLayer) -> Json:
    """Leaflet path options; a selectable area without fill still answers inside."""
    patterned = style.pattern != "none"
    filled = layer.geometry.kind == "polygon" and (patterned or style.fill is not None)
    opacity = (1 if patterned else style.fill_opacity) if filled else 0
    return {
        "stroke": style.stroke is not None and style.width > 0,
        "color": style.stroke or "#000000",
        "opacity": style.stroke_opacity,
        "weight": style.width,
        "dashArray": " ".join(map(str, style.dash)) if style.dash else None,
        "fill": layer.geometry.kind == "polygon" and (filled or layer.selectable),
        "fillColor": fill_reference(style) if filled else "#000000",
        "fillOpacity": opacity,
    }


def _icon(style: Style) -> Json:
    symbol, side = point_symbol(style)
    return {"html": symbol, "className": "", "iconSize": [side, side]}


def _add_labels(drawn: folium.Map, group: folium.FeatureGroup, features: list[Json]) -> None:
    ranked = sorted(features, key=lambda feature: feature["properties"].get("rank", len(features)))
    placed = [feature for feature in ranked if "px" in feature["properties"]]
    if not placed:
        return
    labels = folium.GeoJson(
        _collection(
            _feature(place, f"<span>{inert(_name(feature))}</span>", _label_point(feature))
            for place, feature in enumerate(placed)
        ),
        marker=folium.Marker(icon=folium.DivIcon(), interactive=False, keyboard=False),
        on_each_feature=_LABEL,
    )
    labels.add_to(group)
    _Collisions(drawn, labels).add_to(drawn)


def _label_point(feature: Json) -> Json:
    properties = feature["properties"]
    return {"type": "Point", "coordinates": [properties["px"], properties["py"]]}


class _Opening(MacroElement):
    """Shows the wanted part, beside the legend where there is room, and a metric scale bar."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        {{ this.drawn }}.fitBounds({{ this.corners|tojson }}, {
            paddingTopLeft: [24, 60],
            paddingBottomRight: [{{ this.drawn }}.getSize().x > 900 ? 310 : 24, 24],
        });
        L.control.scale({ imperial: false }).addTo({{ this.drawn }});
        {% endmacro %}
        """
    )

    def __init__(self, drawn: folium.Map, bounds: Bounds) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Opening"
        west, south, east, north = bounds
        self.drawn = drawn.get_name()
        self.corners = [[south, west], [north, east]]


class _Collisions(MacroElement):
    """Hides a name that would meet one of higher rank, after every change of zoom."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        (() => {
            const place = () => {
                const taken = [];
                {{ this.labels }}.eachLayer((marker) => {
                    const text = marker.getElement()?.firstElementChild;
                    if (!text) return;
                    const box = text.getBoundingClientRect();
                    const meets = taken.some((other) => box.left < other.right + 2
                        && other.left < box.right + 2 && box.top < other.bottom
                        && other.top < box.bottom);
                    text.style.visibility = meets ? 'hidden' : '';
                    if (!meets) taken.push(box);
                });
            };
            {{ this.drawn }}.on('zoomend viewreset layeradd', () => requestAnimationFrame(place));
            requestAnimationFrame(place);
        })();
        {% endmacro %}
        """
    )

    def __init__(self, drawn: folium.Map, labels: folium.GeoJson) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Collisions"
        self.drawn = drawn.get_name()
        self.labels = labels.get_name()
