"""A workspace, checked and prepared: all that a map, a table or a profile is made from."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geoapp.core.checked import LayerReport
from geoapp.core.figures import theme_figures
from geoapp.core.flowspec import FlowSpec
from geoapp.core.layer import LayerSpec
from geoapp.core.mapspec import BaseMap, GeometryRef
from geoapp.core.partnership import Partnership
from geoapp.errors import Problem

FIGURE_COLUMNS = ("unit", "layer", "theme", "quantity", "value", "illustrative")


@dataclass(frozen=True)
class PreparedLayer:
    """A layer with what was found in its file.

    ``geometry`` is its display copy; for a table, one point for each municipality. Both it and
    ``report`` are None where the file could not be used; ``problems`` says why. ``vertices`` are
    those of its checked geometry; None for a table.
    """

    spec: LayerSpec
    report: LayerReport | None = None
    geometry: GeometryRef | None = None
    problems: tuple[Problem, ...] = ()
    vertices: int | None = None


class _Rows(NamedTuple):
    """Positions of rows, those of the first municipality first, and where each one's begin."""

    units: pd.Index[str]
    position: NDArray[np.int32]
    begin: NDArray[np.int32]

    def of(self, unit: str) -> NDArray[np.int32]:
        """Return the positions of the rows of a municipality."""
        (municipality,) = self.units.get_indexer(pd.Index([unit]))
        return self.position[self.begin[municipality] : self.begin[municipality + 1]]


@dataclass(frozen=True)
class Atlas:
    """Everything a workspace holds; frames are shared and must be copied before they change.

    Attributes
    ----------
    municipalities
        Indexed by unit key: ``code``, ``name``, ``country``, ``population``,
        ``population_date``, ``population_source``, ``area_ha`` (official), ``area_date``,
        ``area_source``, ``area_computed_ha`` (on real boundaries only), ``children``, ``orp``,
        ``boundary`` (slug of the layer, empty without borders), ``schematic``, ``west``,
        ``south``, ``east``, ``north`` (degrees).
    partnerships
        In registry order, groups resolved.
    memberships
        As from `geoapp.core.grouping.list_memberships`.
    statuses
        As from `geoapp.core.status.resolve_statuses`.
    layers
        Boundaries and themes, valid or not.
    figures
        Long table of `FIGURE_COLUMNS`: what each theme layer amounts to in a municipality;
        ``value`` is missing where unknown.
    flows
        Flow tables that are registered; they are read where they are used.
    members, context
        Display copies of the municipalities of the registry and of all others.
    base_maps
        What a reader may choose as background.
    problems
        Everything found wrong in the workspace.
    """

    municipalities: pd.DataFrame
    partnerships: tuple[Partnership, ...]
    memberships: pd.DataFrame
    statuses: pd.DataFrame
    layers: tuple[PreparedLayer, ...]
    figures: pd.DataFrame
    flows: tuple[FlowSpec, ...]
    members: GeometryRef | None
    context: GeometryRef | None
    base_maps: tuple[BaseMap, ...]
    problems: tuple[Problem, ...]

    @property
    def themes(self) -> tuple[PreparedLayer, ...]:
        """The layers that are no boundaries."""
        return tuple(layer for layer in self.layers if layer.spec.theme != "boundaries")

    @cached_property
    def names(self) -> dict[str, str]:
        """Names of all municipalities by unit key."""
        return {str(unit): str(name) for unit, name in self.municipalities["name"].items()}

    @cached_property
    def joined_figures(self) -> pd.DataFrame:
        """The figures with the layers of each theme joined, as `theme_figures` tells."""
        return theme_figures(self.figures)

    def memberships_of(self, unit: str) -> list[dict[Hashable, Any]]:
        """Return the memberships of one municipality, as rows of ``memberships``."""
        return self._memberships_by_unit.get(unit, [])

    @cached_property
    def _memberships_by_unit(self) -> dict[str, list[dict[Hashable, Any]]]:
        found: dict[str, list[dict[Hashable, Any]]] = {}
        for row in self.memberships.to_dict("records"):
            found.setdefault(row["unit"], []).append(row)
        return found

    def figures_of(self, unit: str) -> pd.DataFrame:
        """Return the figures of one municipality, without a look at those of all others."""
        return self.figures.iloc[self._figure_rows.of(unit)]

    def joined_figures_of(self, unit: str) -> pd.DataFrame:
        """Return the joined figures of one municipality likewise."""
        return self.joined_figures.iloc[self._joined_figure_rows.of(unit)]

    @cached_property
    def _figure_rows(self) -> _Rows:
        return _rows_by_unit(self.figures, self.municipalities.index)

    @cached_property
    def _joined_figure_rows(self) -> _Rows:
        return _rows_by_unit(self.joined_figures, self.municipalities.index)

    @property
    def schematic(self) -> bool:
        """Whether any member's borders are schematic."""
        members = self.municipalities.index.isin(self.memberships["unit"])
        return bool(self.municipalities.loc[members, "schematic"].any())

    def partnership(self, slug: str) -> Partnership:
        """Return a partnership by its id; KeyError when there is none."""
        return {partnership.id: partnership for partnership in self.partnerships}[slug]


def _rows_by_unit(table: pd.DataFrame, units: pd.Index[str]) -> _Rows:
    municipality = units.get_indexer(pd.Index(table["unit"]))
    position = np.argsort(municipality, kind="stable").astype(np.int32)
    begin = np.searchsorted(municipality[position], np.arange(len(units) + 1)).astype(np.int32)
    return _Rows(units, position, begin)
