"""Display copies in prepared folders: whole as GeoJSON, or as tiles where that would be too much.

Beside each copy lies a small JSON file of facts, from which its `GeometryRef` is read back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd

from geoapp.core.mapspec import GeometryKind, GeometryRef
from geoapp.store.analysis import vertex_counts
from geoapp.store.display import DECIMALS, display_geojson
from geoapp.store.files import display_name

THEME_VERTICES = 40_000
"""The most vertices of a theme that is sent whole: some 300 kB of lines, compressed."""


def write_theme(draft: Path, slug: str, features: gpd.GeoDataFrame) -> None:
    """Write the display copy of a theme; ``features`` have ``key``, ``name``, EPSG:4326."""
    named = features[["key", "name", "geometry"]]
    if vertex_counts(named.geometry).sum() <= THEME_VERTICES:
        write_whole(draft, slug, named, ["key", "name"])
        return
    from geoapp.store.tiles import write_tiles  # it loads GDAL

    zooms = write_tiles(named, draft / f"{slug}.pmtiles", properties=["key", "name"])
    facts = {"suffix": ".pmtiles", "min_zoom": zooms.min_zoom, "max_zoom": zooms.max_zoom}
    _write_facts(draft, slug, named, facts)


def write_whole(
    draft: Path,
    slug: str,
    features: gpd.GeoDataFrame,
    properties: list[str],
    *,
    decimals: int = DECIMALS,
    finer: str | None = None,
    finer_from_zoom: int = 0,
) -> None:
    """Write a display copy as one GeoJSON file with the named properties.

    Parameters
    ----------
    draft, slug
        Folder and name of the copy.
    features
        In EPSG:4326.
    properties
        Columns to write.
    decimals
        Of the coordinates in degrees.
    finer, finer_from_zoom
        Name of the list of chunks with finer borders, and the level of the map from which on
        they show more than this copy.
    """
    beside = {"finer": {"index": finer, "zoom": finer_from_zoom}} if finer else {}
    content = display_geojson(features, properties, decimals=decimals, beside=beside)
    (draft / f"{slug}.geojson").write_bytes(content)
    _write_facts(draft, slug, features, {"finer": finer})


def read_ref(folder: Path, slug: str, key: str, kind: GeometryKind) -> GeometryRef | None:
    """Return what names the display copy of a prepared folder; None where it has none."""
    written = folder / f"{slug}.json"
    if not written.is_file():
        return None
    facts = json.loads(written.read_text("utf-8"))
    suffix = facts.pop("suffix", ".geojson")
    return GeometryRef(
        name=display_name(slug, key, suffix), path=folder / f"{slug}{suffix}", kind=kind, **facts
    )


def _write_facts(
    draft: Path, slug: str, features: gpd.GeoDataFrame, facts: Mapping[str, object]
) -> None:
    bounds = features.total_bounds if len(features) else (0.0, 0.0, 0.0, 0.0)
    written = {
        "features": len(features),
        "bounds": [float(degree) for degree in bounds],
        "vertices": int(vertex_counts(features.geometry).sum()),
        **facts,
    }
    (draft / f"{slug}.json").write_text(json.dumps(written), "utf-8")
