"""Municipalities on the map: their borders at the scales that it needs, in two groups.

What takes long depends on the borders alone. Who is a member only decides in which of two small
first copies a municipality is sent; the finer chunks are the same for both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from geoapp.core.mapspec import GeometryRef
from geoapp.store.analysis import read_features, vertex_counts, write_features
from geoapp.store.display import display_geojson
from geoapp.store.files import digest, display_name, obtain
from geoapp.store.scales import Scale, ScaledCopy, cut_chunks, scaled_copies
from geoapp.workspace.drawing import read_ref, write_whole
from geoapp.workspace.prepared import VERSION, Borders

WHOLE_VERTICES = 60_000
"""The most vertices of all municipalities that are sent at once in full detail."""

MEMBER_VERTICES, CONTEXT_VERTICES = 20_000, 60_000
"""What the first copies of members and of all others should hold where there are scales."""

_CHUNKS = "municipalities"
_PROPERTIES = ["key", "name", "px", "py", "rank"]


@dataclass(frozen=True)
class _Scales:
    """Simplified borders: the vertices of each municipality by scale, finest first."""

    folder: Path
    index: str
    scales: tuple[Scale, ...]
    vertices: pd.DataFrame

    def fitting(self, units: pd.Index, vertices: int) -> int:
        """Return the finest scale at which municipalities have no more vertices, else the last."""
        held = self.vertices.loc[units].sum()
        return next((n for n in range(len(held)) if held.iloc[n] <= vertices), len(held) - 1)


def draw_municipalities(
    root: Path, borders: Borders, members: frozenset[str], registry: pd.DataFrame
) -> tuple[GeometryRef | None, GeometryRef | None]:
    """Return display copies of the members and of all other municipalities.

    Where all borders together are small they are drawn in full detail, else at the finest scale
    that fits, with chunks of finer scales to be fetched where the reader looks closer.
    """
    scales = _load_scales(root, borders) if borders.vertices > WHOLE_VERTICES else None
    population = registry["population"].sort_index().to_json()
    key = digest([VERSION, "municipalities", borders.key, *sorted(members), population])

    def build(draft: Path) -> None:
        drawn = _described(borders, registry)
        inside = drawn.index.isin(members)
        _draw_group(draft, "members", drawn[inside], borders, scales, MEMBER_VERTICES)
        _draw_group(draft, "context", drawn[~inside], borders, scales, CONTEXT_VERTICES)

    folder = obtain(root, key, build)
    return read_ref(folder, "members", key, "polygon"), read_ref(folder, "context", key, "polygon")


def _described(borders: Borders, registry: pd.DataFrame) -> pd.DataFrame:
    """Return what stands beside the geometry of each municipality on the map."""
    table = borders.table
    weight = registry["population"].reindex(table.index).fillna(0)
    rank = weight.rank(ascending=False, method="first").astype(int)
    return table[["name", "px", "py"]].assign(key=table.index, rank=rank)


def _draw_group(
    draft: Path,
    slug: str,
    drawn: pd.DataFrame,
    borders: Borders,
    scales: _Scales | None,
    vertices: int,
) -> None:
    if drawn.empty:
        return
    if scales is None:
        whole = borders.polygons().geometry.loc[drawn.index]
        write_whole(draft, slug, gpd.GeoDataFrame(drawn, geometry=whole), _PROPERTIES)
        return
    chosen = scales.fitting(drawn.index, vertices)
    scale = scales.scales[chosen]
    polygons = read_features(_scale_file(scales.folder, scale), units=drawn.index)
    write_whole(
        draft,
        slug,
        gpd.GeoDataFrame(drawn, geometry=polygons.geometry),
        _PROPERTIES,
        decimals=scale.decimals,
        finer=scales.index if chosen else None,
        finer_from_zoom=scales.scales[max(chosen - 1, 0)].min_zoom,
    )


def _load_scales(root: Path, borders: Borders) -> _Scales:
    key = digest([VERSION, "scales", borders.key])
    folder = obtain(root, key, lambda draft: _build_scales(draft, key, borders))
    known = json.loads((folder / "scales.json").read_text("utf-8"))
    return _Scales(
        folder,
        display_name(_CHUNKS, key),
        tuple(Scale(**facts) for facts in known),
        pd.read_parquet(folder / "vertices.parquet"),
    )


def _build_scales(draft: Path, key: str, borders: Borders) -> None:
    copies = scaled_copies(borders.polygons().geometry)
    chunks = [chunk for copy in copies[:-1] for chunk in _write_chunks(draft, key, copy)]
    listed = gpd.GeoDataFrame(chunks, crs="EPSG:4326")
    (draft / f"{_CHUNKS}.geojson").write_bytes(display_geojson(listed, ["zoom", "file"]))
    for copy in copies:
        write_features(gpd.GeoDataFrame(geometry=copy.polygons), _scale_file(draft, copy.scale))
    counts = {str(copy.scale.min_zoom): vertex_counts(copy.polygons) for copy in copies}
    pd.DataFrame(counts, index=copies[0].polygons.index).to_parquet(draft / "vertices.parquet")
    (draft / "scales.json").write_text(json.dumps([asdict(copy.scale) for copy in copies]), "utf-8")


def _write_chunks(draft: Path, key: str, copy: ScaledCopy) -> Iterator[dict[str, object]]:
    """Write the chunks of a scale; yields zoom, file name and box of each."""
    for number, polygons in copy.polygons.groupby(cut_chunks(copy.polygons)):
        slug = f"{_CHUNKS}-{copy.scale.min_zoom}-{number}"
        features = gpd.GeoDataFrame(
            {"key": polygons.index}, geometry=polygons.to_numpy(), crs=copy.polygons.crs
        )
        content = display_geojson(features, ["key"], decimals=copy.scale.decimals)
        (draft / f"{slug}.geojson").write_bytes(content)
        yield {
            "zoom": copy.scale.min_zoom,
            "file": display_name(slug, key),
            "geometry": shapely.box(*polygons.total_bounds),
        }


def _scale_file(folder: Path, scale: Scale) -> Path:
    return folder / f"scale-{scale.min_zoom}.parquet"
