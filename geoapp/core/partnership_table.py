"""The table of partnerships: what their members amount to together, and what is missing in it."""

from __future__ import annotations

import pandas as pd

from geoapp.core.atlas import Atlas
from geoapp.core.choice import Choice
from geoapp.core.collation import collation_key
from geoapp.core.partnership import Partnership
from geoapp.core.phrases import Phrases, mark
from geoapp.core.profile import profile_partnership, total
from geoapp.core.table import Column, Table, figure_name, marked_heading

_ADDED_UP = ("length_km", "facilities", "places")
_FACT_COLUMNS = {
    "name": mark("Partnership"),
    "members": mark("Known members"),
    "declared": mark("Declared members"),
    "population": mark("Residents"),
    "area_ha": mark("Official area (ha)"),
    "at_risk": mark("Members at risk of marginalisation"),
}
_INCOMPLETE = mark("Sums that leave out members whose figure is unknown")


def partnership_rows(atlas: Atlas, choice: Choice, phrases: Phrases) -> Table:
    """Return a row for each chosen partnership, by name in the order of the language.

    Lengths, facilities and places are added up over the members, places per 1,000 residents
    worked out from the members where both are known. What is unknown is left out of a sum, never
    counted as zero; the last column tells of which sums, with the members they know.
    """
    wanted = {found.id for found in atlas.partnerships}.intersection(choice.partnerships)
    chosen = [found for found in atlas.partnerships if found.id in wanted or not wanted]
    figures = atlas.joined_figures
    units = {member.unit for found in chosen for member in found.members}
    keys = _shown(atlas, figures, units)
    records = {found.id: _record(atlas, found, figures, keys, phrases) for found in chosen}
    names = {found.id: found.name(phrases.language, short=True) for found in chosen}
    slugs = [*_FACT_COLUMNS, *(_slug(key) for key in keys), "incomplete"]
    rows = pd.DataFrame.from_dict(records, orient="index", columns=slugs)
    order = sorted(records, key=lambda slug: collation_key(names[slug], phrases.language))
    facts = [
        Column(slug, phrases.gettext(text), "text" if slug == "name" else "number")
        for slug, text in _FACT_COLUMNS.items()
    ]
    sums = [
        Column(_slug(key), _heading(atlas, key, figures, units, phrases), "number", 1)
        for key in keys
    ]
    last = Column("incomplete", phrases.gettext(_INCOMPLETE))
    return Table(rows.reindex(order), (*facts, *sums, last))


Key = tuple[str, str, str]
"""Theme, layer (empty for all of a theme) and quantity."""


def _shown(atlas: Atlas, figures: pd.DataFrame, units: set[str | None]) -> list[Key]:
    known = figures[figures["unit"].isin(units) & figures["value"].notna()]
    found = set(zip(known["theme"], known["layer"], known["quantity"], strict=True))
    themes = list(dict.fromkeys(layer.spec.theme for layer in atlas.themes))
    quantities = (*_ADDED_UP, "places_per_1000")
    kept = [key for key in found if key[2] in quantities]
    return sorted(kept, key=lambda key: (themes.index(key[0]), quantities.index(key[2]), key[1]))


def _record(
    atlas: Atlas,
    partnership: Partnership,
    figures: pd.DataFrame,
    keys: list[Key],
    phrases: Phrases,
) -> dict[str, object]:
    profile = profile_partnership(partnership, atlas.municipalities, atlas.statuses)
    units = [member.unit for member in partnership.members if member.unit]
    own = figures[figures["unit"].isin(units)]
    declared = profile.declared.members
    record: dict[str, object] = {
        "name": partnership.name(phrases.language, short=True),
        "members": float(profile.members_known),
        "declared": None if declared is None else declared.value,
        "population": profile.population.value,
        "area_ha": profile.area_official_ha.value,
        "at_risk": float(profile.statuses.get("at-risk", 0)),
    }
    incomplete = []
    for key in keys:
        values = _values(own, key).reindex(units)
        record[_slug(key)], known = _joined(atlas, own, key, values)
        if 0 < known < len(units):
            name = figure_name(atlas, key[0], key[1], key[2], phrases)
            incomplete.append(f"{name}: {known}/{len(units)}")
    return {**record, "incomplete": "; ".join(incomplete)}


def _joined(
    atlas: Atlas, own: pd.DataFrame, key: Key, values: pd.Series
) -> tuple[float | None, int]:
    """Return the figure of a partnership and how many members' values are in it."""
    if key[2] in _ADDED_UP:
        added = total(values)
        return added.value, added.known
    places = _values(own, (key[0], key[1], "places")).reindex(values.index)
    residents = atlas.municipalities["population"].reindex(values.index).where(values.notna())
    if not residents.sum():
        return None, 0
    return float(1000 * places.where(values.notna()).sum() / residents.sum()), total(values).known


def _values(figures: pd.DataFrame, key: Key) -> pd.Series:
    chosen = (
        (figures["theme"] == key[0])
        & (figures["layer"] == key[1])
        & (figures["quantity"] == key[2])
    )
    return figures[chosen].set_index("unit")["value"]


def _heading(
    atlas: Atlas, key: Key, figures: pd.DataFrame, units: set[str | None], phrases: Phrases
) -> str:
    heading = figure_name(atlas, key[0], key[1], key[2], phrases)
    own = figures[
        (figures["theme"] == key[0])
        & (figures["quantity"] == key[2])
        & figures["unit"].isin(units)
        & figures["value"].notna()
    ]
    return marked_heading(heading, own["illustrative"].astype(bool), phrases)


def _slug(key: Key) -> str:
    return f"{key[1] or key[0]}:{key[2]}"
