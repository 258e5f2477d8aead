"""The parts of a partnership's profile."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from geoapp.core.atlas import Atlas
from geoapp.core.collation import collation_key
from geoapp.core.dates import date_text
from geoapp.core.partnership import Figure, Partnership
from geoapp.core.profile import Profile, Total, profile_partnership
from geoapp.core.vocabulary import KIND_NAMES, ROLE_NAMES, STATUS_NAMES
from geoapp.text import UNKNOWN, Text
from geoapp.ui import state
from geoapp.ui.markup import plain


def choose_partnership(atlas: Atlas, text: Text) -> Partnership | None:
    """Draw the choice of a partnership and return it; None where the registry is empty."""
    names = {found.id: found.name(text.language) for found in atlas.partnerships}
    if not names:
        st.title(text.gettext("Partnership"), anchor=False)
        st.info(plain(text.gettext("This workspace has no partnerships.")))
        return None
    order = sorted(names, key=lambda slug: collation_key(names[slug], text.language))
    chosen = [slug for slug in state.choice().partnerships if slug in names] or order
    slug = st.selectbox(
        text.gettext("Partnership"),
        order,
        format_func=lambda slug: names.get(slug, slug),
        key=state.offer("profile", chosen[0]),
        on_change=state.take,
        args=("partnerships", "profile", lambda slug: (slug,)),
    )
    return atlas.partnership(slug)


def introduction(partnership: Partnership, text: Text) -> None:
    """Draw name, kind, description and source."""
    st.title(plain(partnership.name(text.language)), anchor=False)
    kind = text.gettext(KIND_NAMES[partnership.kind])
    as_of = text.gettext("as of {date}").format(date=date_text(partnership.as_of, text))
    st.caption(plain(f"{kind} · {as_of}"))
    if about := partnership.description.get(text.language):
        st.markdown(plain(about))
    for group in partnership.groups:
        if note := group.note.get(text.language):
            st.info(plain(f"{group.names.get(text.language, group.slug)}: {note}"))
    source = text.gettext("Source: {source}").format(source=partnership.source)
    st.caption(plain(source))


def comparison(atlas: Atlas, partnership: Partnership, text: Text) -> None:
    """Draw declared figures beside the official and the measured ones."""
    profile = profile_partnership(partnership, atlas.municipalities, atlas.statuses)
    st.subheader(text.gettext("Declared against computed"), anchor=False)
    headings = [
        text.gettext("Figure"),
        text.gettext("Declared"),
        text.gettext("From official figures"),
        text.gettext("Measured on real borders"),
    ]
    rows = [
        (
            text.gettext("Member municipalities"),
            _declared(profile.declared.members, text),
            text.number(profile.members_known),
            UNKNOWN,
        ),
        (
            text.gettext("Residents"),
            _declared(profile.declared.population, text),
            _total(profile.population, text),
            UNKNOWN,
        ),
        (
            text.gettext("Area (ha)"),
            _declared(profile.declared.area_ha, text),
            _total(profile.area_official_ha, text),
            _total(profile.area_computed_ha, text),
        ),
    ]
    st.table(
        pd.DataFrame([[plain(cell) for cell in row] for row in rows], columns=headings),
        hide_index=True,
    )
    for line in _remarks(profile, text):
        st.caption(plain(line))


def member_counts(atlas: Atlas, partnership: Partnership, text: Text) -> None:
    """Draw how many members have which role and status, and who else belongs to it."""
    profile = profile_partnership(partnership, atlas.municipalities, atlas.statuses)
    st.subheader(text.gettext("Members by role and status"), anchor=False)
    _counts(profile.roles, ROLE_NAMES, text)
    _counts(profile.statuses, STATUS_NAMES, text)
    for member in profile.other_members:
        told = text.gettext("Also a member, without municipal territory: {name} ({role})").format(
            name=member.name, role=text.gettext(ROLE_NAMES[member.role])
        )
        st.markdown(f"- {plain(told)}")


def _counts(counts: Mapping[str, int], names: Mapping[str, str], text: Text) -> None:
    st.markdown(
        "\n".join(
            f"- {plain(text.gettext(name))}: **{text.number(counts[slug])}**"
            for slug, name in names.items()
            if slug in counts
        )
    )


def _declared(figure: Figure | None, text: Text) -> str:
    return UNKNOWN if figure is None else text.number(figure.value)


def _total(total: Total, text: Text) -> str:
    return text.number(total.value)


def _remarks(profile: Profile, text: Text) -> list[str]:
    told = []
    if profile.members_missing:
        told.append(
            text.ngettext(
                "{n} declared member is not known by name.",
                "{n} declared members are not known by name.",
                profile.members_missing,
            )
        )
    for total, label in (
        (profile.population, text.gettext("Residents")),
        (profile.area_official_ha, text.gettext("Official area (ha)")),
        (profile.area_computed_ha, text.gettext("Area measured on the borders (ha)")),
    ):
        if total.missing:
            counted = text.ngettext(
                "unknown for {n} municipality, which is not in the sum",
                "unknown for {n} municipalities, which are not in the sum",
                total.missing,
            )
            told.append(f"{label}: {counted}")
    declared = profile.declared
    for figure, label in (
        (declared.members, text.gettext("Member municipalities")),
        (declared.population, text.gettext("Residents")),
        (declared.area_ha, text.gettext("Area (ha)")),
    ):
        if figure is not None:
            date = date_text(figure.date, text)
            note = f"; {figure.note}" if figure.note else ""
            told.append(
                text.gettext("{name}, declared: {source}").format(
                    name=label, source=f"{figure.source}, {date}{note}"
                )
            )
    return told
