"""A form that adds a file of the reader's to the workspace."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from geoapp.core.phrases import mark
from geoapp.core.vocabulary import THEME_NAMES
from geoapp.errors import FileRefusedError, RefusedError
from geoapp.text import Text
from geoapp.ui import workspace_files
from geoapp.ui.components.problems import problem_lines
from geoapp.ui.markup import plain
from geoapp.workspace.uploading import UPLOAD_MEGABYTES, UPLOAD_SUFFIXES, Said
from geoapp.workspace.writing import Added

_CHECKING = mark("Checking the file")
_WRITING = mark("Writing the layer")
_STEPS = {
    "checking": _CHECKING,
    "reading": mark("Reading the file"),
    "taking over": mark("Reading the file"),
    "checking the layer": mark("Checking the layer"),
    "writing": _WRITING,
}


def upload_section(text: Text) -> None:
    """Draw the form, and add what was sent; the rest of the page then shows the new layer."""
    st.subheader(text.gettext("Add a file"), anchor=False)
    st.markdown(
        plain(
            text.gettext(
                "The file is checked before it is used. It becomes part of this workspace for "
                "everybody who opens it."
            )
        )
    )
    with st.form("upload", clear_on_submit=True):
        sent = st.file_uploader(
            text.gettext("File"),
            type=list(UPLOAD_SUFFIXES),
            key="upload-file",
            max_upload_size=UPLOAD_MEGABYTES,
        )
        theme = st.selectbox(
            text.gettext("What it holds"),
            ["boundaries", *THEME_NAMES],
            format_func=lambda slug: _theme_label(slug, text),
            key="upload-theme",
        )
        source = st.text_input(text.gettext("Source"), key="upload-source").strip()
        licence = st.text_input(text.gettext("Licence"), key="upload-licence").strip()
        date = st.text_input(
            text.gettext("Date"), placeholder="2025-01-31", key="upload-date"
        ).strip()
        replace = st.checkbox(text.gettext("Replace the present layer"), key="upload-replace")
        submitted = st.form_submit_button(text.gettext("Add the file"))
    if submitted and sent is None:
        st.error(text.gettext("Choose a file first."))
    elif submitted and sent is not None:
        said = Said(source=source or None, licence=licence or None, date=date or None)
        _add(sent, theme, said, text, replace=replace)


def _add(sent: UploadedFile, theme: str, said: Said, text: Text, *, replace: bool) -> None:
    bar = st.progress(0.0, text.gettext(_CHECKING))

    def progress(done: int, total: int, item: str = "", /) -> None:
        bar.progress(done / max(total, 1), text.gettext(_STEPS.get(item, _WRITING)))

    try:
        added = workspace_files.add_uploaded(
            sent.name,
            sent.getvalue(),
            theme=theme,
            said=said,
            replace=replace,
            progress=progress,
        )
    except FileRefusedError as error:
        st.error(f"**{plain(error.problem.file)}**: {plain(text.problem(error.problem))}")
    except RefusedError as error:
        st.error(plain(str(error)))
    else:
        _tell(added, text)
    finally:
        bar.empty()


def _tell(added: Added, text: Text) -> None:
    kept, read = text.number(added.report.features_kept), text.number(added.report.features_read)
    told = text.gettext("Added: {name}. Features used: {kept} of {read}.")
    st.success(plain(told.format(name=added.spec.name(text.language), kept=kept, read=read)))
    if added.report.problems:
        found = [problem.problem() for problem in added.report.problems]
        st.warning(problem_lines(found, text))


def _theme_label(slug: str, text: Text) -> str:
    if slug == "boundaries":
        return text.gettext("Municipal boundaries")
    return text.gettext(THEME_NAMES[slug])
