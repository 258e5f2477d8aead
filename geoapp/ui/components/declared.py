"""A declared partnership held against functional areas."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from geoapp.core.atlas import Atlas
from geoapp.core.collation import collation_key
from geoapp.core.flowspec import FlowSpec
from geoapp.core.functional.declared import Comparison, compare_partnership, join_and_leave
from geoapp.core.functional_words import VERDICT_NAMES
from geoapp.text import Text
from geoapp.ui import cache
from geoapp.ui.markup import plain
from geoapp.workspace.delineating import FunctionalAreas


def declared_section(atlas: Atlas, flows: FlowSpec, found: FunctionalAreas, text: Text) -> None:
    """Draw the choice of a partnership and how it fares against the areas."""
    st.subheader(text.gettext("A declared partnership against the areas"), anchor=False)
    members = _members_with_flows(atlas, found)
    if not members:
        st.markdown(
            plain(text.gettext("No partnership has two members that the flow table knows."))
        )
        return
    names = {slug: atlas.partnership(slug).name(text.language) for slug in members}
    slug = st.selectbox(
        text.gettext("Partnership"),
        sorted(names, key=lambda slug: collation_key(names[slug], text.language)),
        format_func=lambda slug: names.get(slug, slug),
        key="declared",
    )
    table = cache.flow_table(flows.slug)
    compared = compare_partnership(table, found.delineation, members[slug])
    municipalities = atlas.names
    lost = [unit for unit in members[slug] if unit not in found.units.index]
    st.markdown(plain(_in_words(compared, lost, municipalities, text)))
    st.table(_members_table(compared, municipalities, text), hide_index=True)
    heading = text.gettext("If one municipality joins or leaves")
    st.markdown(f"**{plain(heading)}**")
    changes = join_and_leave(table, members[slug], candidates=compared.belonging_neighbours)
    st.table(_changes_table(changes, municipalities, text), hide_index=True)


def _members_with_flows(atlas: Atlas, found: FunctionalAreas) -> dict[str, list[str]]:
    """Return the units of the partnerships of which at least two are in the flow table."""
    grouped = atlas.memberships.groupby("partnership", sort=False)["unit"]
    members = {str(slug): list(dict.fromkeys(units)) for slug, units in grouped}
    known = set(found.units.index)
    return {slug: units for slug, units in members.items() if len(known.intersection(units)) > 1}


def _in_words(compared: Comparison, lost: list[str], names: dict[str, str], text: Text) -> str:
    areas = ", ".join(names.get(area, area) for area in compared.areas)
    supply, demand = compared.containment.supply, compared.containment.demand
    belonging = text.gettext("Most of the members' employed residents live in the area of {areas}.")
    outside = text.gettext("None of the members belongs to an area.")
    told = [
        belonging.format(areas=areas) if areas else outside,
        text.gettext(
            "{supply} % of the members' employed residents work inside the partnership; "
            "{demand} % of its jobs are held by its residents."
        ).format(supply=_percent(supply, text), demand=_percent(demand, text)),
    ]
    if lost:
        left_out = text.gettext("Members without any flow in the table are left out: {codes}.")
        told.append(left_out.format(codes=", ".join(names.get(unit, unit) for unit in lost)))
    return " ".join(told)


def _members_table(compared: Comparison, names: dict[str, str], text: Text) -> pd.DataFrame:
    headings = [
        text.gettext("Municipality"),
        text.gettext("Against the area"),
        text.gettext("Outflow to members (%)"),
        text.gettext("Inflow from members (%)"),
        text.gettext("Weakly linked"),
    ]
    verdicts = {verdict: text.gettext(name) for verdict, name in VERDICT_NAMES.items()}
    rows = [
        [
            plain(names.get(str(unit), str(unit))),
            verdicts[row["verdict"]],
            _percent(row["out_share"], text),
            _percent(row["in_share"], text),
            text.gettext("yes") if row["weak"] else text.gettext("no"),
        ]
        for unit, row in compared.table.iterrows()
    ]
    return pd.DataFrame(rows, columns=headings)


def _changes_table(changes: pd.DataFrame, names: dict[str, str], text: Text) -> pd.DataFrame:
    words = {"joins": text.gettext("joins"), "leaves": text.gettext("leaves")}
    headings = [
        text.gettext("Municipality"),
        text.gettext("Change"),
        text.gettext("Residents who work inside (%)"),
        text.gettext("Jobs held by residents (%)"),
    ]
    rows = [
        [
            plain(names.get(str(unit), str(unit))),
            words[row["change"]],
            f"{_percent(row['supply'], text)} ({_signed(row['supply_change'], text)})",
            f"{_percent(row['demand'], text)} ({_signed(row['demand_change'], text)})",
        ]
        for unit, row in changes.iterrows()
    ]
    return pd.DataFrame(rows, columns=headings)


def _percent(share: float | None, text: Text) -> str:
    return text.number(None if share is None else 100 * share, 1)


def _signed(change: float | None, text: Text) -> str:
    written = _percent(change, text)
    return f"+{written}" if change is not None and change > 0 else written
