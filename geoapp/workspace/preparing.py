"""Preparing a workspace: every file is read, checked and summarised once, then kept.

What is kept is found again by what it was made from: the bytes of the file, its description, the
borders it was measured against, and `VERSION` of this code.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from geoapp.core.atlas import FIGURE_COLUMNS, Atlas, PreparedLayer
from geoapp.core.boundaries import municipality_table
from geoapp.core.figures import add_rates
from geoapp.core.grouping import list_memberships
from geoapp.core.progress import Progress
from geoapp.core.status import resolve_statuses
from geoapp.core.vocabulary import THEME_NAMES
from geoapp.store.files import store_root
from geoapp.store.upkeep import store_limit, tidy
from geoapp.workspace.flows import flow_problems
from geoapp.workspace.measuring import code_problems, load_figures, with_value_points
from geoapp.workspace.opening import Workspace
from geoapp.workspace.prepared import load_borders, load_layer_copy
from geoapp.workspace.scaling import draw_municipalities


def prepare(
    workspace: Workspace, *, store: Path | None = None, progress: Progress | None = None
) -> Atlas:
    """Return the atlas of a workspace, made from prepared data wherever that is there.

    Parameters
    ----------
    workspace
        As from `geoapp.workspace.open_workspace`.
    store
        Folder of prepared data; `geoapp.store.files.store_root` by default.
    progress
        Called with the number of layers done, their total, and the layer in work.

    Raises
    ------
    RefusedError
        The store cannot be written to, or its limit is no size.
    """
    root = store or store_root()
    limit = store_limit()
    copies = []
    for done, spec in enumerate(workspace.layers):
        if progress:
            progress(done, len(workspace.layers), spec.slug)
        copies.append(load_layer_copy(root, workspace.root, spec))
    memberships = list_memberships(workspace.partnerships)
    borders = load_borders(root, copies)
    members, context = draw_municipalities(
        root, borders, frozenset(memberships["unit"]), workspace.municipalities
    )
    municipalities = municipality_table(workspace.municipalities, borders.table, memberships)
    themes = [copy for copy in copies if copy.usable and copy.layer.spec.theme != "boundaries"]
    figures = [load_figures(root, copy, borders) for copy in themes]
    unknown_codes = [
        problem
        for copy in themes
        for problem in code_problems(root, copy, borders, workspace.municipalities)
    ]
    if progress:
        progress(len(workspace.layers), len(workspace.layers), "")
    drawn = [with_value_points(root, copy, borders) for copy in copies]
    layers = tuple(sorted(drawn, key=_reading_order))
    tidy(root, limit)
    return Atlas(
        municipalities=municipalities,
        partnerships=workspace.partnerships,
        memberships=memberships,
        statuses=resolve_statuses(workspace.statuses, municipalities),
        layers=layers,
        figures=add_rates(
            pd.concat(figures) if figures else pd.DataFrame(columns=list(FIGURE_COLUMNS)),
            municipalities,
        ),
        flows=workspace.flows,
        members=members,
        context=context,
        base_maps=workspace.base_maps,
        problems=workspace.problems
        + tuple(p for layer in layers for p in layer.problems)
        + tuple(unknown_codes)
        + flow_problems(workspace.root, workspace.flows, root),
    )


def _reading_order(layer: PreparedLayer) -> tuple[int, int, str]:
    """Boundaries first, the ones in use before others; then the themes in their fixed order."""
    themes = list(THEME_NAMES)
    spec = layer.spec
    place = themes.index(spec.theme) if spec.theme in themes else len(themes)
    return place, -spec.precedence, spec.slug
