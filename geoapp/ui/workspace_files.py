"""What the page Data does with the files of the workspace: adding uploads, giving corrections."""

from __future__ import annotations

import os
from pathlib import Path

from geoapp.core.layer import LayerSpec
from geoapp.core.partnership import Language
from geoapp.core.progress import Progress
from geoapp.ui.cache import WORKSPACE_VARIABLE
from geoapp.workspace.add import Added
from geoapp.workspace.correcting import corrections_for_reader, kept_corrections
from geoapp.workspace.opening import find_workspace
from geoapp.workspace.uploading import Said, add_upload

UPLOAD_VARIABLE = "GEOAPP_ALLOW_UPLOAD"


def uploads_allowed() -> bool:
    """Return whether whoever serves the workspace lets its readers add files."""
    return os.environ.get(UPLOAD_VARIABLE) == "1"


def add_uploaded(
    name: str, content: bytes, *, theme: str, said: Said, replace: bool, progress: Progress
) -> Added:
    """Add an uploaded file to the served workspace; see `geoapp.workspace.uploading.add_upload`.

    Raises
    ------
    RefusedError
        When the file or an option is not what is needed; nothing was changed.
    """
    return add_upload(
        _root(), name, content, theme=theme, said=said, replace=replace, progress=progress
    )


def has_kept_corrections(spec: LayerSpec) -> bool:
    """Return whether corrections were kept when a layer was added."""
    return len(kept_corrections(_root(), spec)) > 0


def corrections_csv(spec: LayerSpec, language: Language) -> bytes:
    """Return everything that was done to single features of a layer, as CSV.

    Raises
    ------
    FileRefusedError
        When the file of the layer cannot be used.
    """
    return corrections_for_reader(_root(), spec, language)


def _root() -> Path:
    chosen = os.environ.get(WORKSPACE_VARIABLE)
    return find_workspace(Path(chosen) if chosen else None)
