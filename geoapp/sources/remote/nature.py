"""Registers of protected areas (WFS), with the form of protection of each area."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from geoapp.core.phrases import mark
from geoapp.core.progress import Progress
from geoapp.core.raw import some_of, warning
from geoapp.errors import Problem
from geoapp.sources.remote.pulled import Area, Fetch, PulledLayer
from geoapp.sources.remote.registry import RemoteSource
from geoapp.sources.remote.wfs import pull_wfs

# In the words of the law of each country; a feature type that is not listed keeps its own name.
_FORMS: Mapping[str, str] = {
    "ParkiNarodowe": "park narodowy",
    "Rezerwaty": "rezerwat przyrody",
    "ParkiKrajobrazowe": "park krajobrazowy",
    "ObszaryChronionegoKrajobrazu": "obszar chronionego krajobrazu",
    "ObszarySpecjalnejOchrony": "obszar Natura 2000 (ptasi)",
    "SpecjalneObszaryOchrony": "obszar Natura 2000 (siedliskowy)",
    "UzytkiEkologiczne": "użytek ekologiczny",
    "ZespolyPrzyrodniczoKrajobrazowe": "zespół przyrodniczo-krajobrazowy",
    "Velkoplosna_zvlaste_chranena_uzemi__VZCHU_": "velkoplošné zvláště chráněné území",
    "Maloplosna_zvlaste_chranena_uzemi__MZCHU_": "maloplošné zvláště chráněné území",
    "Evropsky_vyznamne_lokality": "evropsky významná lokalita",
    "Ptaci_oblasti": "ptačí oblast",
}
_BUFFER = r"\b(?:otulina|ochranné pásmo)\b"
_LEFT_OUT = mark(
    "{count} buffer zones around protected areas are not protected areas themselves, and were "
    "left out: {examples}."
)


def pull_nature(
    source: RemoteSource, area: Area, fetch: Fetch, *, progress: Progress | None = None
) -> list[PulledLayer]:
    """Return the protected areas of an area, with ``form`` telling how each is protected.

    Errors are those of `geoapp.sources.remote.wfs.pull_wfs`.
    """
    return [
        _with_forms(layer, source) for layer in pull_wfs(source, area, fetch, progress=progress)
    ]


def _with_forms(layer: PulledLayer, source: RemoteSource) -> PulledLayer:
    table = layer.table
    if table.empty:
        return layer
    names = _names(table, source)
    buffers = names.str.contains(_BUFFER, case=False, regex=True)
    kept = table[~buffers].reset_index(drop=True)
    told: tuple[Problem, ...] = ()
    if buffers.any():
        named = some_of(names[buffers])
        told = (warning(source.slug, _LEFT_OUT, count=int(buffers.sum()), examples=named),)
    return replace(
        layer,
        table=kept.assign(form=kept["feature_type"].map(lambda kind: _FORMS.get(kind, kind))),
        problems=(*layer.problems, *told),
    )


def _names(table: pd.DataFrame, source: RemoteSource) -> pd.Series:
    if source.name_column not in table.columns:
        return pd.Series("", index=table.index)
    return table[source.name_column].fillna("").astype(str)
