"""Extracts of OpenStreetMap (``.osm.pbf``, as Geofabrik offers them) as a source of themes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Timer
from typing import Any

import geopandas as gpd
from pydantic import Field

import geoapp
from geoapp.core.codes import Country, country_of
from geoapp.core.mapspec import Bounds
from geoapp.core.progress import Progress, silent
from geoapp.core.projection import WGS84
from geoapp.core.raw import refusal
from geoapp.core.value import Value
from geoapp.errors import FileRefusedError, Problem
from geoapp.sources.parquet import read_parquet
from geoapp.sources.remote.osm_child import REFUSED
from geoapp.sources.remote.osm_layers import THEMES, Found, Theme, as_layer
from geoapp.sources.remote.pulled import Area, Fetch, PulledLayer
from geoapp.sources.remote.registry import RemoteSource

_HEADER = b"OSMHeader"
_KEPT_VARIABLES = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")


class ReadingLimits(Value):
    """How much reading extracts may ask for.

    Attributes
    ----------
    memory_bytes
        Memory, apart from the file of locations.
    locations_ratio
        How many times as big as the extracts that temporary file may become; those of countries
        need about twice their size.
    locations_bytes
        How big it may become in any case.
    seconds, seconds_per_mb
        Time for reading at all, and more for each megabyte of the extracts.
    """

    memory_bytes: int = Field(default=8_000_000_000, gt=0)
    locations_ratio: int = Field(default=6, gt=0)
    locations_bytes: int = Field(default=2_000_000_000, gt=0)
    seconds: float = Field(default=600, gt=0)
    seconds_per_mb: float = Field(default=5, ge=0)


def pull_extract(
    source: RemoteSource, area: Area, fetch: Fetch, *, progress: Progress | None = None
) -> list[PulledLayer]:
    """Return cycle routes, local roads, childcare, care for the old and protected nature.

    What lies within the bounds of the area is taken from the extracts of the regions it has
    municipalities in; see `read_extracts`.

    Raises
    ------
    FileRefusedError
        When the source has no extract of a region, or one is damaged.
    RefusedError
        When one cannot be fetched.
    """
    files = {
        address: fetch(address, label=region) for address, region in _regions(source, area).items()
    }
    return read_extracts(files, area.bounds, source=source.slug, progress=progress)


def read_extracts(
    files: Mapping[str, Path],
    bounds: Bounds,
    *,
    source: str,
    limits: ReadingLimits | None = None,
    progress: Progress | None = None,
) -> list[PulledLayer]:
    """Return the layers of a box from extracts, each feature once, although several hold it.

    The files are read by another process, so that a damaged one harms nothing.

    Parameters
    ----------
    files
        Extracts by what messages call them: their address or name.
    bounds
        West, south, east, north in degrees.
    source
        Name of the source for messages.
    limits
        How much reading may ask for.
    progress
        Called with steps done, steps in all, and what is being done.

    Raises
    ------
    FileRefusedError
        When a file is no extract, is damaged, lies elsewhere, or asks for too much.
    """
    for file, path in files.items():
        _refuse_other_formats(path, file)
    request: dict[str, Any] = {"source": source, "bounds": bounds}
    request |= {"extracts": [(str(path.resolve()), file) for file, path in files.items()]}
    size = sum(path.stat().st_size for path in files.values())
    with tempfile.TemporaryDirectory(prefix="geoapp-osm-") as folder:
        work = Path(folder)
        _read_apart(request, work, size, limits or ReadingLimits(), progress or silent)
        return _taken_over(work, source)


def _regions(source: RemoteSource, area: Area) -> dict[str, str]:
    """Return the region of each address that is needed: a voivodeship where it has its own."""
    known = source.addresses or dict.fromkeys(source.countries, source.address)
    chosen: dict[str, str] = {}
    for own, country in sorted(_parts(area)):
        region = own if own in known else country
        if region not in known:
            raise refusal(
                source.slug,
                "The source has no extract of {region}, only of {known}. Add its address to "
                "sources.toml.",
                field="addresses",
                region=region,
                known=", ".join(sorted(known)),
            )
        chosen[known[region]] = region
    return chosen


def _parts(area: Area) -> set[tuple[str, Country]]:
    """Return the voivodeships or regions of an area with their country, or just the countries."""
    if area.whole:
        return {(country, country) for country in area.countries}
    return {(f"{country_of(unit)}-{unit[:2]}", country_of(unit)) for unit in area.units}


def _refuse_other_formats(path: Path, file: str) -> None:
    with path.open("rb") as opened:
        head = opened.read(64)
    if _HEADER not in head:
        raise refusal(
            file,
            "Expected an extract of OpenStreetMap (.osm.pbf); found something else. Correct the "
            "address.",
        )


def _read_apart(
    request: Mapping[str, Any], work: Path, size: int, limits: ReadingLimits, progress: Progress
) -> None:
    allowed = {
        "memory_bytes": limits.memory_bytes,
        "locations_bytes": max(limits.locations_bytes, limits.locations_ratio * size),
    }
    told = json.dumps({**request, "limits": allowed})
    (work / "request.json").write_text(told, encoding="utf-8")
    command = [sys.executable, "-P", "-m", "geoapp.sources.remote.osm_child", str(work)]
    seconds = limits.seconds + limits.seconds_per_mb * size / 1_000_000
    ended, in_time = _followed(command, work, seconds, progress)
    if ended == REFUSED:
        raise FileRefusedError(Problem(**json.loads((work / "refused.json").read_text("utf-8"))))
    if ended:
        raise _broke_off(request["source"], in_time=in_time)


def _followed(
    command: Sequence[str], work: Path, seconds: float, progress: Progress
) -> tuple[int, bool]:
    """Run a command to its end, telling its progress; return its exit code, and if it was in time.

    Whoever raises from ``progress`` stops it.
    """
    with subprocess.Popen(  # noqa: S603  # the command is our own
        command,
        env=_environment(work),
        cwd=work,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    ) as running:
        begun, last = time.monotonic(), Timer(seconds, running.kill)
        last.start()
        try:
            for line in running.stdout or ():
                done, total, label = line.rstrip().split(" ", 2)
                progress(int(done), int(total), label)
            return running.wait(), time.monotonic() - begun < seconds
        finally:
            last.cancel()
            running.kill()


def _environment(work: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    package = str(Path(geoapp.__file__).resolve().parents[1])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    own = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1", "TMPDIR": str(work)}
    return kept | own | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _broke_off(source: str, *, in_time: bool) -> FileRefusedError:
    if not in_time:
        return refusal(
            source,
            "Reading the extract took longer than it may take. Ask for an extract of a smaller "
            "region.",
        )
    return refusal(
        source,
        "Reading the extract broke off, as it does when a file is damaged, or when memory or room "
        "for temporary files is short. Fetch it again, or ask for a smaller area.",
    )


def _taken_over(work: Path, source: str) -> list[PulledLayer]:
    about = json.loads((work / "about.json").read_text("utf-8"))
    return [as_layer(found, about["date"]) for found in _found(work, about["problems"], source)]


def _found(work: Path, problems: Mapping[Theme, Any], source: str) -> Iterator[Found]:
    for theme in THEMES:
        raw = read_parquet(work / f"{theme}.parquet", file=source)
        table = gpd.GeoDataFrame(raw.table, geometry=raw.geometry, crs=WGS84)
        yield Found(theme, table, tuple(Problem(**told) for told in problems[theme]))
