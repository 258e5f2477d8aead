"""What was found wrong in the workspace, where a reader meets it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from geoapp.errors import Problem
from geoapp.text import Text
from geoapp.ui.markup import plain

_MOST_SHOWN = 5


def problem_banner(problems: Sequence[Problem], text: Text) -> None:
    """Tell what could not be used; the rest of the page works without it."""
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        heading = text.ngettext(
            "{n} problem in the data of this workspace; what it concerns is left out.",
            "{n} problems in the data of this workspace; what they concern is left out.",
            len(errors),
        )
        st.error(f"{plain(heading)}\n\n{problem_lines(errors[:_MOST_SHOWN], text)}")
    if len(errors) > _MOST_SHOWN:
        # the map must not be pushed out of sight
        with st.expander(text.gettext("Problems")):
            st.markdown(problem_lines(errors, text))


def problem_lines(problems: Sequence[Problem], text: Text) -> str:
    """Return problems as a Markdown list with every text from data made plain."""
    return "\n".join(
        f"- **{plain(problem.file)}**{_field(problem)}: {plain(text.problem(problem))}"
        for problem in problems
    )


def _field(problem: Problem) -> str:
    return f", {plain(problem.field)}" if problem.field else ""
