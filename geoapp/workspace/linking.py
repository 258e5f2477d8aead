"""What a workspace knows for functional links: real borders, what crosses them, memberships."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from geoapp.core.functional.contiguity import Borders, shared_borders
from geoapp.core.functional.flows import FlowTable
from geoapp.core.functional.infrastructure import connection
from geoapp.core.functional.links import WEIGHTS, Links, Measured, functional_links
from geoapp.core.mapspec import Bounds
from geoapp.core.partnership import Partnership
from geoapp.core.progress import Progress
from geoapp.store.files import digest, obtain, store_root
from geoapp.workspace.opening import Workspace
from geoapp.workspace.prepared import VERSION, LayerCopy, load_borders, load_layer_copy
from geoapp.workspace.prepared import Borders as PreparedBorders
from geoapp.workspace.reach import Reach, road_minutes, shared_services

ROUTES = "cycle-routes"


@dataclass(frozen=True, slots=True, eq=False)
class RealBorders:
    """Real boundaries of municipalities.

    Attributes
    ----------
    kept
        Their prepared copy; a country's polygons are too many to be held in memory for a few.
    borders
        Which of them touch.
    crs
        A projected CRS in metres that suits all of them.
    """

    kept: PreparedBorders
    borders: Borders
    crs: CRS

    def neighbours(self, unit: str) -> list[str]:
        """Return the unit keys of those that touch a municipality."""
        return [b if a == unit else a for a, b, _ in self.borders.pairs if unit in (a, b)]

    def bounds(self, units: Sequence[str]) -> Bounds:
        """Return west, south, east, north in degrees of a box that holds the municipalities."""
        table = self.kept.table.loc[list(units)]
        low, high = table[["west", "south"]].min(), table[["east", "north"]].max()
        return float(low["west"]), float(low["south"]), float(high["east"]), float(high["north"])


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
    kept = load_borders(root, copies)
    whole = gpd.GeoSeries([shapely.box(*kept.bounds)], crs="EPSG:4326")
    crs = whole.estimate_utm_crs()
    return RealBorders(kept, _neighbours(root, kept, crs), crs)


def infrastructure_links(
    workspace: Workspace, unit: str, real: RealBorders, *, store: Path | None = None
) -> Measured | None:
    """Return how infrastructure connects a municipality with others, 0..1 by unit key.

    Counts lines of real layers, illustrations never; a municipality without a common border has
    0. None where there is no such layer or no border of the municipality.
    """
    specs = [spec for spec in workspace.layers if spec.kind == "line" and not spec.illustrative]
    if unit not in real.kept.table.index:
        return None
    copies = [load_layer_copy(store or store_root(), workspace.root, spec) for spec in specs]
    copies = [copy for copy in copies if copy.layer.report and copy.layer.report.features_kept]
    if not copies:
        return None
    around = real.neighbours(unit)
    # a country has a million other lines
    bounds = real.bounds([unit, *around])
    polygons = real.kept.polygons(bounds).geometry.to_crs(real.crs)
    lines = [_lines(copy, bounds, real.crs) for copy in copies]
    routes = [
        found for found, copy in zip(lines, copies, strict=True) if copy.layer.spec.theme == ROUTES
    ]
    every = np.concatenate(lines)
    strength = pd.Series(0.0, index=real.kept.table.index.drop(unit))
    for other in around:
        met = connection(
            polygons[unit],
            polygons[other],
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


def _neighbours(root: Path, kept: PreparedBorders, crs: CRS) -> Borders:
    """Return who touches whom; worked out once, since a country takes ten seconds."""

    def build(draft: Path) -> None:
        found = shared_borders(gpd.GeoDataFrame(geometry=kept.polygons().geometry.to_crs(crs)))
        facts = [sorted(found.codes), found.pairs, sorted(found.outer)]
        (draft / "neighbours.json").write_text(json.dumps(facts), "utf-8")

    folder = obtain(root, digest([VERSION, "neighbours", kept.key]), build)
    codes, pairs, outer = json.loads((folder / "neighbours.json").read_text("utf-8"))
    # a code comes in many pairs, and is read anew for each of them
    own = {code: code for code in codes}
    return Borders(
        frozenset(codes), tuple((own[a], own[b], km) for a, b, km in pairs), frozenset(outer)
    )


def _lines(
    copy: LayerCopy, bounds: Bounds, crs: CRS
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    features = gpd.GeoDataFrame(copy.features(bounds))
    return np.asarray(features.geometry.to_crs(crs), dtype=object)


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
