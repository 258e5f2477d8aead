"""What the page Data does with the files of the workspace: adding uploads, giving corrections."""

from __future__ import annotations

from geoapp.core.layer import LayerSpec
from geoapp.core.partnership import Language
from geoapp.core.progress import Progress
from geoapp.ui.served import served_root
from geoapp.workspace.add import Added
from geoapp.workspace.correcting import corrections_for_reader, kept_corrections
from geoapp.workspace.uploading import Said, add_upload


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
        served_root(), name, content, theme=theme, said=said, replace=replace, progress=progress
    )


def has_kept_corrections(spec: LayerSpec) -> bool:
    """Return whether corrections were kept when a layer was added."""
    return len(kept_corrections(served_root(), spec)) > 0


def corrections_csv(spec: LayerSpec, language: Language) -> bytes:
    """Return everything that was done to single features of a layer, as CSV.

    Raises
    ------
    FileRefusedError
        When the file of the layer cannot be used.
    """
    return corrections_for_reader(served_root(), spec, language)
