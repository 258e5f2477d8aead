"""The gate for files nobody has vouched for: checked, then read by another process.

What comes out is plain rows and geometry that our own code wrote; no byte of the file is ever
opened by a geometry library in this process.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import geoapp
from geoapp.core.progress import Progress
from geoapp.core.raw import RawLayer, refusal
from geoapp.errors import FileRefusedError, Problem
from geoapp.sources.dead_ends import DEAD_ENDS
from geoapp.sources.formats import FileFormat, refuse_unknown_encoding, sniff
from geoapp.sources.parquet import read_parquet
from geoapp.sources.shapefile import siblings
from geoapp.sources.structure import GateLimits, check_structure

__all__ = ["GateLimits", "admit"]


REFUSED = 2
_SUFFIXES: dict[FileFormat, str] = {
    "gpkg": ".gpkg",
    "geojson": ".geojson",
    "flatgeobuf": ".fgb",
    "geoparquet": ".parquet",
    "zip-shapefile": ".zip",
    "xlsx": ".xlsx",
    "csv": ".csv",
}
_KEPT_VARIABLES = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")
_SINGLE_THREADED = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}


def admit(
    path: Path,
    *,
    sublayer: str | None = None,
    encoding: str | None = None,
    limits: GateLimits | None = None,
    progress: Progress | None = None,
) -> RawLayer:
    """Read a file that may be hostile; nothing of it is used before it was checked.

    Parameters
    ----------
    path
        The file, of any format in `geoapp.sources.formats.EXPECTED`.
    sublayer
        Which layer or sheet is meant, where the file holds several.
    encoding
        Of the texts, where the file does not say.
    limits
        How much the file may ask for.
    progress
        Called with steps done, steps in all, and what is being done.

    Raises
    ------
    FileRefusedError
        With one reason: too big, of no accepted format, harmful in structure, or unreadable.
    """
    limits = limits or GateLimits()
    report = progress or (lambda _done, _total, _label: None)
    report(0, 3, "checking")
    _refuse_size(path, limits)
    refuse_unknown_encoding(encoding, file=path.name)
    found = sniff(path, file=path.name)
    with tempfile.TemporaryDirectory(prefix="geoapp-gate-") as folder:
        work = Path(folder)
        # The copy is what is checked and read, so that nothing can change in between.
        copy = _copied(path, found, work)
        check_structure(copy, found, file=path.name, limits=limits)
        report(1, 3, "reading")
        request: dict[str, Any] = {"path": str(copy), "format": found, "file": path.name}
        request |= {"sublayer": sublayer, "encoding": encoding}
        _read_apart(request, work, limits)
        report(2, 3, "taking over")
        raw = _taken_over(work, path.name)
    report(3, 3, "read")
    return raw


def _refuse_size(path: Path, limits: GateLimits) -> None:
    if path.is_file() and path.stat().st_size > limits.file_bytes:
        raise refusal(
            path.name,
            "The file has {size} MB; at most {limit} MB are read. Leave out what is not needed.",
            size=path.stat().st_size // 1_000_000,
            limit=limits.file_bytes // 1_000_000,
        )


def _copied(path: Path, found: FileFormat, work: Path) -> Path:
    if found != "shapefile":
        return Path(shutil.copyfile(path, work / f"input{_SUFFIXES[found]}"))
    for suffix, part in siblings(path, file=path.name).items():
        shutil.copyfile(part, work / f"input{suffix}")
    return work / "input.shp"


def _read_apart(request: dict[str, Any], work: Path, limits: GateLimits) -> None:
    (work / "request.json").write_text(
        json.dumps(request | {"limits": limits.model_dump()}), encoding="utf-8"
    )
    command = [sys.executable, "-P", "-m", "geoapp.sources.gate_child", str(work)]
    try:
        ended = subprocess.run(  # noqa: S603  # the command is our own
            command,
            env=_environment(work),
            cwd=work,
            timeout=limits.seconds,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _too_slow(request["file"]) from error
    if ended.returncode == REFUSED:
        raise _refused(work)
    if ended.returncode:
        slow = ended.returncode == -getattr(signal, "SIGXCPU", 0)
        raise _too_slow(request["file"]) if slow else _broke_off(request["file"])


def _environment(work: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    package = str(Path(geoapp.__file__).resolve().parents[1])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    dead_proxy = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    own = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1", "TMPDIR": str(work)}
    return kept | DEAD_ENDS | dead_proxy | _SINGLE_THREADED | own


def _refused(work: Path) -> FileRefusedError:
    told = json.loads((work / "refused.json").read_text("utf-8"))
    return FileRefusedError(Problem(**told))


def _too_slow(file: str) -> FileRefusedError:
    return refusal(
        file,
        "Reading took longer than a layer may take. Leave out what is not needed, or simplify it.",
    )


def _broke_off(file: str) -> FileRefusedError:
    return refusal(
        file,
        "Reading broke off, as it does when a file is damaged or needs more memory than a layer "
        "may take. Export it again, or leave out what is not needed.",
    )


def _taken_over(work: Path, file: str) -> RawLayer:
    about = json.loads((work / "about.json").read_text("utf-8"))
    raw = read_parquet(work / "layer.parquet", file=file)
    return replace(
        raw,
        encoding=about["encoding"],
        encoding_recovered=about["encoding_recovered"],
        problems=tuple(Problem(**told) for told in about["problems"]),
    )
