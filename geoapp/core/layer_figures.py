"""What a layer amounts to in each municipality, measured; unknown is kept apart from zero."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from geoapp.core.atlas import FIGURE_COLUMNS
from geoapp.core.codes import country_of
from geoapp.core.layer import LayerSpec
from geoapp.core.summary import (
    QUANTITIES,
    summarise_by_code,
    summarise_lines,
    summarise_points,
    summarise_polygons,
)


def layer_figures(
    spec: LayerSpec, features: pd.DataFrame, boundaries: gpd.GeoDataFrame
) -> pd.DataFrame:
    """Return the figures of one layer; columns `FIGURE_COLUMNS`, one row per unit and quantity.

    Parameters
    ----------
    spec
        The layer.
    features
        Checked features in EPSG:4326, or rows of a table with ``unit``.
    boundaries
        Municipalities in EPSG:4326, indexed by unit key, with ``schematic``.

    Notes
    -----
    A figure is unknown (missing) where the layer does not claim to cover the municipality, where
    nothing was found and the layer does not claim to be complete, and where real features would
    be measured against schematic borders.
    """
    table = _summary(spec, features, boundaries)
    quantities = [quantity for quantity in QUANTITIES if quantity in table]
    unknown = ~_covered(spec, boundaries) | _absent(spec, table)
    if not _by_code(spec, features) and not spec.illustrative:
        unknown |= boundaries["schematic"].to_numpy(dtype=bool)
    known = table[quantities].astype("float64").mask(unknown).rename_axis("unit")
    long = known.melt(var_name="quantity", value_name="figure", ignore_index=False).reset_index()
    long = long.rename(columns={"figure": "value"}).assign(
        layer=spec.slug, theme=spec.theme, illustrative=spec.illustrative
    )
    return long[list(FIGURE_COLUMNS)]


def _summary(spec: LayerSpec, features: pd.DataFrame, boundaries: gpd.GeoDataFrame) -> pd.DataFrame:
    if spec.measure == "value" or (spec.kind == "table" and spec.measure is None):
        values = features.drop_duplicates("unit").set_index("unit")["value"]
        return pd.DataFrame({"value": values.reindex(boundaries.index)})
    if _by_code(spec, features):
        return summarise_by_code(features, boundaries.index)
    summarise = {
        "line": summarise_lines,
        "point": summarise_points,
        "polygon": summarise_polygons,
    }[spec.kind]
    return summarise(gpd.GeoDataFrame(features), boundaries)


def _by_code(spec: LayerSpec, features: pd.DataFrame) -> bool:
    """Whether features are counted where their code says; lengths and areas need borders."""
    return spec.kind in ("point", "table") and "unit" in features


def _covered(spec: LayerSpec, boundaries: gpd.GeoDataFrame) -> pd.Series:
    """Whether the layer claims to have data where the municipality is."""
    units = boundaries.index
    covered = pd.Series(True, index=units)
    if spec.countries:
        covered &= units.map(country_of).isin(spec.countries)
    if spec.units:
        covered &= units.isin(spec.units)
    return covered


def _absent(spec: LayerSpec, table: pd.DataFrame) -> pd.Series:
    """Whether nothing was found and that does not mean that there is nothing."""
    if spec.complete or "value" in table:
        return pd.Series(False, index=table.index)
    quantity = next(name for name in QUANTITIES if name in table)
    return table[quantity].fillna(0.0).le(0)
