"""The legend of grouped municipalities: it says exactly what the map shows, and how many."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from geoapp.core.atlas import Atlas
from geoapp.core.grouping import GroupBy
from geoapp.core.mapspec import LegendGroup, LegendItem, Style
from geoapp.core.palette import NEUTRAL, group_style, overlap_style, partnership_style
from geoapp.core.palette import uncertain_style as uncertain_style_of
from geoapp.core.partnership import ROLES
from geoapp.core.phrases import Phrases
from geoapp.core.status import STATUSES
from geoapp.core.vocabulary import GROUPING_NAMES, group_name


@dataclass(frozen=True)
class Grouped:
    """The chosen municipalities and their groups.

    ``memberships`` are the rows of the chosen partnerships, ``groups`` the tuples of group slugs
    by unit key, as `geoapp.core.grouping.group_municipalities` returns them.
    """

    by: GroupBy
    memberships: pd.DataFrame
    groups: pd.Series

    @cached_property
    def counts(self) -> dict[str, int]:
        """Municipalities in each group; one that is in two groups counts in both."""
        every = [slug for found in self.groups for slug in found]
        ranked = {
            "role": ROLES,
            "status": STATUSES,
            "partnership": tuple(self.memberships["partnership"].unique()),
        }.get(self.by, tuple(dict.fromkeys(every)))
        return {slug: every.count(slug) for slug in ranked if slug in every}

    @cached_property
    def uncertain(self) -> frozenset[str]:
        """Units none of whose memberships is certain."""
        certain = self.memberships.loc[self.memberships["certainty"] == "certain", "unit"]
        return frozenset(self.memberships["unit"]) - frozenset(certain)


def group_label(atlas: Atlas, by: str, slug: str, phrases: Phrases) -> str:
    """Return the name of a group in the reader's language."""
    if by == "partnership":
        return atlas.partnership(slug).name(phrases.language, short=True)
    return group_name(by, slug, phrases)


def group_styles(atlas: Atlas, grouped: Grouped) -> dict[str, Style]:
    """Return the style of each group; a partnership keeps its own whatever else is chosen."""
    if grouped.by == "partnership":
        order = {partnership.id: place for place, partnership in enumerate(atlas.partnerships)}
        return {slug: partnership_style(order[slug]) for slug in grouped.counts}
    return {slug: group_style(grouped.by, slug) for slug in grouped.counts}


def group_legend(atlas: Atlas, grouped: Grouped, phrases: Phrases) -> LegendGroup:
    """Return the legend of the groups, and of what is marked besides."""
    styles = group_styles(atlas, grouped)
    items = [
        LegendItem(
            label=group_label(atlas, grouped.by, slug, phrases),
            style=styles[slug],
            note=phrases.ngettext("{n} municipality", "{n} municipalities", count),
        )
        for slug, count in grouped.counts.items()
    ]
    marks = [
        LegendItem(
            label=label,
            style=style,
            note=phrases.ngettext("{n} municipality", "{n} municipalities", count),
        )
        for label, style, count in _marks(atlas, grouped, styles, phrases)
        if count
    ]
    return LegendGroup(title=phrases.gettext(GROUPING_NAMES[grouped.by]), items=(*items, *marks))


def _marks(
    atlas: Atlas, grouped: Grouped, styles: dict[str, Style], phrases: Phrases
) -> list[tuple[str, Style, int]]:
    several = [found for found in grouped.groups if len(found) > 1]
    overlap = overlap_style(*(styles[slug] for slug in several[0][:2])) if several else NEUTRAL
    unknown = NEUTRAL.model_copy(update={"fill": None})
    others = atlas.memberships["unit"].nunique() - len(grouped.groups)
    if atlas.context:
        others += atlas.context.features
    return [
        (phrases.gettext("In several groups (stripes in both colours)"), overlap, len(several)),
        (
            phrases.gettext("Membership not certain (dashed outline)"),
            uncertain_style_of(unknown),
            len(grouped.uncertain),
        ),
        (phrases.gettext("Other municipalities"), NEUTRAL, others),
    ]
