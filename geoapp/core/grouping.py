"""Municipalities grouped: by partnership, status, role or country."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

import pandas as pd

from geoapp.core.codes import country_of
from geoapp.core.partnership import ROLES, Partnership
from geoapp.core.status import STATUSES

GroupBy = Literal["partnership", "status", "role", "country"]

GROUPINGS: tuple[GroupBy, ...] = ("partnership", "status", "role", "country")
MEMBERSHIP_COLUMNS = (
    "partnership",
    "unit",
    "code",
    "name",
    "role",
    "group",
    "since",
    "until",
    "certainty",
    "source",
    "note",
)


def list_memberships(partnerships: Sequence[Partnership]) -> pd.DataFrame:
    """Return one row for each municipality in each partnership; columns `MEMBERSHIP_COLUMNS`.

    Members that are no municipality are left out; see `geoapp.core.profile`. A municipality in
    several partnerships has several rows. ``source`` is that of the partnership where a member
    names none.
    """
    records = [
        (
            partnership.id,
            member.unit,
            member.code,
            member.name,
            member.role,
            member.group or "",
            member.since or "",
            member.until or "",
            member.certainty,
            member.source or partnership.source,
            member.note,
        )
        for partnership in partnerships
        for member in partnership.members
        if member.unit
    ]
    return pd.DataFrame(records, columns=list(MEMBERSHIP_COLUMNS))


def choose_memberships(
    memberships: pd.DataFrame, partnerships: Collection[str] | None
) -> pd.DataFrame:
    """Return the rows of the chosen partnerships; ``None`` or an empty choice means all."""
    if not partnerships:
        return memberships
    return memberships[memberships["partnership"].isin(list(partnerships))]


def group_municipalities(
    by: GroupBy, memberships: pd.DataFrame, statuses: pd.DataFrame
) -> pd.Series:
    """Return the groups of every municipality that has a membership.

    Parameters
    ----------
    by
        What to group by.
    memberships
        Rows as from `list_memberships`, already limited to the chosen partnerships.
    statuses
        As from `geoapp.core.status.resolve_statuses`; a municipality that is not in it is
        ``unknown``.

    Returns
    -------
    pandas.Series
        Indexed by unit key in order of first appearance, values are tuples of group slugs without
        repetition. More than one element: the municipality belongs to several groups. Roles come
        in the order of `ROLES`, so that the first one matters most.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"unit": ["241711", "241711"], "partnership": ["a", "b"],
    ...                      "role": ["member", "at-risk"]})
    >>> group_municipalities("role", rows, pd.DataFrame({"status": []}))["241711"]
    ('at-risk', 'member')
    """
    if by == "country":
        labels = memberships["unit"].map(country_of)
    elif by == "status":
        # few municipalities are members; a country has thousands of others
        known = statuses["status"].reindex(memberships["unit"].unique()).dropna().to_dict()
        labels = memberships["unit"].map(lambda unit: known.get(unit, "unknown"))
    else:
        labels = memberships[by]
    ranked = {"role": ROLES, "status": STATUSES}.get(by, ())
    order = {slug: place for place, slug in enumerate(ranked)}

    def distinct(found: pd.Series) -> tuple[str, ...]:
        return tuple(sorted(dict.fromkeys(found), key=lambda slug: order.get(slug, 0)))

    groups = {
        unit: distinct(found) for unit, found in labels.groupby(memberships["unit"], sort=False)
    }
    return pd.Series(groups, dtype=object, name=by)


def overlapping(memberships: pd.DataFrame) -> pd.Series:
    """Return the partnerships of each municipality that is in more than one, by unit key."""
    together = group_municipalities("partnership", memberships, pd.DataFrame({"status": []}))
    return together[together.map(len) > 1]
