"""The parts of a partnership's profile."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from geoapp.core.atlas import Atlas
from geoapp.core.collation import collation_key
from geoapp.core.dates import date_text
from geoapp.core.partnership import Partnership
from geoapp.core.profile import profile_partnership
from geoapp.core.profile_words import profile_headings, profile_remarks, profile_rows
from geoapp.core.vocabulary import KIND_NAMES, ROLE_NAMES, STATUS_NAMES
from geoapp.text import Text
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
    rows = [[plain(cell) for cell in row] for row in profile_rows(profile, text)]
    st.table(pd.DataFrame(rows, columns=list(profile_headings(text))), hide_index=True)
    for line in profile_remarks(profile, text):
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
