"""The layers of a map with more detail than their display copies, for what is taken away.

Data must be as exact as the files it comes from. A slide needs no more than the eye can see on a
screen, but the display copy of a whole country is coarser than that where a map shows a part of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import pyarrow.compute as pc
from pyarrow import dataset

from geoapp.core.atlas import Atlas
from geoapp.core.mapspec import Bounds, MapLayer, MapSpec
from geoapp.workspace.opening import Workspace
from geoapp.workspace.prepared import Borders, LayerCopy, load_borders, load_layer_copy

MOST_FEATURES = 200_000
"""The most features of a theme that are taken away: some seven seconds, and 700 MB as GeoJSON."""

SLIDE_VERTICES = 1_000_000
"""The most vertices of borders that are read for a slide, which takes a second.

Those are 1,200 municipalities in full detail around a map some 160 km wide. Beyond that the display
copy is drawn, whose borders lie up to a millimetre of the slide from the true ones.
"""
SLIDE_FEATURES = 50_000
"""The most features of a layer of tiles that are read for a slide, which shows a third of them."""

_REACH = 2.4
"""Width of the widest slides for a height of 1: a slide shows more than the view of its map."""


def full_features(
    workspace: Workspace, atlas: Atlas, spec: MapSpec, store: Path
) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers of a map with every vertex of their files, by slug.

    EPSG:4326; features whose box meets that of the view, with ``key``, ``name``, and whatever else
    is known of them: of municipalities whether their borders are ``schematic``. Values of tables,
    which the map draws as points, layers of more than `MOST_FEATURES` and those whose file is gone
    are left out.
    """
    bounds = spec.view.bounds
    found = _municipalities(workspace, atlas, spec, _borders(workspace, store), bounds)
    themes = [layer for layer in spec.layers if not layer.selectable]
    return found | _themes(workspace, themes, bounds, store, MOST_FEATURES)


def slide_features(
    workspace: Workspace, atlas: Atlas, spec: MapSpec, store: Path
) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers of a map whose display copies a slide should not draw, by slug.

    As `full_features`, around the view as well; the slide simplifies them to its own scale, since
    it could hardly be moved or edited with every vertex. Left out are borders that the display
    copy holds whole or of which more than `SLIDE_VERTICES` are around, and tiles of more than
    `SLIDE_FEATURES`.
    """
    found: dict[str, gpd.GeoDataFrame] = {}
    bounds = _around(spec.view.bounds)
    # neighbours at two scales would not meet: both layers of municipalities are read, or none
    if any(layer.geometry.finer for layer in spec.layers if layer.selectable):
        borders = _borders(workspace, store)
        if _vertices_within(borders, bounds) <= SLIDE_VERTICES:
            found |= _municipalities(workspace, atlas, spec, borders, bounds)
    tiled = [layer for layer in spec.layers if layer.geometry.is_tiled]
    return found | _themes(workspace, tiled, bounds, store, SLIDE_FEATURES)


def _around(bounds: Bounds) -> Bounds:
    """Return a box about a view that holds whatever a slide of any shape shows besides."""
    west, south, east, north = bounds
    lon, lat = (west + east) / 2, (south + north) / 2
    narrowing = math.cos(math.radians(lat))
    reach = _REACH / 2 * max((east - west) * narrowing, north - south)
    return lon - reach / narrowing, lat - reach, lon + reach / narrowing, lat + reach


def _borders(workspace: Workspace, store: Path) -> Borders:
    specs = [spec for spec in workspace.layers if spec.theme == "boundaries"]
    return load_borders(store, [load_layer_copy(store, workspace.root, spec) for spec in specs])


def _vertices_within(borders: Borders, bounds: Bounds) -> float:
    """Return about how many vertices the borders that meet a box have, without reading them."""
    west, south, east, north = bounds
    table = borders.table
    beside = (table["west"] > east) | (table["east"] < west)
    met = ~(beside | (table["south"] > north) | (table["north"] < south))
    return float(met.mean() * borders.vertices) if len(table) else 0.0


def _municipalities(
    workspace: Workspace, atlas: Atlas, spec: MapSpec, borders: Borders, bounds: Bounds
) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers of municipalities, with the ``rank`` of their names on a map."""
    layers = [layer.slug for layer in spec.layers if layer.selectable]
    if not layers or borders.table.empty:
        return {}
    population = workspace.municipalities["population"].reindex(borders.table.index).fillna(0)
    rank = population.rank(ascending=False, method="first").astype(int)
    read = borders.polygons(bounds)
    every = read.assign(key=read.index, name=atlas.municipalities["name"], rank=rank)
    members = every.index.isin(atlas.memberships["unit"])
    return {slug: every[members if slug == "municipalities" else ~members] for slug in layers}


def _themes(
    workspace: Workspace, layers: Sequence[MapLayer], bounds: Bounds, store: Path, most: int
) -> dict[str, gpd.GeoDataFrame]:
    """Return the features of themes, without those that have more than ``most`` in a box."""
    specs = {spec.slug: spec for spec in workspace.layers if spec.kind != "table"}
    known = [layer.slug for layer in layers if layer.slug in specs]
    copies = {slug: load_layer_copy(store, workspace.root, specs[slug]) for slug in known}
    return {
        slug: _features(copy, bounds)
        for slug, copy in copies.items()
        if copy.usable and _count_within(copy, bounds) <= most
    }


def _features(copy: LayerCopy, bounds: Bounds) -> gpd.GeoDataFrame:
    """Return what is known of each feature within a box."""
    features = gpd.GeoDataFrame(copy.features(bounds))
    optional = [
        column for column in ("places", "value", "facilities", "unit") if column in features
    ]
    return features.drop(columns=[name for name in optional if features[name].isna().all()])


def _count_within(copy: LayerCopy, bounds: Bounds) -> int:
    """Return how many features have a box that meets another one, without reading them."""
    west, south, east, north = bounds
    met = (
        (pc.field("bbox", "xmin") <= east)
        & (pc.field("bbox", "xmax") >= west)
        & (pc.field("bbox", "ymin") <= north)
        & (pc.field("bbox", "ymax") >= south)
    )
    return int(dataset.dataset(copy.folder / "features.parquet").count_rows(filter=met))
