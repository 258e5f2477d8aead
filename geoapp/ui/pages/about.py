"""What the app is, how its numbers are made, accessibility, licences."""

from __future__ import annotations

import streamlit as st

from geoapp import __version__
from geoapp.ui import state
from geoapp.ui.components.statements import ACCESSIBILITY, LICENCES, METHOD, PURPOSE
from geoapp.ui.markup import plain

text = state.text()
st.title(text.gettext("About"), anchor=False)
for heading, paragraphs in (PURPOSE, METHOD, ACCESSIBILITY, LICENCES):
    st.subheader(text.gettext(heading), anchor=False)
    for paragraph in paragraphs:
        st.markdown(plain(text.gettext(paragraph)))
st.caption(plain(text.gettext("Version {version}").format(version=__version__)))
