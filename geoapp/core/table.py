"""The table beside the map: one row for each chosen municipality, with every figure's source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from geoapp.core.atlas import Atlas
from geoapp.core.collation import collation_key
from geoapp.core.legend import Grouped, group_label
from geoapp.core.phrases import Phrases, mark
from geoapp.core.vocabulary import (
    COUNTRY_NAMES,
    STATUS_NAMES,
    THEME_NAMES,
    group_name,
    quantity_name,
)

ColumnKind = Literal["text", "number"]

_SHOWN_QUANTITIES = (
    "length_km",
    "facilities",
    "places",
    "places_per_1000",
    "places_per_100_children",
    "share_percent",
    "value",
)
_DECIMALS = {"facilities": 0, "places": 0}
_FIGURE_KEY = ["theme", "quantity", "layer"]
_FACT_COLUMNS = {
    "name": mark("Municipality"),
    "code": mark("Code"),
    "country": mark("Country"),
    "partnerships": mark("Partnership"),
    "roles": mark("Role in the partnership"),
    "status": mark("Marginalisation status"),
    "population": mark("Residents"),
    "area_ha": mark("Official area (ha)"),
    "area_computed_ha": mark("Area measured on the borders (ha)"),
}
_SOURCE_COLUMNS = {
    "membership_source": mark("Source of membership"),
    "status_source": mark("Source of status"),
    "population_source": mark("Source of residents"),
    "area_source": mark("Source of official area"),
    "boundary": mark("Borders"),
    "illustrative": mark("Illustrative figures (made up)"),
}


@dataclass(frozen=True)
class Column:
    """A column: its slug in the frame, its heading, and how numbers are written."""

    slug: str
    heading: str
    kind: ColumnKind = "text"
    decimals: int = 0


@dataclass(frozen=True)
class Table:
    """A frame indexed by unit key with its columns described; missing values are unknown."""

    rows: pd.DataFrame
    columns: tuple[Column, ...]

    def headed(self) -> pd.DataFrame:
        """Return the rows under their headings."""
        return self.rows[[column.slug for column in self.columns]].set_axis(
            [column.heading for column in self.columns], axis=1
        )


def municipality_rows(
    atlas: Atlas, grouped: Grouped, phrases: Phrases, *, sources: bool = False
) -> Table:
    """Return a row for each chosen municipality, by name in the order of the language.

    Parameters
    ----------
    sources
        Also where every figure comes from; for downloads.
    """
    units = list(grouped.groups.index)
    facts = atlas.municipalities.reindex(units)
    rows = facts[["name", "code", "population", "area_ha", "area_computed_ha"]].copy()
    rows["country"] = facts["country"].map(COUNTRY_NAMES).map(phrases.gettext)
    rows["status"] = [
        phrases.gettext(STATUS_NAMES[slug]) for slug in atlas.statuses["status"].reindex(units)
    ]
    rows["partnerships"] = _joined(atlas, grouped, "partnership", phrases)
    rows["roles"] = _joined(atlas, grouped, "role", phrases)
    columns = [_fact_column(slug, phrases) for slug in _FACT_COLUMNS]
    if not facts["area_computed_ha"].notna().any():
        columns = [column for column in columns if column.slug != "area_computed_ha"]
    figures, described = _theme_columns(atlas, units, phrases)
    rows = rows.join(figures)
    columns += described
    if sources:
        rows = rows.join(_source_columns(atlas, grouped, phrases))
        columns += [Column(slug, phrases.gettext(text)) for slug, text in _SOURCE_COLUMNS.items()]
    names = rows["name"].astype(str).to_dict()
    order = sorted(units, key=lambda unit: collation_key(names[unit], phrases.language))
    return Table(rows.loc[order], tuple(columns))


def theme_name(atlas: Atlas, theme: str, phrases: Phrases) -> str:
    """Return the name of a theme: a fixed one, or that of the user's layer."""
    if theme in THEME_NAMES:
        return phrases.gettext(THEME_NAMES[theme])
    own = next((layer.spec for layer in atlas.layers if layer.spec.theme == theme), None)
    return own.name(phrases.language) if own else theme


