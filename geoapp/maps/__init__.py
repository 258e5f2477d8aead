"""Renderers of a map specification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geoapp.maps.folium_renderer import folium_map

__all__ = ["folium_map"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module hands out what it is asked for
    """Load folium only where it is used: it costs the server half a second and half its memory."""
    if name == "folium_map":
        from geoapp.maps.folium_renderer import folium_map as renderer

        return renderer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
