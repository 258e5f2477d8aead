"""The statistics of a workspace: what its themes amount to, with where every figure comes from.

A table for each theme, with a row for each municipality or partnership. Unknown is missing, never
zero. Figures are those of the atlas; made here are only the people within a distance of a
facility, and what a cluster computes in place of this machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geoapp.core.atlas import FIGURE_COLUMNS, Atlas
from geoapp.core.figures import add_rates
from geoapp.core.layer import LayerSpec
from geoapp.core.layer_figures import layer_figures
from geoapp.core.progress import Progress, silent
from geoapp.core.statistics import By, theme_statistics
from geoapp.core.summary import QUANTITIES
from geoapp.core.summary.reach import population_within, population_within_by_area
from geoapp.errors import Problem, RefusedError
from geoapp.store.files import store_root
from geoapp.text import Text
from geoapp.workspace.distributed import Cluster, Partitioned, summarise_on_cluster
from geoapp.workspace.measuring import load_figures
from geoapp.workspace.opening import Workspace
from geoapp.workspace.prepared import Borders, LayerCopy, load_borders, load_layer_copy
from geoapp.workspace.preparing import prepare

PEOPLE = "population"
"""Theme of layers of points where people live; their ``columns.value`` says how many."""
COUNTED = "points where people live"
SPREAD = "estimate: people spread evenly over the municipality"

# a table for programs speaks one language
_ENGLISH = Text("en")


@dataclass(frozen=True)
class Statistics:
    """Tables of `geoapp.core.statistics` by theme, and what was wrong with the files of themes."""

    tables: Mapping[str, pd.DataFrame]
    problems: tuple[Problem, ...]


def summarise_themes(
    workspace: Workspace,
    by: By,
    *,
    theme: str | None = None,
    distance_m: float | None = None,
    cluster: Cluster | None = None,
    store: Path | None = None,
    progress: Progress | None = None,
) -> Statistics:
    """Return what the themes of a workspace amount to.

    Parameters
    ----------
    workspace
        As from `geoapp.workspace.opening.open_workspace`.
    by
        What a row stands for.
    theme
        Slug of a theme; all of them by default.
    distance_m
        Also tell how many people live within that distance of a facility, for themes of points.
    cluster
        Where features with geometry are summarised instead of on this machine.
    store
        Folder of prepared data; `geoapp.store.files.store_root` by default.
    progress
        Called with the number of layers prepared, their total, and the layer in work.

    Raises
    ------
    RefusedError
        There is no such theme, it has no points to measure a distance from, or the cluster or
        the features that it is to read cannot be used.
    """
    specs = _theme_layers(workspace, theme)
    if distance_m is not None:
        _require_points(specs)
    root = store or store_root()
    bounded = tuple(spec for spec in workspace.layers if spec.theme == "boundaries")
    atlas = prepare(replace(workspace, layers=bounded, flows=()), store=root, progress=progress)
    borders = load_borders(root, [load_layer_copy(root, workspace.root, s) for s in bounded])
    copies = _copies(workspace, specs, root, progress or silent)
    figures = _figures(root, copies, borders, cluster, progress or silent)
    people: list[LayerCopy] = []
    reach: dict[str, pd.DataFrame] = {}
    if distance_m is not None:
        people = [load_layer_copy(root, workspace.root, spec) for spec in _people(workspace)]
        reach = {
            slug: _reach(atlas, services, people, borders, distance_m)
            for slug, services in _services(copies).items()
        }
    atlas = replace(
        atlas,
        layers=(*atlas.layers, *(copy.layer for copy in (*copies, *people))),
        figures=_rated(figures, atlas.municipalities),
    )
    tables = {
        slug: theme_statistics(atlas, slug, by, _ENGLISH, reach=reach.get(slug))
        for slug in dict.fromkeys(spec.theme for spec in specs)
    }
    return Statistics(tables, tuple(p for layer in atlas.themes for p in layer.problems))


def _theme_layers(workspace: Workspace, theme: str | None) -> tuple[LayerSpec, ...]:
    specs = [spec for spec in workspace.layers if spec.theme not in ("boundaries", PEOPLE)]
    chosen = tuple(spec for spec in specs if theme in (None, spec.theme))
    if not specs:
        raise RefusedError(f"{workspace.root.name}: has no theme yet; add one with: geoapp add")
    if not chosen:
        known = ", ".join(dict.fromkeys(spec.theme for spec in specs))
        raise RefusedError(
            f"{theme} is no theme of {workspace.root.name}; expected one of: {known}"
        )
    return chosen


def _services(copies: Sequence[LayerCopy]) -> dict[str, list[LayerCopy]]:
    """Return the layers of points of each theme that has any."""
    points = [copy for copy in copies if copy.layer.spec.kind == "point"]
    return {
        theme: [copy for copy in points if copy.layer.spec.theme == theme]
        for theme in dict.fromkeys(copy.layer.spec.theme for copy in points)
    }


def _require_points(specs: Sequence[LayerSpec]) -> None:
    if not any(spec.kind == "point" for spec in specs):
        found = ", ".join(f"{spec.slug} ({spec.kind})" for spec in specs) or "none"
        raise RefusedError(
            f"a distance is measured from facilities that are points; found the layers: {found}"
        )


def _copies(
    workspace: Workspace, specs: Sequence[LayerSpec], root: Path, progress: Progress
) -> list[LayerCopy]:
    copies = []
    for done, spec in enumerate(specs):
        progress(done, len(specs), spec.slug)
        copies.append(load_layer_copy(root, workspace.root, spec))
    progress(len(specs), len(specs))
    return copies


def _figures(
    root: Path,
    copies: Sequence[LayerCopy],
    borders: Borders,
    cluster: Cluster | None,
    progress: Progress,
) -> pd.DataFrame:
    """Return the figures of all layers, those from the cluster as if they were made here."""
    sent = {} if cluster is None else _sent(copies, cluster)
    found = [
        load_figures(root, copy, borders)
        for copy in copies
        if copy.usable and copy.layer.spec.slug not in sent
    ]
    if cluster is not None and sent:
        polygons = borders.polygons()
        tables = summarise_on_cluster(cluster.scheduler, sent, polygons, progress=progress)
        specs = [copy.layer.spec for copy in copies if copy.layer.spec.slug in sent]
        found += [_figures_of(spec, tables[spec.slug], polygons) for spec in specs]
    return pd.concat(found) if found else pd.DataFrame(columns=list(FIGURE_COLUMNS))


def _rated(figures: pd.DataFrame, municipalities: pd.DataFrame) -> pd.DataFrame:
    """Add rates where there are places to make them from."""
    return add_rates(figures, municipalities) if "places" in set(figures["quantity"]) else figures


def _sent(copies: Sequence[LayerCopy], cluster: Cluster) -> dict[str, Partitioned]:
    """Return the layers that are measured against borders, with where their features lie."""
    if cluster.features is not None:
        return _described([copy.layer.spec for copy in copies], cluster.features)
    found = {}
    for copy in copies:
        spec = copy.layer.spec
        # points that name their municipality count there, wherever they lie
        if copy.usable and spec.kind != "table" and not _by_code(copy):
            found[spec.slug] = Partitioned(spec.kind, copy.folder / "features.parquet")
    return found


def _by_code(copy: LayerCopy) -> bool:
    return copy.layer.spec.kind == "point" and "unit" in copy.columns


def _described(specs: Sequence[LayerSpec], features: Path) -> dict[str, Partitioned]:
    """Return features that lie elsewhere as those of the one layer that can describe them."""
    shaped = {
        spec.slug: Partitioned(spec.kind, features.absolute(), checked=False)
        for spec in specs
        if spec.kind != "table"
    }
    if len(shaped) != 1:
        raise RefusedError(
            f"{features}: expected a theme with one layer of geometry, which describes these "
            f"features; found the layers: {', '.join(shaped) or 'none'}"
        )
    return shaped


def _figures_of(spec: LayerSpec, table: pd.DataFrame, boundaries: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the figures of a summary, unknown where `layer_figures` would leave them unknown."""
    quantities = [quantity for quantity in QUANTITIES if quantity in table]
    unknown = pd.Series(~table.index.isin(_claimed(spec, boundaries)), index=table.index)
    if not spec.complete:
        unknown |= ~table[quantities[0]].gt(0)
    long = table[quantities].astype("float64").mask(unknown).rename_axis("unit")
    long = long.melt(var_name="quantity", ignore_index=False).reset_index()
    long = long.assign(layer=spec.slug, theme=spec.theme, illustrative=spec.illustrative)
    return long[list(FIGURE_COLUMNS)]


