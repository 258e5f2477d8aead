"""What a workspace knows for functional links: real borders, what crosses them, memberships."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geoapp.core.functional.contiguity import Borders, shared_borders
from geoapp.core.functional.infrastructure import connection
from geoapp.core.functional.links import Measured
from geoapp.core.layer import LayerSpec
from geoapp.core.partnership import Partnership
from geoapp.store.files import store_root
from geoapp.workspace.opening import Workspace
from geoapp.workspace.prepared import load_borders, load_layer_copy

Progress = Callable[[int, int, str], None]

ROUTES = "cycle-routes"


@dataclass(frozen=True, slots=True, eq=False)
class RealBorders:
    """Real boundaries of municipalities.

    Attributes
    ----------
    polygons
        Indexed by unit key, in a projected CRS in metres.
    borders
        Which of them touch.
    """

    polygons: gpd.GeoSeries
    borders: Borders


def real_borders(
    workspace: Workspace, *, store: Path | None = None, progress: Progress | None = None
) -> RealBorders | None:
    """Return the real boundaries of a workspace; schematic ones prove no neighbour.

    ``store`` is the folder of prepared data, ``progress`` is called with layers done, their total
    and the layer in work.
    """
    real = [spec for spec in workspace.layers if spec.theme == "boundaries" and not spec.schematic]
    root = store or store_root()
    copies = []
    for done, spec in enumerate(real):
        if progress:
            progress(done, len(real), spec.slug)
        copies.append(load_layer_copy(root, workspace.root, spec))
    if not any(copy.usable for copy in copies):
        return None
    found = load_borders(root, copies, frozenset(), workspace.municipalities).polygons()
    metres = found.geometry.to_crs(found.estimate_utm_crs())
    return RealBorders(metres, shared_borders(gpd.GeoDataFrame(geometry=metres)))


def infrastructure_links(
    workspace: Workspace, unit: str, real: RealBorders, *, store: Path | None = None
) -> Measured | None:
    """Return how infrastructure connects a municipality with others, 0..1 by unit key.

    Counts lines of real layers, illustrations never; a municipality without a common border has
    0. None where there is no such layer or no border of the municipality.
    """
    specs = [spec for spec in workspace.layers if spec.kind == "line" and not spec.illustrative]
    if unit not in real.polygons.index or not specs:
        return None
    lines = [_lines(workspace, spec, real, store or store_root()) for spec in specs]
    routes = [found for found, spec in zip(lines, specs, strict=True) if spec.theme == ROUTES]
    every = np.concatenate(lines)
    if not len(every):
        return None
    around = [b if a == unit else a for a, b, _ in real.borders.pairs if unit in (a, b)]
    strength = pd.Series(0.0, index=real.polygons.index.drop(unit))
    for other in around:
        met = connection(
            real.polygons[unit],
            real.polygons[other],
            every,
            np.concatenate(routes) if routes else np.empty(0, dtype=object),
        )
        strength[other] = met.strength
    return Measured(strength, strength)


def memberships(partnerships: tuple[Partnership, ...]) -> dict[str, list[str]]:
    """Return the unit keys of the members of each partnership."""
    return {
        partnership.id: [member.unit for member in partnership.members if member.unit]
        for partnership in partnerships
    }


def _lines(
    workspace: Workspace, spec: LayerSpec, real: RealBorders, store: Path
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    copy = load_layer_copy(store, workspace.root, spec)
    if not copy.usable:
        return np.empty(0, dtype=object)
    features = gpd.GeoDataFrame(copy.features())
    return np.asarray(features.geometry.to_crs(real.polygons.crs), dtype=object)
