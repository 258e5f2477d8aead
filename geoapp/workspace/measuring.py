"""What a layer amounts to within the borders in use: figures, and places to draw them at."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geoapp.core.atlas import PreparedLayer
from geoapp.core.checked import CheckedLayer, ProblemValue
from geoapp.core.corrections import empty
from geoapp.core.joining import former_units, unjoined
from geoapp.core.suggestions import Known
from geoapp.errors import Problem
from geoapp.store.files import digest, obtain
from geoapp.workspace.drawing import read_ref, write_whole
from geoapp.workspace.prepared import VERSION, Borders, LayerCopy


def load_figures(root: Path, copy: LayerCopy, borders: Borders) -> pd.DataFrame:
    """Return the figures of a layer; see `geoapp.core.figures.layer_figures`."""

    def build(draft: Path) -> None:
        # who only looks at prepared data measures nothing
        from geoapp.core.layer_figures import layer_figures

        # what carries a code counts where the code says, wherever it lies; without any borders
        # there is nothing to leave out by
        near = "unit" not in copy.columns and not borders.table.empty
        features = copy.features(borders.bounds if near else None)
        figures = layer_figures(copy.layer.spec, features, borders.polygons())
        figures.to_parquet(draft / "figures.parquet")

    folder = obtain(root, digest([VERSION, "figures", copy.key, borders.key]), build)
    return pd.read_parquet(folder / "figures.parquet")


def code_problems(
    root: Path, copy: LayerCopy, borders: Borders, municipalities: pd.DataFrame
) -> tuple[Problem, ...]:
    """Return what to tell of codes that no municipality has, with what they may have meant.

    ``municipalities`` is the registry of the workspace.
    """
    if not copy.usable or copy.layer.report is None or "unit" not in copy.columns:
        return ()
    report, table = copy.layer.report, borders.table[["code", "name"]]
    registry = municipalities[["code", "name", "former_codes"]].sort_index()

    def build(draft: Path) -> None:
        every = pd.concat([registry[["code", "name"]], table])
        known = Known(every[~every.index.duplicated()], former_units(registry))
        found = unjoined(CheckedLayer(copy.features(), report, empty()), known)
        kept = [ProblemValue.of(problem).model_dump(mode="json") for problem in found]
        (draft / "problems.json").write_text(json.dumps(kept), "utf-8")

    key = digest([VERSION, "codes", copy.key, borders.key, registry.to_csv()])
    kept = json.loads((obtain(root, key, build) / "problems.json").read_text("utf-8"))
    return tuple(ProblemValue.model_validate(problem).problem() for problem in kept)


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
        write_whole(draft, slug, points, ["key", "name"])

    key = digest([VERSION, "points", copy.key, borders.key])
    folder = obtain(root, key, build)
    return replace(copy.layer, geometry=read_ref(folder, slug, key, "point"))
