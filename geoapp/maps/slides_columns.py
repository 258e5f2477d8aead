"""What of the table of municipalities stands on slides, where a room must read it at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, zip_longest

from geoapp.core.atlas import Atlas
from geoapp.core.building import group_choice
from geoapp.core.choice import Choice
from geoapp.core.phrases import Phrases
from geoapp.core.table import Column, Table, municipality_rows
from geoapp.maps.slides_table import COLUMNS

_FEW_FIGURES, _MOST_FIGURES = 2, 4


def readable_rows(atlas: Atlas, choice: Choice, phrases: Phrases) -> tuple[Table, tuple[str, ...]]:
    """Return the municipalities of a choice for slides, and a note on columns that are left out.

    They tell what the map is grouped by: the role or, of several partnerships, which of them.
    """
    whole = municipality_rows(atlas, group_choice(atlas, choice), phrases)
    shown = [layer.spec for layer in atlas.themes if layer.spec.slug in choice.layers]
    membership = "roles" if len(choice.partnerships) == 1 else "partnerships"
    group = {"role": "roles", "country": "country"}.get(choice.group_by, membership)
    themes = [slug for spec in shown for slug in (spec.theme, spec.slug)]
    columns = readable_columns(whole.columns, group, themes)
    rest = [column.heading for column in whole.columns if column not in columns]
    told = phrases.gettext("Also known, and in the workbook (XLSX) of this map: {names}.")
    return Table(whole.rows, columns), (told.format(names="; ".join(rest)),) if rest else ()


def readable_columns(
    columns: Sequence[Column], group: str, themes: Sequence[str]
) -> tuple[Column, ...]:
    """Return at most `COLUMNS` columns of municipalities, which a room can read at once.

    The name, ``group``, residents, status and area; and of each theme on the map a figure, of one
    or two themes up to two. Where there are more figures, first the area and then the status is
    left out.

    Parameters
    ----------
    columns
        As of `geoapp.core.table.municipality_rows`.
    group
        Slug of the column that tells what the map is grouped by.
    themes
        Slugs with which those of their figures begin, before a colon.
    """
    found = [
        [column.slug for column in columns if column.slug.startswith(f"{theme}:")]
        for theme in dict.fromkeys(themes)
    ]
    known = [slugs for slugs in found if slugs]
    # a figure of each theme comes before a second one of any
    figures = [slug for slug in chain.from_iterable(zip_longest(*known)) if slug]
    figures = figures[: min(max(len(known), _FEW_FIGURES), _MOST_FIGURES)]
    facts = list(dict.fromkeys(("name", group, "population", "status", "area_ha")))
    kept = {*facts[: COLUMNS - len(figures)], *figures}
    return tuple(column for column in columns if column.slug in kept)
