"""Prepared copies of layers, borders and figures: read back where kept, made where not."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geoapp.core.atlas import PreparedLayer
from geoapp.core.boundaries import compose_boundaries
from geoapp.core.checked import LayerReport
from geoapp.core.figures import layer_figures
from geoapp.core.layer import LayerSpec
from geoapp.core.mapspec import GeometryKind, GeometryRef
from geoapp.errors import FileRefusedError
from geoapp.sources.layer_file import load_layer
from geoapp.store.display import display_geojson, label_points, simplify_coverage
from geoapp.store.files import digest, display_name, file_digest, obtain

VERSION = "1"
MEMBER_VERTICES = 120_000
CONTEXT_VERTICES = 150_000


@dataclass(frozen=True)
class LayerCopy:
    """A layer with the folder of its prepared copy; ``key`` is empty where there is none."""

    layer: PreparedLayer
    folder: Path
    key: str = ""

    @property
    def usable(self) -> bool:
        """Whether the layer's file could be read."""
        return bool(self.key)

    def features(self) -> pd.DataFrame:
        """Read the checked features, EPSG:4326, or the rows of a table."""
        if self.layer.spec.kind == "table":
            return pd.read_parquet(self.folder / "features.parquet")
        features: pd.DataFrame = gpd.read_parquet(self.folder / "features.parquet")
        return features


@dataclass(frozen=True)
class Borders:
    """The borders in use: their table by unit key, and display copies for two groups."""

    key: str
    folder: Path
    table: pd.DataFrame
    members: GeometryRef | None
    context: GeometryRef | None

    def polygons(self) -> gpd.GeoDataFrame:
        """Read the full geometry, EPSG:4326, indexed by unit key, with ``schematic``."""
        return gpd.read_parquet(self.folder / "polygons.parquet")


def load_layer_copy(root: Path, workspace: Path, spec: LayerSpec) -> LayerCopy:
    """Return the prepared copy of a layer; its problems where the file is of no use."""
    path = workspace / spec.file
    if not path.is_file():
        return LayerCopy(PreparedLayer(spec), root)
    key = digest([VERSION, "layer", *_content(path), spec.model_dump_json()])
    try:
        folder = obtain(root, key, lambda draft: _build_layer(draft, workspace, spec))
    except FileRefusedError as error:
        return LayerCopy(PreparedLayer(spec, problems=(error.problem,)), root)
    report = LayerReport.model_validate_json((folder / "report.json").read_text("utf-8"))
    geometry = None
    if spec.kind != "table" and spec.theme != "boundaries":
        geometry = _read_ref(folder, spec.slug, key, spec.kind)
    problems = tuple(found.problem() for found in report.problems)
    return LayerCopy(PreparedLayer(spec, report, geometry, problems), folder, key)


def load_borders(
    root: Path, copies: list[LayerCopy], members: frozenset[str], registry: pd.DataFrame
) -> Borders:
    """Return the borders of all usable boundary layers; ``members`` are drawn apart."""
    used = [copy for copy in copies if copy.usable and copy.layer.spec.theme == "boundaries"]
    population = registry["population"].sort_index().to_json()
    key = digest([VERSION, "borders", *[copy.key for copy in used], *sorted(members), population])
    folder = obtain(root, key, lambda draft: _build_borders(draft, used, members, registry))
    return Borders(
        key,
        folder,
        pd.read_parquet(folder / "table.parquet"),
        _read_ref(folder, "members", key, "polygon"),
        _read_ref(folder, "context", key, "polygon"),
    )


def load_figures(root: Path, copy: LayerCopy, borders: Borders) -> pd.DataFrame:
    """Return the figures of a layer; see `geoapp.core.figures.layer_figures`."""

    def build(draft: Path) -> None:
        figures = layer_figures(copy.layer.spec, copy.features(), borders.polygons())
        figures.to_parquet(draft / "figures.parquet")

    folder = obtain(root, digest([VERSION, "figures", copy.key, borders.key]), build)
    return pd.read_parquet(folder / "figures.parquet")


