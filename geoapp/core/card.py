"""The card of a municipality: everything known of it, each fact with source and date."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Set
from typing import Any

import pandas as pd

from geoapp.core.atlas import Atlas
from geoapp.core.partnership import told_in
from geoapp.core.phrases import Phrases
from geoapp.core.table import figure_name
from geoapp.core.value import Value
from geoapp.core.vocabulary import (
    CERTAINTY_NAMES,
    COUNTRY_NAMES,
    LIST_NAMES,
    ROLE_NAMES,
    STATUS_NAMES,
)


class Fact(Value):
    """One line of the card; ``source`` carries date and remarks and may be empty.

    ``illustrative``: the value is made up, which must be said beside it.
    """

    label: str
    value: str
    source: str = ""
    illustrative: bool = False


class Card(Value):
    """A municipality in words, in the reader's language."""

    unit: str
    name: str
    subtitle: str
    memberships: tuple[Fact, ...]
    facts: tuple[Fact, ...]
    figures: tuple[Fact, ...]
    notices: tuple[str, ...]


def municipality_card(atlas: Atlas, unit: str, phrases: Phrases) -> Card | None:
    """Return the card of a municipality, or None when the atlas does not know the unit key."""
    if unit not in atlas.municipalities.index:
        return None
    row = _row(atlas.municipalities, unit)
    country = _named(COUNTRY_NAMES, row["country"], phrases)
    notices = []
    if row["schematic"]:
        notices.append(phrases.gettext("Schematic borders: the area is true, the shape invented."))
    return Card(
        unit=unit,
        name=str(row["name"]),
        subtitle=f"{country} · {row['code']}",
        memberships=_memberships(atlas, unit, phrases),
        facts=(_status(atlas, unit, phrases), *_numbers(row, phrases)),
        figures=_figures(atlas, unit, phrases),
        notices=tuple(notices),
    )


def _memberships(atlas: Atlas, unit: str, phrases: Phrases) -> tuple[Fact, ...]:
    return tuple(
        Fact(
            label=atlas.partnership(row["partnership"]).name(phrases.language, short=True),
            value=_named(ROLE_NAMES, row["role"], phrases),
            source="; ".join(
                part
                for part in (
                    _named(CERTAINTY_NAMES, row["certainty"], phrases),
                    row["note"],
                    row["source"],
                )
                if part
            ),
        )
        for row in atlas.memberships_of(unit)
    )


def _status(atlas: Atlas, unit: str, phrases: Phrases) -> Fact:
    status = _row(atlas.statuses, unit)
    parts = [
        _named(LIST_NAMES, status["list"], phrases),
        str(status["date"] or ""),
        _named(CERTAINTY_NAMES, status["certainty"], phrases),
        status["note"],
        status["source"],
    ]
    return Fact(
        label=phrases.gettext("Marginalisation status"),
        value=_named(STATUS_NAMES, status["status"], phrases),
        source="; ".join(part for part in parts if part),
    )


def _numbers(row: Mapping[Hashable, Any], phrases: Phrases) -> list[Fact]:
    facts = [
        Fact(
            label=phrases.gettext("Residents"),
            value=phrases.number(row["population"]),
            source=_dated(row["population_source"], row["population_date"]),
        ),
        Fact(
            label=phrases.gettext("Official area (ha)"),
            value=phrases.number(row["area_ha"]),
            source=_dated(row["area_source"], row["area_date"]),
        ),
    ]
    if pd.notna(row["area_computed_ha"]):
        facts.append(
            Fact(
                label=phrases.gettext("Area measured on the borders (ha)"),
                value=phrases.number(row["area_computed_ha"], 1),
                source=str(row["boundary"]),
            )
        )
    return facts


def _figures(atlas: Atlas, unit: str, phrases: Phrases) -> tuple[Fact, ...]:
    layers: dict[tuple[str, str], set[str]] = {}
    for own in _known(atlas.figures_of(unit)):
        layers.setdefault((own["theme"], own["quantity"]), set()).add(own["layer"])
    return tuple(
        Fact(
            label=figure_name(atlas, figure["theme"], figure["layer"], figure["quantity"], phrases),
            value=phrases.number(
                figure["value"], 0 if figure["quantity"] in ("facilities", "places") else 1
            ),
            source=phrases.gettext("illustrative, made up")
            if figure["illustrative"]
            else _sources(
                atlas,
                {figure["layer"]}
                if figure["layer"]
                else layers[figure["theme"], figure["quantity"]],
                phrases,
            ),
            illustrative=bool(figure["illustrative"]),
        )
        for figure in _known(atlas.joined_figures_of(unit))
    )


def _known(figures: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows whose value is known; pandas would take ten times as long for so few."""
    columns = {name: figures[name].tolist() for name in figures.columns}
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    return [row for row in rows if row["value"] == row["value"]]


def _sources(atlas: Atlas, layers: Set[str], phrases: Phrases) -> str:
    """Return whose data the layers are from that are part of a figure."""
    specs = [layer.spec for layer in atlas.themes if layer.spec.slug in layers]
    told = (_dated(told_in(spec.source, phrases.language), spec.date) for spec in specs)
    return "; ".join(dict.fromkeys(told))


def _named(names: Mapping[str, str], slug: str, phrases: Phrases) -> str:
    """Return the name of a slug; nothing for an empty one."""
    return phrases.gettext(names[slug]) if slug else ""


def _row(table: pd.DataFrame, unit: str) -> Mapping[Hashable, Any]:
    position = table.index.get_loc(unit)
    return {name: table[name].array[position] for name in table.columns}


def _dated(source: str | float | None, date: str | float | None) -> str:
    known = [str(part) for part in (source, date) if part and pd.notna(part)]
    return ", ".join(known)
