"""Municipal boundaries from several files made into one set, and the table of municipalities."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from geoapp.core.codes import country_of
from geoapp.core.layer import LayerSpec

BORDER_COLUMNS = ("code", "name", "country", "area_computed_ha", "boundary", "schematic")
_FACTS = (
    "population",
    "population_date",
    "population_source",
    "area_ha",
    "area_date",
    "area_source",
    "children",
    "children_age",
    "children_date",
    "children_source",
    "orp",
    "lon",
    "lat",
)


def compose_boundaries(layers: Sequence[tuple[LayerSpec, gpd.GeoDataFrame]]) -> gpd.GeoDataFrame:
    """Return one polygon for each municipality, from the layer of highest precedence that has it.

    Among layers of the same precedence real borders come before schematic ones.

    Parameters
    ----------
    layers
        Boundaries as `geoapp.core.checked` returns them: EPSG:4326, columns ``unit``, ``code``,
        ``name``, ``country``, ``area_ha``, ``geometry``.

    Returns
    -------
    geopandas.GeoDataFrame
        EPSG:4326, indexed by unit key and sorted by it; `BORDER_COLUMNS` and ``geometry``.
        ``area_computed_ha`` is missing for schematic borders, whose area was put in, not measured.
    """
    ordered = sorted(layers, key=_rank)
    frames = [_described(spec, frame) for spec, frame in ordered]
    if not frames:
        return _no_borders()
    stacked = pd.concat(frames)
    chosen = stacked[~stacked.index.duplicated()].sort_index()
    return gpd.GeoDataFrame(chosen, geometry="geometry", crs="EPSG:4326")


def municipality_table(
    registry: pd.DataFrame, borders: pd.DataFrame, memberships: pd.DataFrame
) -> pd.DataFrame:
    """Return all that is known of every municipality; see `geoapp.core.atlas.Atlas`.

    The registry's name is used where it has one, then that of the borders, then that of a
    membership. Order: unit keys rising.
    """
    members = memberships.drop_duplicates("unit").set_index("unit")
    units = registry.index.union(borders.index).union(members.index).rename("unit")
    table = pd.DataFrame(index=units)
    for column in ("code", "name"):
        known = registry[column].reindex(units)
        table[column] = known.combine_first(borders[column].reindex(units)).combine_first(
            members[column].reindex(units)
        )
    table["country"] = [country_of(unit) for unit in units]
    table = table.join(registry[list(_FACTS)])
    spatial = [column for column in borders.columns if column not in ("code", "name", "country")]
    table = table.join(borders[spatial])
    table["boundary"] = table["boundary"].fillna("")
    table["schematic"] = table["schematic"].fillna(False).astype(bool)
    return table


def _no_borders() -> gpd.GeoDataFrame:
    kinds = dict.fromkeys(BORDER_COLUMNS, "object") | {
        "area_computed_ha": "float64",
        "schematic": "bool",
    }
    index = pd.Index([], name="unit", dtype=object)
    table = pd.DataFrame(columns=list(BORDER_COLUMNS), index=index).astype(kinds)
    return gpd.GeoDataFrame(table, geometry=[], crs="EPSG:4326")


def _rank(layer: tuple[LayerSpec, gpd.GeoDataFrame]) -> tuple[int, bool, str]:
    spec, _ = layer
    return -spec.precedence, spec.schematic, spec.slug


def _described(spec: LayerSpec, frame: gpd.GeoDataFrame) -> pd.DataFrame:
    area = np.nan if spec.schematic else frame["area_ha"]
    described = frame.assign(
        area_computed_ha=area, boundary=spec.slug, schematic=spec.schematic
    ).set_index("unit")
    return pd.DataFrame(described[[*BORDER_COLUMNS, "geometry"]])