def _claimed(spec: LayerSpec, boundaries: gpd.GeoDataFrame) -> frozenset[str]:
    """Return where a layer may have figures: those of an empty, complete one are zero there."""
    nothing = gpd.GeoDataFrame({"places": []}, geometry=[], crs=boundaries.crs)
    zeros = layer_figures(spec.model_copy(update={"complete": True}), nothing, boundaries)
    return frozenset(zeros.loc[zeros["value"].notna(), "unit"])


def _reach(
    atlas: Atlas,
    services: Sequence[LayerCopy],
    people: Sequence[LayerCopy],
    borders: Borders,
    distance_m: float,
) -> pd.DataFrame:
    """Return who lives within a distance of the facilities of a theme, where that is known.

    As `geoapp.core.statistics.theme_statistics` takes it.
    """
    used = [copy for copy in services if copy.usable]
    homes = [copy for copy in people if copy.usable]
    polygons = borders.polygons()
    facilities = _stacked([copy.features()[["geometry"]] for copy in used], polygons)
    living = _stacked([_population(copy) for copy in homes], polygons)
    found = population_within(living, facilities, polygons, distance_m).assign(basis=COUNTED)
    rest = polygons[found["population"].isna()]
    residents = atlas.municipalities["population"]
    spread = population_within_by_area(residents, facilities, rest, distance_m)
    found.loc[rest.index] = spread.assign(basis=SPREAD)
    specs = [copy.layer.spec for copy in used]
    claimed = {unit for spec in specs for unit in _claimed(spec, polygons)}
    known = found["population_within"].notna() & found.index.isin(claimed)
    if not all(spec.complete for spec in specs):
        known &= found["population_within"] > 0
    slugs = tuple(spec.slug for spec in specs)
    counted = (*slugs, *(copy.layer.spec.slug for copy in homes))
    found["layers"] = found["basis"].map({SPREAD: slugs, COUNTED: counted})
    return found[known].assign(distance_m=distance_m)


def _people(workspace: Workspace) -> list[LayerSpec]:
    return [spec for spec in workspace.layers if spec.theme == PEOPLE and spec.kind == "point"]


def _population(copy: LayerCopy) -> pd.DataFrame:
    """Return points where people live with how many; a negative number is unknown."""
    features = copy.features()
    population = features["value"].where(features["value"] >= 0)
    return features[["geometry"]].assign(population=population)


def _stacked(frames: Sequence[pd.DataFrame], polygons: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if not frames:
        return gpd.GeoDataFrame({"population": []}, geometry=[], crs=polygons.crs)
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=polygons.crs)