def with_value_points(root: Path, copy: LayerCopy, borders: Borders) -> PreparedLayer:
    """Return the layer; a table gets a point in each municipality it knows, to be drawn at."""
    if not copy.usable or copy.layer.spec.kind != "table":
        return copy.layer
    slug = copy.layer.spec.slug

    def build(draft: Path) -> None:
        found = borders.table[borders.table.index.isin(copy.features()["unit"])]
        points = gpd.GeoDataFrame(
            {"key": found.index, "name": found["name"].to_numpy()},
            geometry=gpd.points_from_xy(found["px"], found["py"]),
            crs="EPSG:4326",
        )
        _write_display(draft, slug, points, ["key", "name"])

    key = digest([VERSION, "points", copy.key, borders.key])
    folder = obtain(root, key, build)
    return replace(copy.layer, geometry=_read_ref(folder, slug, key, "point"))


def _content(path: Path) -> list[str]:
    """Return digests of a file and, for a Shapefile, of the files beside it that belong to it."""
    parts = [path]
    if path.suffix.lower() == ".shp":
        beside = (other for other in path.parent.iterdir() if other.stem == path.stem)
        parts = sorted(other for other in beside if other.is_file())
    return [part.suffix.lower() + file_digest(part) for part in parts]


def _build_layer(draft: Path, workspace: Path, spec: LayerSpec) -> None:
    checked = load_layer(workspace, spec)
    checked.frame.to_parquet(draft / "features.parquet")
    (draft / "report.json").write_text(checked.report.model_dump_json(), "utf-8")
    if spec.kind != "table" and spec.theme != "boundaries":
        _write_display(draft, spec.slug, gpd.GeoDataFrame(checked.frame), ["key", "name"])


def _build_borders(
    draft: Path, used: list[LayerCopy], members: frozenset[str], registry: pd.DataFrame
) -> None:
    layers = [(copy.layer.spec, gpd.GeoDataFrame(copy.features())) for copy in used]
    polygons = compose_boundaries(layers)
    bounds = polygons.geometry.bounds.set_axis(["west", "south", "east", "north"], axis=1)
    table = polygons.drop(columns="geometry").join(bounds).join(label_points(polygons.geometry))
    table.to_parquet(draft / "table.parquet")
    polygons[["schematic", "geometry"]].to_parquet(draft / "polygons.parquet")
    weight = registry["population"].reindex(polygons.index).fillna(0)
    drawn = polygons.join(table[["px", "py"]]).assign(
        key=polygons.index, rank=weight.rank(ascending=False, method="first").astype(int)
    )
    inside = drawn.index.isin(members)
    for slug, group, vertices in (
        ("members", drawn[inside], MEMBER_VERTICES),
        ("context", drawn[~inside], CONTEXT_VERTICES),
    ):
        if len(group):
            simpler = group.set_geometry(simplify_coverage(group.geometry, vertices))
            _write_display(draft, slug, simpler, ["key", "name", "px", "py", "rank"])


def _write_display(
    draft: Path, slug: str, features: gpd.GeoDataFrame, properties: list[str]
) -> None:
    (draft / f"{slug}.geojson").write_bytes(display_geojson(features, properties))
    bounds = features.total_bounds if len(features) else (0.0, 0.0, 0.0, 0.0)
    summary = {"features": len(features), "bounds": [float(degree) for degree in bounds]}
    (draft / f"{slug}.json").write_text(json.dumps(summary), "utf-8")


def _read_ref(folder: Path, slug: str, key: str, kind: GeometryKind) -> GeometryRef | None:
    summary = folder / f"{slug}.json"
    if not summary.is_file():
        return None
    facts = json.loads(summary.read_text("utf-8"))
    return GeometryRef(
        name=display_name(slug, key),
        path=folder / f"{slug}.geojson",
        kind=kind,
        features=facts["features"],
        bounds=tuple(facts["bounds"]),
    )
