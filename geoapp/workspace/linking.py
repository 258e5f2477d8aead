"""What a workspace knows for functional links: real borders, what crosses them, memberships."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geoapp.core.functional.contiguity import Borders, shared_borders
from geoapp.core.functional.flows import FlowTable
from geoapp.core.functional.infrastructure import connection
from geoapp.core.functional.links import WEIGHTS, Links, Measured, functional_links
from geoapp.core.layer import LayerSpec
from geoapp.core.partnership import Partnership
from geoapp.core.progress import Progress
from geoapp.store.files import digest, obtain, store_root
from geoapp.workspace.opening import Workspace
from geoapp.workspace.prepared import VERSION, load_borders, load_layer_copy
from geoapp.workspace.reach import Reach, road_minutes, shared_services

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
    kept = load_borders(root, copies, frozenset(), workspace.municipalities)
    found = kept.polygons()
    metres = found.geometry.to_crs(found.estimate_utm_crs())
    return RealBorders(metres, _neighbours(root, kept.key, metres))


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


def located(municipalities: pd.DataFrame) -> pd.Index:
    """Return the unit keys of municipalities whose seat is known, which links start from."""
    known = municipalities["lon"].notna() & municipalities["lat"].notna()
    return municipalities.index[known]


def memberships(partnerships: tuple[Partnership, ...]) -> dict[str, list[str]]:
    """Return the unit keys of the members of each partnership."""
    return {
        partnership.id: [member.unit for member in partnership.members if member.unit]
        for partnership in partnerships
    }


def _neighbours(root: Path, key: str, metres: gpd.GeoSeries) -> Borders:
    """Return who touches whom; worked out once, since a country takes ten seconds."""

    def build(draft: Path) -> None:
        found = shared_borders(gpd.GeoDataFrame(geometry=metres))
        facts = [sorted(found.codes), found.pairs, sorted(found.outer)]
        (draft / "neighbours.json").write_text(json.dumps(facts), "utf-8")

    folder = obtain(root, digest([VERSION, "neighbours", key]), build)
    codes, pairs, outer = json.loads((folder / "neighbours.json").read_text("utf-8"))
    return Borders(frozenset(codes), tuple((a, b, km) for a, b, km in pairs), frozenset(outer))


def _lines(
    workspace: Workspace, spec: LayerSpec, real: RealBorders, store: Path
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    copy = load_layer_copy(store, workspace.root, spec)
    if not copy.usable:
        return np.empty(0, dtype=object)
    features = gpd.GeoDataFrame(copy.features())
    return np.asarray(features.geometry.to_crs(real.polygons.crs), dtype=object)


def municipal_links(
    workspace: Workspace,
    unit: str,
    real: RealBorders | None,
    reach: Reach | None = None,
    *,
    flows: FlowTable | None = None,
    weights: Mapping[str, float] = WEIGHTS,
    country_factor: float = 1.0,
    store: Path | None = None,
) -> Links:
    """Return the links of a municipality with every component that the workspace knows.

    ``real`` and ``reach`` are what it knows of borders, and of roads and facilities; without them
    infrastructure, services and times by road are not known.

    Raises
    ------
    RefusedError
        The unit key is not in ``data/municipalities.csv``, or a weight makes no sense.
    """
    parts = {
        "infrastructure": (
            None if real is None else infrastructure_links(workspace, unit, real, store=store)
        ),
        "services": None if reach is None else shared_services(workspace, reach, unit),
    }
    return functional_links(
        workspace.municipalities,
        unit,
        flows=flows,
        borders=None if real is None else real.borders,
        memberships=memberships(workspace.partnerships),
        minutes=None if reach is None else road_minutes(reach, unit),
        measured={name: part for name, part in parts.items() if part is not None},
        weights=weights,
        country_factor=country_factor,
    )
