"""Which workspace is served, and what its readers may do to it."""

from __future__ import annotations

import os
from pathlib import Path

from geoapp.workspace.opening import find_workspace

WORKSPACE_VARIABLE = "GEOAPP_WORKSPACE"
UPLOAD_VARIABLE = "GEOAPP_ALLOW_UPLOAD"
PULL_VARIABLE = "GEOAPP_ALLOW_PULL"


def served_root() -> Path:
    """Return the root of the served workspace."""
    chosen = os.environ.get(WORKSPACE_VARIABLE)
    return find_workspace(Path(chosen) if chosen else None)


def uploads_allowed() -> bool:
    """Return whether whoever serves the workspace lets its readers add files."""
    return os.environ.get(UPLOAD_VARIABLE) == "1"


def pulls_allowed() -> bool:
    """Return whether readers may have the server fetch data from the registered sources."""
    return os.environ.get(PULL_VARIABLE) == "1"
