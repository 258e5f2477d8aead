"""What a reader has chosen to see: the whole state of the map, and of its address."""

from __future__ import annotations

from geoapp.core.grouping import GroupBy
from geoapp.core.value import Value


class Choice(Value):
    """The choices on the map; slugs and unit keys only, never names.

    Attributes
    ----------
    partnerships
        Ids; empty means all.
    group_by
        What the colours stand for.
    layers
        Slugs of the theme layers that are switched on.
    selected
        Unit key of the selected municipality.
    base_map
        Slug of the background; None: no foreign request is made.
    """

    partnerships: tuple[str, ...] = ()
    group_by: GroupBy = "partnership"
    layers: tuple[str, ...] = ()
    selected: str | None = None
    base_map: str | None = None
