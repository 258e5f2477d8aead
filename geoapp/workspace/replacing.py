"""Layers that were pulled take the place of what a workspace has, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from pydantic import ValidationError

from geoapp.core.checked import CheckedLayer, ProblemValue, check_layer
from geoapp.core.layer import LayerSpec, Retrieval
from geoapp.core.phrases import mark
from geoapp.core.projection import WGS84
from geoapp.core.raw import RawLayer, some_of, warning
from geoapp.core.value import Value
from geoapp.errors import FileRefusedError, Problem, RefusedError
from geoapp.sources.layer_file import load_layer
from geoapp.sources.registry import read_layer_specs
from geoapp.sources.remote.pulled import Area, PulledLayer
from geoapp.sources.remote.registry import RemoteSource
from geoapp.workspace.changes import Changes, compare
from geoapp.workspace.opening import Workspace
from geoapp.workspace.slots import Folder, next_precedence, refuse_taken
from geoapp.workspace.writing import write_layer


@dataclass(frozen=True, slots=True)
class Errand:
    """One pull: the workspace, the source, and the area with the text it was given as."""

    workspace: Workspace
    source: RemoteSource
    area: Area
    asked: str

    @property
    def municipalities(self) -> int | None:
        """How many are asked for; None for whole countries."""
        return None if self.area.whole else len(self.area.units)


@dataclass(frozen=True, slots=True)
class Draft:
    """A layer that is checked and described, and not yet written."""

    raw: RawLayer
    checked: CheckedLayer
    spec: LayerSpec


class PulledInto(Value):
    """What became of one layer of a source.

    Attributes
    ----------
    slug, theme
        Of the layer.
    changes
        Against the last pull.
    files, removed
        What was written, and what gave way, relative to the workspace; nothing was written where
        the source has nothing.
    problems
        Every finding about it.
    """

    slug: str
    theme: str
    changes: Changes
    files: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    problems: tuple[ProblemValue, ...] = ()


def refuse_conflicts(errand: Errand, slugs: Sequence[str], *, replace_existing: bool) -> None:
    """Refuse to replace layers of another origin, or such as know more municipalities.

    Raises
    ------
    RefusedError
        Telling what would be lost, and what to do instead.
    """
    specs = {spec.slug: spec for spec in errand.workspace.layers}
    for slug in slugs:
        before = specs.get(slug)
        if before is None or before.retrieval is None:
            folder: Folder = "boundaries" if errand.source.theme == "boundaries" else "themes"
            if before is None or not before.illustrative:
                refuse_taken(errand.workspace.root, folder, slug, replace=replace_existing)
        elif not replace_existing and (lost := _lost(before, errand)):
            raise RefusedError(
                f"layers/{slug}.toml: it was pulled for {before.retrieval.area}, and {lost} would "
                f"be lost; pull for all of it, such as --area {before.retrieval.area},"
                f"{errand.asked}, or say that it is to be replaced"
            )


def _lost(before: LayerSpec, errand: Errand) -> str:
    """Tell what a layer covers that the area does not; empty where that is nothing."""
    if before.retrieval is None or before.retrieval.source != errand.source.slug:
        return "data of another source"
    if errand.area.whole:
        gone = set(before.countries) - set(errand.area.countries)
        return " and ".join(sorted(gone))
    if not before.units:
        return "whole countries"
    lost = set(before.units) - errand.area.units
    return some_of(sorted(lost))


def draft_layer(errand: Errand, layer: PulledLayer, retrieval: Retrieval) -> Draft:
    """Check a layer and describe it.

    Raises
    ------
    RefusedError
        When it cannot be such a layer.
    """
    raw = _raw(errand.source, layer)
    spec = _spec(errand, layer, retrieval)
    checked = check_layer(raw, spec)
    columns = checked.report.columns.model_copy(update={"lon": None, "lat": None})
    return Draft(raw, checked, spec.model_copy(update={"columns": columns}))


def _raw(source: RemoteSource, layer: PulledLayer) -> RawLayer:
    table = layer.table.reset_index(drop=True)
    if layer.kind == "table":
        return RawLayer(source.slug, pd.DataFrame(table), problems=layer.problems)
    placed = gpd.GeoDataFrame(table)
    rows = pd.DataFrame(placed.drop(columns=placed.geometry.name))
    return RawLayer(source.slug, rows, placed.geometry.to_numpy(), WGS84, problems=layer.problems)


def _spec(errand: Errand, layer: PulledLayer, retrieval: Retrieval) -> LayerSpec:
    """Describe a layer; names and style that a user gave the last one stay."""
    source, root = errand.source, errand.workspace.root
    boundaries = layer.theme == "boundaries"
    folder, suffix = "boundaries" if boundaries else "themes", "fgb"
    fields: dict[str, Any] = {
        "slug": layer.slug,
        "theme": layer.theme,
        "names": layer.names,
        "kind": layer.kind,
        "file": f"data/{folder}/{layer.slug}.{'csv' if layer.kind == 'table' else suffix}",
        "columns": layer.columns,
        "measure": layer.measure,
        "unit": layer.unit,
        "countries": errand.area.countries,
        "units": () if errand.area.whole else tuple(sorted(errand.area.units)),
        "complete": layer.complete,
        "precedence": next_precedence(root, layer.slug) if boundaries else 0,
        "source": source.source,
        "licence": source.licence,
        "attribution": source.attribution,
        "date": layer.date or source.date,
        "retrieval": retrieval,
    }
    try:
        return LayerSpec.model_validate(fields | _kept_of(errand, layer))
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors()
        )
        raise RefusedError(f"{source.slug}: the layer cannot be described so: {wrong}") from error


def _kept_of(errand: Errand, layer: PulledLayer) -> dict[str, Any]:
    """Return what stays of the layer that is replaced, or of an illustration of the theme."""
    specs = errand.workspace.layers
    same = next((spec for spec in specs if spec.slug == layer.slug), None)
    if same is not None and same.retrieval is not None:
        return {"names": same.names, "style": same.style, "note": same.note}
    shown = same or next(iter(_illustrations(specs, layer.theme)), None)
    return {"style": shown.style} if shown else {}


def _illustrations(specs: Sequence[LayerSpec], theme: str) -> list[LayerSpec]:
    return [spec for spec in specs if spec.theme == theme and spec.illustrative]


def write_draft(errand: Errand, draft: Draft) -> PulledInto:
    """Write a layer in place of the last one, and of illustrations of its theme."""
    root, spec = errand.workspace.root, draft.spec
    before = next((old for old in errand.workspace.layers if old.slug == spec.slug), None)
    changes = compare(_frame(root, before), draft.checked.frame, spec)
    added = write_layer(root, draft.raw, draft.checked, spec)
    removed = (*added.removed, *_remove_illustrations(root, spec))
    twice = _counted_twice(errand, spec)
    return PulledInto(
        slug=spec.slug,
        theme=spec.theme,
        changes=changes,
        files=added.files,
        removed=removed,
        problems=(*draft.checked.report.problems, *(ProblemValue.of(found) for found in twice)),
    )


def _frame(root: Path, before: LayerSpec | None) -> pd.DataFrame | None:
    """Read the last state of a layer that was pulled; None where there is none to compare with."""
    if before is None or before.retrieval is None:
        return None
    try:
        return load_layer(root, before).frame
    except FileRefusedError:
        return None


def _remove_illustrations(root: Path, spec: LayerSpec) -> Iterator[str]:
    """Remove what was made up to show a theme, now that there is real data of it."""
    if spec.theme == "boundaries":
        return
    specs = read_layer_specs(root)[0]
    for old in _illustrations(specs, spec.theme):
        if old.slug == spec.slug:
            continue
        used = {other.file for other in specs if other.slug != old.slug}
        for name in (f"layers/{old.slug}.toml", old.file):
            if name not in used:
                (root / name).unlink(missing_ok=True)
                yield name


def _counted_twice(errand: Errand, spec: LayerSpec) -> list[Problem]:
    """Tell of other real layers of the theme for the same area, which figures add up with it."""
    others = [
        other.slug
        for other in errand.workspace.layers
        if other.theme == spec.theme != "boundaries"
        and other.slug != spec.slug
        and not other.illustrative
        and set(other.countries or errand.area.countries) & set(errand.area.countries)
        and (not other.units or not spec.units or set(other.units) & set(spec.units))
    ]
    text = mark(
        "The theme has other layers for the same area: {others}. What both hold is counted twice; "
        "remove one of them."
    )
    return [warning(f"layers/{spec.slug}.toml", text, others=", ".join(others))] if others else []


def nothing_found(layer: PulledLayer) -> PulledInto:
    """Tell of a layer for which the source has nothing; what was there before stays."""
    return PulledInto(
        slug=layer.slug,
        theme=layer.theme,
        changes=Changes(features=0, compared=False),
        problems=tuple(ProblemValue.of(problem) for problem in layer.problems),
    )
