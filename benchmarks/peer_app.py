"""The peer of the live map: the same municipalities and theme with streamlit-folium.

A folder with `municipalities.geojson`, `theme.geojson` and `static/` is made beside a copy of
this script, which `streamlit run` then runs. The address says which way the map is made:
`?way=rebuilt` draws it anew with every choice; `?way=added` draws the municipalities once and
gives what changes as a feature group, which is what streamlit-folium advises.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import folium
import streamlit as st
from streamlit_folium import st_folium

FOLDER = Path(__file__).parent
CHOSEN = "#ff0000"
THEME = "#117733"
COLOURS = ("#88ccee", "#ddcc77", "#cc6677", "#44aa99", "#aa4499", "#999933")
MOST_SVG_FEATURES = 1500


@st.cache_resource
def collection(name: str) -> dict[str, Any]:
    """Return a GeoJSON collection, EPSG:4326; its features have a key and a name."""
    read: dict[str, Any] = json.loads((FOLDER / f"{name}.geojson").read_text("utf-8"))
    return read


def style(feature: dict[str, Any]) -> dict[str, Any]:
    """Return the look of a municipality."""
    fill = COLOURS[int(feature["properties"]["key"]) % len(COLOURS)]
    return {"fillColor": fill, "fillOpacity": 0.7, "color": "#404040", "weight": 1}


def style_or_chosen(feature: dict[str, Any]) -> dict[str, Any]:
    """Return the look of a municipality, which may be the chosen one."""
    if feature["properties"]["key"] != st.session_state.get("chosen"):
        return style(feature)
    return style(feature) | {"color": CHOSEN, "weight": 4}


def outline(_feature: dict[str, Any]) -> dict[str, Any]:
    """Return the look of the mark around the chosen municipality."""
    return {"fill": False, "color": CHOSEN, "weight": 4}


def municipalities(look: Any) -> folium.GeoJson:  # noqa: ANN401 - folium's style function
    """Return the layer of the municipalities, with their names under the pointer."""
    return folium.GeoJson(
        collection("municipalities"),
        style_function=look,
        tooltip=folium.GeoJsonTooltip(["name"], labels=False),
    )


def theme() -> folium.GeoJson:
    """Return the layer of the theme."""
    return folium.GeoJson(
        collection("theme"), style_function=lambda _: {"color": THEME, "weight": 3}
    )


def empty_map() -> folium.Map:
    """Return a map without a background that loads nothing from a foreign host."""
    features = collection("municipalities")
    shown = folium.Map(tiles=None, prefer_canvas=len(features["features"]) > MOST_SVG_FEATURES)
    shown.default_js = [("leaflet", "/app/static/leaflet.js")]
    shown.default_css = [("leaflet_css", "/app/static/leaflet.css")]
    west, south, east, north = features["bbox"]
    shown.fit_bounds([[south, west], [north, east]])
    return shown


def rebuilt(*, with_theme: bool) -> dict[str, Any]:
    """Draw the whole map anew."""
    shown = empty_map()
    municipalities(style_or_chosen).add_to(shown)
    if with_theme:
        theme().add_to(shown)
    told: dict[str, Any] = st_folium(
        shown, key="map", returned_objects=["last_active_drawing"], height=560, width=900
    )
    return told


def added(*, with_theme: bool) -> dict[str, Any]:
    """Draw the municipalities once; add the mark and the theme to them."""
    shown = empty_map()
    municipalities(style).add_to(shown)
    changing = folium.FeatureGroup()
    if with_theme:
        theme().add_to(changing)
    chosen = st.session_state.get("chosen")
    found = [
        feature
        for feature in collection("municipalities")["features"]
        if feature["properties"]["key"] == chosen
    ]
    if found:
        mark = {"type": "FeatureCollection", "features": found}
        folium.GeoJson(mark, style_function=outline).add_to(changing)
    told: dict[str, Any] = st_folium(
        shown,
        key="map",
        feature_group_to_add=changing,
        returned_objects=["last_active_drawing"],
        height=560,
        width=900,
    )
    return told


def take_click() -> None:
    """Remember what was clicked, which the component tells before the script runs again."""
    drawing = (st.session_state.get("map") or {}).get("last_active_drawing")
    if drawing:
        st.session_state["chosen"] = drawing["properties"]["key"]


st.set_page_config(layout="wide")
take_click()
with st.sidebar:
    with_theme = st.checkbox("Theme")
st.title("Municipalities")
draw = rebuilt if st.query_params.get("way") == "rebuilt" else added
draw(with_theme=with_theme)
st.write(st.session_state.get("chosen") or "nothing chosen")
