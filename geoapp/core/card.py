"""The card of a municipality: everything known of it, each fact with source and date."""

from __future__ import annotations

import pandas as pd

from geoapp.core.atlas import Atlas
from geoapp.core.figures import theme_figures
from geoapp.core.phrases import Phrases
from geoapp.core.table import theme_name
from geoapp.core.value import Value
from geoapp.core.vocabulary import (
    CERTAINTY_NAMES,
    COUNTRY_NAMES,
    LIST_NAMES,
    ROLE_NAMES,
    STATUS_NAMES,
    quantity_name,
)


class Fact(Value):
    """One line of the card; ``source`` carries date and remarks and may be empty."""

    label: str
    value: str
    source: str = ""


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
    row = atlas.municipalities.loc[unit]
    country = phrases.gettext(COUNTRY_NAMES[row["country"]])
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
    rows = atlas.memberships[atlas.memberships["unit"] == unit]
    return tuple(
        Fact(
            label=atlas.partnership(row["partnership"]).name(phrases.language, short=True),
            value=phrases.gettext(ROLE_NAMES[row["role"]]),
            source="; ".join(
                part
                for part in (
                    phrases.gettext(CERTAINTY_NAMES[row["certainty"]]),
                    row["note"],
                    row["source"],
                )
                if part
            ),
        )
        for row in rows.to_dict("records")
    )


def _status(atlas: Atlas, unit: str, phrases: Phrases) -> Fact:
    status = atlas.statuses.loc[unit]
    parts = [
        phrases.gettext(LIST_NAMES[status["list"]]) if status["list"] else "",
        str(status["date"] or ""),
        phrases.gettext(CERTAINTY_NAMES[status["certainty"]]) if status["certainty"] else "",
        status["note"],
        status["source"],
    ]
    return Fact(
        label=phrases.gettext("Marginalisation status"),
        value=phrases.gettext(STATUS_NAMES[status["status"]]),
        source="; ".join(part for part in parts if part),
    )


def _numbers(row: pd.Series, phrases: Phrases) -> list[Fact]:
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
    own = atlas.figures[atlas.figures["unit"] == unit].dropna(subset=["value"])
    units = {layer.spec.theme: layer.spec.unit for layer in atlas.themes}
    illustrative = phrases.gettext("illustrative, made up")
    sources = {
        layer.spec.theme: _dated(layer.spec.source, layer.spec.date) for layer in atlas.themes
    }
    return tuple(
        Fact(
            label=quantity_name(
                figure["quantity"],
                theme_name(atlas, figure["theme"], phrases),
                units.get(figure["theme"]),
                phrases,
            ),
            value=phrases.number(
                figure["value"], 0 if figure["quantity"] in ("facilities", "places") else 1
            ),
            source=illustrative if figure["illustrative"] else sources.get(figure["theme"], ""),
        )
        for figure in theme_figures(own).to_dict("records")
    )


def _dated(source: object, date: object) -> str:
    known = [str(part) for part in (source, date) if pd.notna(part) and part]
    return ", ".join(known)