def figure_name(atlas: Atlas, theme: str, layer: str, quantity: str, phrases: Phrases) -> str:
    """Return the heading of a row of `geoapp.core.figures.theme_figures`, with its unit."""
    specs = [
        found.spec
        for found in atlas.themes
        if found.spec.theme == theme and layer in ("", found.spec.slug)
    ]
    unit = next((spec.unit for spec in specs if spec.unit), None)
    name = specs[0].name(phrases.language) if layer else theme_name(atlas, theme, phrases)
    return quantity_name(quantity, name, unit, phrases)


def marked_heading(heading: str, illustrative: pd.Series, phrases: Phrases) -> str:
    """Return the heading of a column of figures, saying whether all or some are made up."""
    if illustrative.all():
        return phrases.gettext("{name} (illustrative)").format(name=heading)
    if illustrative.any():
        return phrases.gettext("{name} (partly illustrative)").format(name=heading)
    return heading


def _fact_column(slug: str, phrases: Phrases) -> Column:
    numeric = slug in ("population", "area_ha", "area_computed_ha")
    return Column(
        slug,
        phrases.gettext(_FACT_COLUMNS[slug]),
        "number" if numeric else "text",
        1 if slug == "area_computed_ha" else 0,
    )


def _theme_columns(
    atlas: Atlas, units: list[str], phrases: Phrases
) -> tuple[pd.DataFrame, list[Column]]:
    figures = atlas.joined_figures[atlas.joined_figures["unit"].isin(units)]
    table = pd.DataFrame(index=pd.Index(units, name="unit"))
    columns = []
    known = {
        (str(theme), str(quantity), str(layer)): found
        for (theme, quantity, layer), found in figures.dropna(subset=["value"]).groupby(_FIGURE_KEY)
    }
    themes = {layer.spec.theme: place for place, layer in enumerate(atlas.themes)}
    order = sorted(known, key=lambda key: (themes[key[0]], _SHOWN_QUANTITIES.index(key[1]), key[2]))
    for theme, quantity, layer in order:
        found = known[theme, quantity, layer]
        slug = f"{layer or theme}:{quantity}"
        table[slug] = found.set_index("unit")["value"].reindex(units)
        heading = figure_name(atlas, theme, layer, quantity, phrases)
        heading = marked_heading(heading, found["illustrative"], phrases)
        columns.append(Column(slug, heading, "number", _DECIMALS.get(quantity, 1)))
    return table, columns


def _joined(atlas: Atlas, grouped: Grouped, by: str, phrases: Phrases) -> pd.Series:
    slugs = grouped.memberships[by].unique()
    names = {slug: group_label(atlas, by, slug, phrases) for slug in slugs}
    labels = grouped.memberships[by].map(names)
    return labels.groupby(grouped.memberships["unit"], sort=False).agg(
        lambda found: "; ".join(dict.fromkeys(found))
    )


def _source_columns(atlas: Atlas, grouped: Grouped, phrases: Phrases) -> pd.DataFrame:
    units = list(grouped.groups.index)
    facts = atlas.municipalities.reindex(units)
    statuses = atlas.statuses.reindex(units)
    sources = grouped.memberships.groupby("unit", sort=False)["source"].agg(
        lambda found: "; ".join(dict.fromkeys(found))
    )
    unknown = group_name("status", "unknown", phrases)
    real, schematic = phrases.gettext("real borders"), phrases.gettext("schematic borders")
    return pd.DataFrame(
        {
            "membership_source": sources.reindex(units),
            "status_source": statuses["source"].replace("", unknown).fillna(unknown),
            "population_source": _dated(facts["population_source"], facts["population_date"]),
            "area_source": _dated(facts["area_source"], facts["area_date"]),
            "boundary": [
                f"{slug} ({schematic if drawn else real})" if slug else unknown
                for slug, drawn in zip(facts["boundary"], facts["schematic"], strict=True)
            ],
            "illustrative": _illustrative_names(atlas, units, phrases),
        },
        index=pd.Index(units),
    )


def _dated(source: pd.Series, date: pd.Series) -> pd.Series:
    return source.fillna("").str.cat(date.fillna("").map(lambda day: f" ({day})" if day else ""))


def _illustrative_names(atlas: Atlas, units: list[str], phrases: Phrases) -> list[str]:
    figures = atlas.joined_figures[atlas.joined_figures["unit"].isin(units)]
    invented = figures[figures["illustrative"] & figures["value"].notna()]
    themes = invented.groupby("unit")["theme"].agg(dict.fromkeys)
    return [
        ", ".join(theme_name(atlas, theme, phrases) for theme in themes.get(unit, {}))
        for unit in units
    ]
