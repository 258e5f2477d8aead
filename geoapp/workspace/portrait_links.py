"""The functional links that a portrait lists, and what they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from geoapp.core.atlas import Atlas
from geoapp.core.functional.links import Links
from geoapp.core.functional_words import (
    LinkLine,
    confidence_words,
    link_lines,
    missing_words,
    note_words,
)
from geoapp.core.partnership import Partnership
from geoapp.text import Text
from geoapp.workspace.linking import located, municipal_links, real_borders
from geoapp.workspace.opening import Workspace
from geoapp.workspace.reach import load_reach

_MOST_LINKED = 24
_LINKS_OF_EACH = 3


def portrait_links(
    workspace: Workspace, atlas: Atlas, partnership: Partnership, text: Text, store: Path
) -> tuple[dict[str, list[LinkLine]], tuple[str, ...]]:
    """Return the links of members to stronger municipalities, and what they rest on.

    Of many members those at risk of marginalisation come first, up to `_MOST_LINKED`.
    """
    seats = located(workspace.municipalities)
    statuses = atlas.statuses["status"].to_dict()
    units = [member.unit for member in partnership.members if member.unit in seats]
    units.sort(key=lambda unit: statuses.get(unit) != "at-risk")
    if len(seats) < 2:
        return {}, ()
    real, reach = real_borders(workspace, store=store), load_reach(workspace)
    found = {
        unit: municipal_links(workspace, unit, real, reach, store=store)
        for unit in units[:_MOST_LINKED]
        if unit is not None
    }
    told = {
        unit: link_lines(links, atlas.names, text, stronger=True, most=_LINKS_OF_EACH)
        for unit, links in found.items()
    }
    return told, _assurances(text, list(found.values()), len(units) - len(found))


def _assurances(text: Text, found: Sequence[Links], left_out: int) -> tuple[str, ...]:
    """Return what the links rest on, each sentence once."""
    sure = {confidence_words(links, text) for links in found}
    sentences = [
        text.ngettext(
            "The links of {n} more member are not listed.",
            "The links of {n} more members are not listed.",
            left_out,
        )
        if left_out
        else "",
        *(missing_words(links, text) for links in found),
        *(note_words(note, text) for links in found for note in links.notes),
        *(sure if len(sure) == 1 else ()),
    ]
    return tuple(dict.fromkeys(sentence for sentence in sentences if sentence))
