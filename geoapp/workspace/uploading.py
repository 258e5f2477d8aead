"""Files that a reader of the app sends: under a name of our own, then added as any other file."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path, PurePosixPath

from geoapp.core.columns import plain_name
from geoapp.core.phrases import mark
from geoapp.core.progress import Progress
from geoapp.core.raw import refusal
from geoapp.core.value import Value
from geoapp.sources.formats import SUFFIXES
from geoapp.sources.gate import GateLimits
from geoapp.workspace.add import Added, add_boundaries, add_theme
from geoapp.workspace.slots import is_reserved

UPLOAD_MEGABYTES = 200
UPLOAD_LIMITS = GateLimits(
    file_bytes=UPLOAD_MEGABYTES * 1_048_576,
    unpacked_bytes=1_000_000_000,
    memory_bytes=2_000_000_000,
    features=1_000_000,
    vertices=20_000_000,
    cpu_seconds=60,
    seconds=120,
)
UPLOAD_SUFFIXES = tuple(sorted({".kmz", ".json", *SUFFIXES.values()} - {".shp"}))

# Two uploads of one moment must not both find the same slug free.
_ONE_AT_A_TIME = threading.Lock()
_LONGEST_NAME = 60


class Said(Value):
    """Whose data a file holds, what it may be used for, of when it is: ``YYYY[-MM[-DD]]``."""

    source: str | None = None
    licence: str | None = None
    date: str | None = None


def add_upload(
    root: Path,
    name: str,
    content: bytes,
    *,
    theme: str,
    said: Said | None = None,
    replace: bool = False,
    progress: Progress | None = None,
) -> Added:
    """Add an uploaded file to a workspace, within `UPLOAD_LIMITS`.

    Parameters
    ----------
    root
        The workspace.
    name
        What the sender calls the file; only letters and digits of it are used.
    content
        Its bytes.
    theme
        ``boundaries``, or the theme the layer belongs to.
    said
        What the sender says of the data.
    replace
        Whether a layer of the same slug gives way.
    progress
        Called with steps done, steps in all, and what is being done.

    Raises
    ------
    RefusedError
        When the file or an option is not what is needed; nothing was changed.
    """
    with tempfile.TemporaryDirectory(prefix="geoapp-upload-") as folder:
        path = Path(folder) / safe_name(name)
        path.write_bytes(content)
        try:
            with _ONE_AT_A_TIME:
                return _added(root, path, theme, said or Said(), replace=replace, progress=progress)
        except OSError as error:
            text = mark("The workspace cannot be written ({reason}). Nothing was added.")
            raise refusal(path.name, text, reason=error.strerror or "") from error


def _added(
    root: Path, path: Path, theme: str, said: Said, *, replace: bool, progress: Progress | None
) -> Added:
    if theme == "boundaries":
        return add_boundaries(
            root,
            path,
            source=said.source,
            licence=said.licence,
            date=said.date,
            replace=replace,
            limits=UPLOAD_LIMITS,
            progress=progress,
        )
    return add_theme(
        root,
        theme,
        path,
        source=said.source,
        licence=said.licence,
        date=said.date,
        replace=replace,
        limits=UPLOAD_LIMITS,
        progress=progress,
    )


def safe_name(name: str) -> str:
    r"""Return a file name of ASCII letters and digits that no system gives another meaning.

    >>> safe_name("../Gminy Żywiecczyzny.GPKG"), safe_name("con.csv"), safe_name("\u202e.exe")
    ('gminy_zywiecczyzny.gpkg', 'file_con.csv', 'file')
    """
    path = PurePosixPath(name.replace("\\", "/"))
    suffix = path.suffix.lower() if path.suffix.lower() in UPLOAD_SUFFIXES else ""
    stem = plain_name(path.stem)[:_LONGEST_NAME]
    return f"{stem if stem and not is_reserved(stem) else f'file_{stem}'.rstrip('_')}{suffix}"
