"""Run benchmarks and write their results page.

Usage: ``python -m benchmarks [--quick] [--out FILE] [NAME]...``. Without a name all of them run.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.results import Result, table
from benchmarks.workloads import WorkloadMissingError

NAMES = ("summary", "reading", "live", "sessions", "scaling", "functional")
PACKAGES = (
    "geoapp",
    "geopandas",
    "shapely",
    "pyogrio",
    "fiona",
    "numpy",
    "pandas",
    "streamlit",
    "sedonadb",
    "duckdb",
    "streamlit-folium",
    "dask",
)
_PAGE = Path(__file__).parents[1] / "docs/benchmarks.md"
_HEAD = """\
# Benchmarks

This page is written by `python -m benchmarks`; naming a benchmark replaces its part alone. Ours and
the others ran in turn, on the same data, each in a process or on a server of its own; seconds are
medians. Only ratios within one part say much: the machine is what it is, and does other things.
*Times ours* is how many times as long as geoapp it took.
"""
_MARK = "<!-- {} -->"


def main() -> None:
    """Run the chosen benchmarks and write their parts of the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--quick", action="store_true", help="small sizes and few runs")
    parser.add_argument("--out", type=Path, default=_PAGE, help="the page that is written")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(NAMES):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; known: {NAMES}")
    for name in chosen.names or NAMES:
        part = section(name, quick=chosen.quick)
        print(part, flush=True)
        before = chosen.out.read_text(encoding="utf-8") if chosen.out.is_file() else ""
        chosen.out.write_text(page(parts_of(before) | {name: part}), encoding="utf-8")


def section(name: str, *, quick: bool) -> str:
    """Run one benchmark and return its part of the page."""
    module = importlib.import_module(f"benchmarks.{name}")
    title = str(module.__doc__).strip().splitlines()[0].rstrip(".")
    try:
        rows: Iterable[Result] = module.run(quick=quick)
    except WorkloadMissingError as error:
        return f"## {title}\n\nNot run: {error}."
    size = "Small sizes and few runs (`--quick`). " if quick else ""
    facts = f"{size}{datetime.now(UTC):%Y-%m-%d}, {machine()}; {', '.join(versions())}."
    return f"## {title}\n\n{facts}\n\n{table(rows)}"


def page(parts: Mapping[str, str]) -> str:
    """Return the page with the parts that there are, in their order."""
    marked = [f"{_MARK.format(name)}\n{parts[name]}\n" for name in NAMES if name in parts]
    return "\n".join([_HEAD, *marked])


def parts_of(text: str) -> dict[str, str]:
    """Return the parts of a page by the name of their benchmark."""
    found = {}
    for name in NAMES:
        _, mark, after = text.partition(f"{_MARK.format(name)}\n")
        if mark:
            found[name] = after.partition("<!-- ")[0].strip()
    return found


def machine() -> str:
    """Return processor, cores, memory and system in a line."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory_gb:.0f} GB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    )


def versions() -> list[str]:
    """Return the packages that are installed, with their versions."""
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} not installed")
    return found


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
