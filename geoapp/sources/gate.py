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
from geoapp.core.phrases import mark
from geoapp.core.progress import Progress, silent
from geoapp.core.raw import RawLayer, refusal
from geoapp.dead_ends import DEAD_ENDS
from geoapp.errors import FileRefusedError, Problem
from geoapp.sources.formats import SUFFIXES, FileFormat, refuse_unknown_encoding, sniff
from geoapp.sources.limits import GateLimits, refuse_size
from geoapp.sources.parquet import read_parquet
from geoapp.sources.shapefile import siblings

__all__ = ["GateLimits", "admit"]

REFUSED = 2
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
    file: str | None = None,
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
    file
        Its name for messages; that of the path by default.
    limits
        How much the file may ask for.
    progress
        Called with steps done, steps in all, and what is being done.

    Raises
    ------
    FileRefusedError
        With one reason: too big, of no accepted format, harmful in structure, or unreadable.
    """
    name = file or path.name
    limits = limits or GateLimits()
    report = progress or silent
    report(0, 3, "checking")
    refuse_unknown_encoding(encoding, file=name)
    found = sniff(path, file=name)
    with tempfile.TemporaryDirectory(prefix="geoapp-gate-") as folder:
        work = Path(folder)
        # The copy is what is checked and read, so that nothing can change in between.
        copy = _copied(path, found, work, name, limits)
        report(1, 3, "reading")
        request: dict[str, Any] = {"path": str(copy), "file": name}
        request |= {"sublayer": sublayer, "encoding": encoding}
        _read_apart(request, work, limits)
        report(2, 3, "taking over")
        raw = _taken_over(work, name)
    report(3, 3, "read")
    return raw


def _copied(path: Path, found: FileFormat, work: Path, file: str, limits: GateLimits) -> Path:
    parts = siblings(path, file=file) if found == "shapefile" else {SUFFIXES[found]: path}
    for suffix, part in parts.items():
        if part.is_symlink():
            text = mark("{name} is a link to another file. Give the file itself.")
            raise refusal(file, text, name=part.name)
        refuse_size(part, file=file, limits=limits)
        shutil.copyfile(part, work / f"input{suffix}")
    return work / f"input{SUFFIXES[found]}"


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
        raise _too_slow(request["file"], limits.seconds) from error
    if ended.returncode == REFUSED:
        raise _refused(work)
    if ended.returncode:
        slow = ended.returncode == -getattr(signal, "SIGXCPU", 0)
        file = request["file"]
        raise _too_slow(file, limits.cpu_seconds) if slow else _broke_off(file, limits)


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


def _too_slow(file: str, seconds: int) -> FileRefusedError:
    return refusal(
        file,
        "Reading took longer than the {limit} seconds a layer may take. Leave out what is not "
        "needed, or simplify it.",
        limit=seconds,
    )


def _broke_off(file: str, limits: GateLimits) -> FileRefusedError:
    return refusal(
        file,
        "Reading broke off, as it does when a file is damaged or needs more memory than the "
        "{limit} MB a layer may take. Export it again, or leave out what is not needed.",
        limit=limits.memory_bytes // 1_000_000,
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
