"""A new workspace: a copy of the embedded one to change, or an empty one to fill."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from geoapp.errors import RefusedError
from geoapp.sources.registry import MunicipalityRow
from geoapp.workspace.opening import embedded_workspace

_FOLDERS = ("layers", "data/partnerships", "data/status", "data/boundaries", "data/themes")
_README = """# A geoapp workspace

- `data/municipalities.csv`: one row for each municipality: code, name, residents, area, sources
- `data/partnerships/*.toml`: one file for each partnership; the file name is its id
- `data/status/*.csv`: marginalisation status by list, year and source
- `layers/*.toml`: one file for each layer; `geoapp add` writes them for you
- `data/base_maps.toml`: backgrounds a reader may switch on

Check it with `geoapp check`, look at it with `geoapp serve`.
"""


def create_workspace(target: Path, *, empty: bool = False) -> Path:
    """Create a workspace in a folder that does not exist or is empty, whole or not at all.

    Parameters
    ----------
    target
        The new folder.
    empty
        Only the folders and the header of the table of municipalities; else a copy of the
        embedded workspace with its partnerships, schematic borders and illustrative themes.

    Raises
    ------
    RefusedError
        The folder holds something already, or its parent cannot be written to.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RefusedError(f"{target}: expected a new or empty folder, found files in it")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".geoapp-new-", dir=target.parent) as folder:
            draft = Path(folder) / "workspace"
            _fill_empty(draft) if empty else _fill_copy(draft)
            (draft / "README.md").write_text(_README, "utf-8")
            if target.is_dir():
                target.rmdir()
            draft.rename(target)
    except OSError as error:
        raise RefusedError(f"{target}: could not be written: {error.strerror or error}") from error
    return target.resolve()


def _fill_copy(draft: Path) -> None:
    source = embedded_workspace()
    for folder in ("layers", "data"):
        shutil.copytree(source / folder, draft / folder)


def _fill_empty(draft: Path) -> None:
    for folder in _FOLDERS:
        (draft / folder).mkdir(parents=True)
    header = ",".join(MunicipalityRow.model_fields)
    (draft / "data/municipalities.csv").write_text(f"{header}\n", "utf-8")
    shutil.copy(embedded_workspace() / "data/base_maps.toml", draft / "data/base_maps.toml")
