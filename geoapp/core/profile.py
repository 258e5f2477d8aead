"""The profile of a partnership: what it declares against what can be computed."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from geoapp.core.partnership import Declared, Member, Partnership
from geoapp.core.value import Value


class Total(Value):
    """A sum over members, with how many of them are in it and whose value is unknown."""

    value: float | None
    known: int
    missing: int

    @property
    def complete(self) -> bool:
        """Whether every member's value is in the sum."""
        return self.missing == 0


class Profile(Value):
    """Computed figures of a partnership beside its declared ones; areas in hectares.

    ``area_official_ha`` adds up the official areas of the members, ``area_computed_ha`` those
    measured on real boundaries (never on schematic ones).
    """

    id: str
    members_known: int
    other_members: tuple[Member, ...]
    declared: Declared
    population: Total
    area_official_ha: Total
    area_computed_ha: Total
    roles: Mapping[str, int]
    statuses: Mapping[str, int]

    @property
    def members_missing(self) -> int | None:
        """How many declared members are not known by name; None where nothing is declared."""
        if self.declared.members is None:
            return None
        return max(int(self.declared.members.value) - self.members_known, 0)


def profile_partnership(
    partnership: Partnership, municipalities: pd.DataFrame, statuses: pd.DataFrame
) -> Profile:
    """Return the profile of a partnership.

    Parameters
    ----------
    partnership
        With its groups resolved.
    municipalities
        Indexed by unit key; ``population``, ``area_ha`` (official) and ``area_computed_ha``,
        missing where unknown.
    statuses
        As from `geoapp.core.status.resolve_statuses`.
    """
    units = [member.unit for member in partnership.members if member.unit]
    table = municipalities.reindex(units)
    status = statuses["status"].reindex(units).fillna("unknown")
    roles = pd.Series([member.role for member in partnership.members if member.unit], dtype=object)
    return Profile(
        id=partnership.id,
        members_known=len(units),
        other_members=tuple(member for member in partnership.members if not member.unit),
        declared=partnership.declared,
        population=total(table["population"]),
        area_official_ha=total(table["area_ha"]),
        area_computed_ha=total(table["area_computed_ha"]),
        roles={str(role): int(count) for role, count in roles.value_counts().items()},
        statuses={str(slug): int(count) for slug, count in status.value_counts().items()},
    )


def total(values: pd.Series) -> Total:
    """Add up what is known; unknown is counted, never taken for zero.

    >>> import pandas as pd
    >>> total(pd.Series([1.5, None, 2.0]))
    Total(value=3.5, known=2, missing=1)
    >>> total(pd.Series([None, None], dtype="float64")).value is None
    True
    """
    known = values.dropna()
    return Total(
        value=float(known.sum()) if len(known) else None,
        known=len(known),
        missing=len(values) - len(known),
    )
