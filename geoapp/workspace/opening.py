"""Opening a workspace: find it, read its registries, collect every problem."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pandas as pd

from geoapp.core.flowspec import FlowSpec
from geoapp.core.layer import LayerSpec
from geoapp.core.mapspec import BaseMap
from geoapp.core.partnership import Partnership, resolve_groups
from geoapp.core.status import StatusRow
from geoapp.errors import Problem, RefusedError
from geoapp.sources.registry import (
    check_members,
    read_base_maps,
    read_flow_specs,
    read_layer_specs,
    read_municipalities,
    read_partnerships,
    read_statuses,
)
from geoapp.store.files import digest


@dataclass(frozen=True)
class Workspace:
    """The registries of a workspace as they were read; problems tell what was left out."""

    root: Path
    municipalities: pd.DataFrame
    partnerships: tuple[Partnership, ...]
    statuses: tuple[StatusRow, ...]
    layers: tuple[LayerSpec, ...]
    flows: tuple[FlowSpec, ...]
    base_maps: tuple[BaseMap, ...]
    problems: tuple[Problem, ...]


def is_workspace(folder: Path) -> bool:
    """Return whether a folder holds ``layers/`` and ``data/``."""
    return (folder / "layers").is_dir() and (folder / "data").is_dir()


def embedded_workspace() -> Path:
    """Return the workspace that comes with geoapp: in a checkout its own, else the packaged one."""
    package = Path(str(resources.files("geoapp")))
    checkout = package.parent
    if is_workspace(checkout) and (checkout / "streamlit_app.py").is_file():
        return checkout
    return package / "embedded"


def find_workspace(chosen: Path | None = None) -> Path:
    """Return the chosen workspace, else the current folder if it is one, else the embedded one.

    Raises
    ------
    RefusedError
        The chosen folder is no workspace.
    """
    if chosen is not None:
        if not is_workspace(chosen):
            raise RefusedError(
                f"{chosen}: expected a workspace, a folder with layers/ and data/, found "
                f"{'none of them' if chosen.is_dir() else 'no such folder'}; "
                f"make one with: geoapp new {chosen}"
            )
        return chosen.resolve()
    here = Path.cwd()
    return here if is_workspace(here) else embedded_workspace()


def open_workspace(root: Path | None = None) -> Workspace:
    """Read the registries of a workspace; `find_workspace` says which."""
    root = find_workspace(root)
    municipalities, problems = read_municipalities(root)
    partnerships, found = read_partnerships(root)
    problems += found
    statuses, found = read_statuses(root)
    problems += found
    layers, found = read_layer_specs(root)
    problems += found
    flows, found = read_flow_specs(root)
    problems += found
    base_maps, found = read_base_maps(root)
    problems += found
    # before the groups are resolved, so that a member is reported where its file names it
    problems += check_members(partnerships, municipalities)
    partnerships = resolve_groups(partnerships)
    return Workspace(
        root, municipalities, partnerships, statuses, layers, flows, base_maps, tuple(problems)
    )


def fingerprint(root: Path) -> str:
    """Return what changes whenever a file of the workspace does; cheap enough for every click."""
    parts = [str(root)]
    for folder in ("layers", "data"):
        for directory, _, names in os.walk(root / folder):
            for name in sorted(names):
                path = Path(directory) / name
                if not name.startswith(".") and path.is_file():
                    state = path.stat()
                    parts.append(f"{path}\0{state.st_size}\0{state.st_mtime_ns}")
    return digest(sorted(parts))
