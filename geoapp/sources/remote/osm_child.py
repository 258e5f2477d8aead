"""The process that reads extracts of OpenStreetMap, and writes what it found as our own Parquet.

Run as ``python -m geoapp.sources.remote.osm_child FOLDER``; the folder holds ``request.json``.
A file that breaks the library breaks this process only. How far it is, it tells on its standard
output: steps done, steps in all, and what is being done.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

from geoapp.core.phrases import mark
from geoapp.core.raw import RawLayer, refusal
from geoapp.errors import FileRefusedError, Problem
from geoapp.sources.parquet import write_parquet
from geoapp.sources.remote.osm_elements import Elements, joined
from geoapp.sources.remote.osm_layers import features
from geoapp.sources.remote.words import plain_words

REFUSED = 2


def main(work: Path) -> int:
    """Read what ``request.json`` in a folder asks for; return the exit code."""
    request = json.loads((work / "request.json").read_text("utf-8"))
    _limit_resources(request["limits"])
    try:
        elements = _read(request, work)
        found = features(elements, tuple(request["bounds"]), file=request["source"])
        for layer in found:
            table = layer.table.drop(columns="geometry")
            raw = RawLayer(request["source"], table, layer.table.geometry.to_numpy())
            write_parquet(raw, work / f"{layer.theme}.parquet")
    except FileRefusedError as error:
        return _tell(work, error.problem)
    except (MemoryError, ImportError):
        return _tell(work, _too_much(request["source"]))
    problems = {layer.theme: [asdict(problem) for problem in layer.problems] for layer in found}
    about = json.dumps({"date": elements.date, "problems": problems})
    (work / "about.json").write_text(about, encoding="utf-8")
    return 0


def _read(request: Mapping[str, Any], work: Path) -> Elements:
    # only this process may load the library
    from geoapp.sources.remote.osm_reading import STEPS, read_elements

    extracts = request["extracts"]
    steps, done = len(extracts) * STEPS + 1, count()

    def step(label: str) -> None:
        print(next(done), steps, label, flush=True)

    several = []
    for number, (path, file) in enumerate(extracts):
        folder = work / f"locations-{number}"
        folder.mkdir()
        try:
            several.append(
                read_elements(Path(path), tuple(request["bounds"]), folder, file=file, step=step)
            )
        except (RuntimeError, OSError, UnicodeDecodeError) as error:
            raise _unreadable(file, error) from error
        (folder / "nodes").unlink()
    step("joining features")
    return joined(several)


def _limit_resources(limits: Mapping[str, int]) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the parent's time limit still holds
        return
    for kind, most in (
        (resource.RLIMIT_AS, limits["memory_bytes"] + limits["locations_bytes"]),
        (resource.RLIMIT_FSIZE, limits["locations_bytes"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def _unreadable(file: str, error: Exception) -> FileRefusedError:
    """Return what to tell of an error of the library, which has one kind for everything."""
    reason = plain_words(str(error))
    if "allocate" in reason:
        return FileRefusedError(_too_much(file))
    if "resize file" in reason or "space left" in reason:
        return refusal(
            file,
            "There is no room for the temporary file that reading the extract needs ({reason}). "
            "Make room, or take an extract of a smaller region.",
            reason=reason,
        )
    return refusal(
        file,
        "The extract is damaged or cut short ({reason}). Fetch it again.",
        reason=reason,
    )


def _too_much(file: str) -> Problem:
    text = mark(
        "Reading the area needs more memory than it may take. Ask for a smaller area, or for a "
        "part of it at a time."
    )
    return refusal(file, text).problem


def _tell(work: Path, problem: Problem) -> int:
    told = json.dumps(asdict(problem), default=str)
    (work / "refused.json").write_text(told, encoding="utf-8")
    return REFUSED


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
