"""Prepared copies of layers and borders: read back where kept, made where not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geoapp.core.atlas import PreparedLayer
from geoapp.core.boundaries import compose_boundaries
from geoapp.core.checked import LayerReport
from geoapp.core.layer import LayerSpec
from geoapp.core.mapspec import Bounds
from geoapp.errors import FileRefusedError
from geoapp.store.analysis import feature_columns, read_features, vertex_counts, write_features
from geoapp.store.display import label_points
from geoapp.store.files import digest, obtain, remembered_digest
from geoapp.workspace.drawing import read_ref, write_theme

VERSION = "3"


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

    @property
    def columns(self) -> frozenset[str]:
        """Names of the columns of the features."""
        return feature_columns(self.folder / "features.parquet")

    def features(self, bounds: Bounds | None = None) -> pd.DataFrame:
        """Read the checked features, EPSG:4326, or the rows of a table.

        Where ``bounds`` are given (west, south, east, north in degrees), features that lie
        outside are left out, and hardly read.
        """
        if self.layer.spec.kind == "table":
            return pd.read_parquet(self.folder / "features.parquet")
        features: pd.DataFrame = read_features(self.folder / "features.parquet", bounds=bounds)
        return features


@dataclass(frozen=True)
class Borders:
    """The borders in use; ``table`` is all about them but their geometry, by unit key."""

    key: str
    folder: Path
    table: pd.DataFrame

    @property
    def bounds(self) -> Bounds:
        """West, south, east, north in degrees; not a number without borders."""
        low, high = self.table[["west", "south"]].min(), self.table[["east", "north"]].max()
        return float(low["west"]), float(low["south"]), float(high["east"]), float(high["north"])

    @property
    def vertices(self) -> int:
        """Vertices of the full geometry."""
        facts = json.loads((self.folder / "facts.json").read_text("utf-8"))
        return int(facts["vertices"])

    def polygons(self, bounds: Bounds | None = None) -> gpd.GeoDataFrame:
        """Read the full geometry, EPSG:4326, by rising unit key, with ``schematic``.

        Where ``bounds`` are given, as in `LayerCopy.features`.
        """
        return read_features(self.folder / "polygons.parquet", bounds=bounds)


def load_layer_copy(root: Path, workspace: Path, spec: LayerSpec) -> LayerCopy:
    """Return the prepared copy of a layer; its problems where the file is of no use."""
    path = workspace / spec.file
    if not path.is_file():
        return LayerCopy(PreparedLayer(spec), root)
    key = digest([VERSION, "layer", *_content(root, path), spec.model_dump_json()])
    try:
        folder = obtain(root, key, lambda draft: _build_layer(draft, workspace, spec))
    except FileRefusedError as error:
        return LayerCopy(PreparedLayer(spec, problems=(error.problem,)), root)
    report = LayerReport.model_validate_json((folder / "report.json").read_text("utf-8"))
    geometry = None
    vertices = None
    if spec.kind != "table":
        vertices = json.loads((folder / "facts.json").read_text("utf-8"))["vertices"]
        if spec.theme != "boundaries":
            geometry = read_ref(folder, spec.slug, key, spec.kind)
    problems = tuple(found.problem() for found in report.problems)
    return LayerCopy(PreparedLayer(spec, report, geometry, problems, vertices), folder, key)


def load_borders(root: Path, copies: list[LayerCopy]) -> Borders:
    """Return the borders of all usable boundary layers."""
    used = [copy for copy in copies if copy.usable and copy.layer.spec.theme == "boundaries"]
    key = digest([VERSION, "borders", *[copy.key for copy in used]])
    folder = obtain(root, key, lambda draft: _build_borders(draft, used))
    return Borders(key, folder, pd.read_parquet(folder / "table.parquet"))


def _content(root: Path, path: Path) -> list[str]:
    """Return digests of a file and, for a Shapefile, of the files beside it that belong to it."""
    parts = [path]
    if path.suffix.lower() == ".shp":
        beside = (other for other in path.parent.iterdir() if other.stem == path.stem)
        parts = sorted(other for other in beside if other.is_file())
    return [part.suffix.lower() + remembered_digest(root, part) for part in parts]


def _build_layer(draft: Path, workspace: Path, spec: LayerSpec) -> None:
    # who only looks at prepared data has no need of GDAL, which takes 30 MB and half a second
    from geoapp.sources.layer_file import load_layer

    checked = load_layer(workspace, spec)
    (draft / "report.json").write_text(checked.report.model_dump_json(), "utf-8")
    if spec.kind == "table":
        checked.frame.to_parquet(draft / "features.parquet")
        return
    features = gpd.GeoDataFrame(checked.frame)
    write_features(features, draft / "features.parquet")
    facts = {"vertices": int(vertex_counts(features.geometry).sum())}
    (draft / "facts.json").write_text(json.dumps(facts), "utf-8")
    if spec.theme != "boundaries":
        write_theme(draft, spec.slug, features)


def _build_borders(draft: Path, used: list[LayerCopy]) -> None:
    layers = [(copy.layer.spec, gpd.GeoDataFrame(copy.features())) for copy in used]
    polygons = compose_boundaries(layers)
    bounds = polygons.geometry.bounds.set_axis(["west", "south", "east", "north"], axis=1)
    table = polygons.drop(columns="geometry").join(bounds).join(label_points(polygons.geometry))
    table.to_parquet(draft / "table.parquet")
    write_features(polygons[["schematic", "geometry"]], draft / "polygons.parquet")
    facts = {"vertices": int(vertex_counts(polygons.geometry).sum())}
    (draft / "facts.json").write_text(json.dumps(facts), "utf-8")
