"""The appendix of a portrait: where every layer, membership, status and figure comes from."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from geoapp.core.atlas import Atlas, PreparedLayer
from geoapp.core.dates import date_text
from geoapp.core.layer import LayerSpec
from geoapp.core.partnership import Partnership, told_in
from geoapp.core.phrases import Phrases
from geoapp.core.table import Table
from geoapp.core.theming import layer_label
from geoapp.maps.portrait_parts import Grid, Heading, Part


def source_parts(
    atlas: Atlas, partnership: Partnership, table: Table, phrases: Phrases
) -> list[Part]:
    """Return where everything comes from: layers, members, statuses, residents and areas."""
    units = table.rows.index
    borders = set(atlas.municipalities["boundary"].reindex(units))
    used = [layer.spec for layer in atlas.layers if layer.spec.slug in borders]
    used += [layer.spec for layer in theme_layers(atlas, table)]
    layers = Grid(
        phrases.gettext("Layers"),
        (
            phrases.gettext("Layer"),
            phrases.gettext("Source"),
            phrases.gettext("Date"),
            phrases.gettext("Licence"),
        ),
        _layer_rows(used, phrases),
        (2.5, 2.7, 0.8, 1.1),
    )
    origins = [
        (phrases.gettext("Source of membership"), _membership_sources(atlas, partnership)),
        (
            phrases.gettext("Source of status"),
            _distinct(atlas.statuses["source"].reindex(units)),
        ),
        (phrases.gettext("Source of residents"), _dated(atlas, units, "population")),
        (phrases.gettext("Source of official area"), _dated(atlas, units, "area")),
    ]
    facts = Grid(
        phrases.gettext("Figures and memberships"),
        (phrases.gettext("Figure"), phrases.gettext("Source")),
        tuple((name, found or phrases.gettext("Unknown")) for name, found in origins),
        (1.2, 4),
    )
    return [Heading(phrases.gettext("Sources")), layers, facts]


def _layer_rows(specs: Sequence[LayerSpec], phrases: Phrases) -> tuple[tuple[str, ...], ...]:
    """Return the layers of each origin in one row."""
    names: dict[tuple[str, str, str], list[str]] = {}
    for spec in specs:
        origin = (
            told_in(spec.attribution or spec.source, phrases.language),
            date_text(spec.date, phrases),
            told_in(spec.licence, phrases.language),
        )
        names.setdefault(origin, []).append(layer_label(spec, phrases))
    return tuple(("; ".join(held), *origin) for origin, held in names.items())


def _membership_sources(atlas: Atlas, partnership: Partnership) -> str:
    own = atlas.memberships[atlas.memberships["partnership"] == partnership.id]
    return _distinct(pd.concat([pd.Series([partnership.source]), own["source"]]))


def _dated(atlas: Atlas, units: pd.Index, figure: str) -> str:
    facts = atlas.municipalities.reindex(units)
    sources = facts[f"{figure}_source"].fillna("").astype(str)
    dates = facts[f"{figure}_date"].fillna("").astype(str)
    return _distinct(sources.where(dates == "", sources + " (" + dates + ")"))


def _distinct(texts: pd.Series) -> str:
    return "; ".join(dict.fromkeys(str(text) for text in texts.dropna() if str(text)))


def theme_layers(atlas: Atlas, table: Table) -> list[PreparedLayer]:
    """Return the theme layers that know something of the members and can be drawn."""
    own = atlas.figures[atlas.figures["unit"].isin(table.rows.index)]
    known = set(own.loc[own["value"].notna(), "layer"])
    return [layer for layer in atlas.themes if layer.spec.slug in known and layer.geometry]
