"""One run of the app: page set-up, language, navigation, and one net for the errors we raise."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from geoapp.errors import GeoappError
from geoapp.text import LANGUAGE_NAMES, LANGUAGES, Text
from geoapp.ui import permalink, state
from geoapp.ui.markup import plain

PAGES = Path(__file__).parent / "pages"

# Streamlit leaves wide margins, which a map needs more than they do.
_STYLE = """<style>
.stMainBlockContainer { padding: 3.2rem 2rem 3rem; }
/* the faded captions of the framework are too faint to read (WCAG 1.4.3) */
[data-testid="stCaptionContainer"] { opacity: 1 !important; }
[data-tag] { background-color: #0b5a9d !important; color: #fff !important; }
.stButtonGroup button { height: auto; min-height: 2rem; padding: 0.2rem 0.8rem; }
.stButtonGroup button p { white-space: normal; text-align: left; line-height: 1.3; }
.st-key-card li { margin: 0; }
.st-key-card ul { margin-bottom: 0.3rem; padding-left: 1.1rem; }
@media (min-width: 641px) { .st-key-card { max-height: 560px; overflow-y: auto; } }
@media (max-width: 640px) { .stMainBlockContainer { padding: 3.2rem 0.75rem 2rem; } }
</style>"""


def run() -> None:
    """Run the script of the app once."""
    permalink.adopt()
    text = state.text()
    st.set_page_config(page_title="geoapp", layout="wide")
    st.html(_STYLE)
    page = st.navigation(_pages(text))
    _language_control(text)
    try:
        page.run()
    except GeoappError as error:
        st.error(plain(str(error)))
    permalink.publish()


def _pages(text: Text) -> list[st.Page]:
    titles = {
        "map": text.gettext("Map"),
        "partnership": text.gettext("Partnership"),
        "functional": text.gettext("Functional areas"),
        "scenes": text.gettext("Scenes"),
        "data": text.gettext("Data"),
        "about": text.gettext("About"),
    }
    return [
        st.Page(PAGES / f"{slug}.py", title=title, url_path=slug, default=slug == "map")
        for slug, title in titles.items()
    ]


def _language_control(text: Text) -> None:
    with st.sidebar:
        st.segmented_control(
            text.gettext("Language"),
            LANGUAGES,
            format_func=lambda language: LANGUAGE_NAMES[language],
            key=state.offer("language", text.language),
            on_change=state.take_language,
            required=True,
        )
