"""The address of the page holds every choice, as slugs that no language changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast, get_args

import streamlit as st

from geoapp.core.choice import Choice
from geoapp.core.grouping import GroupBy
from geoapp.text import as_language
from geoapp.ui import state

_LANGUAGE = "lang"
_MAX_ITEMS = 200


def adopt() -> None:
    """Take over the choices of an address that the app has not written itself.

    A reader who chooses quickly is ahead of the address, which the browser learns only at the end
    of a run; such an address is old and must not undo the choice.
    """
    parameters = dict(st.query_params)
    known = state.address()
    if known is not None and (not parameters or parameters == known or state.is_ahead_of_address()):
        return
    choice = read_choice(parameters)
    state.choose(**choice.model_dump())
    if language := as_language(parameters.get(_LANGUAGE)):
        state.choose_language(language)


def publish() -> None:
    """Write the choices into the address, without loading the page again."""
    parameters = {_LANGUAGE: state.text().language, **write_choice(state.choice())}
    if dict(st.query_params) != parameters:
        st.query_params.from_dict(parameters)
    state.remember_address(parameters)


def write_choice(choice: Choice) -> dict[str, str]:
    """Return the parameters of a choice; what is as it always is at first is left out.

    >>> write_choice(Choice(partnerships=("cz-sever",), group_by="role"))
    {'partnerships': 'cz-sever', 'group': 'role'}
    """
    written = {
        "partnerships": ",".join(choice.partnerships),
        "group": "" if choice.group_by == Choice().group_by else choice.group_by,
        "layers": ",".join(choice.layers),
        "municipality": choice.selected or "",
        "base": choice.base_map or "",
    }
    return {name: value for name, value in written.items() if value}


def read_choice(parameters: Mapping[str, str]) -> Choice:
    """Return the choice of some parameters; what makes no sense is passed over.

    >>> read_choice({"group": "nonsense", "layers": "cycle-routes,"}).layers
    ('cycle-routes',)
    """
    group = parameters.get("group", "")
    return Choice(
        partnerships=_items(parameters.get("partnerships", "")),
        group_by=cast("GroupBy", group if group in get_args(GroupBy) else Choice().group_by),
        layers=_items(parameters.get("layers", "")),
        selected=parameters.get("municipality") or None,
        base_map=parameters.get("base") or None,
    )


def _items(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for item in text.split(",")[:_MAX_ITEMS] if item))
