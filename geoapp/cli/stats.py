"""``geoapp stats``: what the themes amount to in municipalities and partnerships, as a table."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Literal

import click
import pandas as pd

from geoapp.cli.options import progress_bar, workspace_option
from geoapp.core.functional.report import plain
from geoapp.core.statistics import By
from geoapp.errors import RefusedError
from geoapp.maps.tables import table_csv
from geoapp.workspace.distributed import Cluster
from geoapp.workspace.opening import find_workspace, open_workspace
from geoapp.workspace.summarising import Statistics, summarise_themes

Format = Literal["csv", "json"]

_FILE = click.Path(path_type=Path)


def _number(_context: click.Context, _option: click.Parameter, value: float | None) -> float | None:
    # no range of click's leaves it out
    if value is not None and math.isnan(value):
        raise click.BadParameter("expected a number of metres; found nan")
    return value


@click.command(short_help="Summarise themes by municipality or partnership.")
@click.option("--theme", metavar="SLUG", help="One theme; by default all of them.")
@click.option(
    "--by",
    type=click.Choice(["municipality", "partnership"]),
    default="municipality",
    show_default=True,
    help="What a row stands for.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "json"]),
    default="csv",
    show_default=True,
    help="How the table is written.",
)
@click.option(
    "--distance",
    "distance_m",
    type=click.FloatRange(0, 200_000, min_open=True),
    callback=_number,
    metavar="METRES",
    help="Also the people who live within that distance of a facility.",
)
@click.option(
    "--scheduler", metavar="ADDRESS", help="Compute on this Dask cluster, tcp://host:port."
)
@click.option(
    "--features", type=_FILE, metavar="PATH", help="GeoParquet that the cluster reads instead."
)
@click.option("--out", type=_FILE, metavar="FILE", help="Write to a file instead of the screen.")
@click.option("--replace", is_flag=True, help="Write over a file that is there.")
@workspace_option
@click.pass_context
def stats(
    context: click.Context,
    theme: str | None,
    by: By,
    form: Format,
    distance_m: float | None,
    scheduler: str | None,
    features: Path | None,
    out: Path | None,
    workspace: Path | None,
    *,
    replace: bool,
) -> None:
    """Print lengths, counts, places, shares of area and values, with where they come from.

    What is unknown stays empty. Columns and assumptions are explained in docs/statistics.md.
    Exits with 1 if the file of a theme cannot be used.

    \b
    Examples:
      geoapp stats --theme cycle-routes
      geoapp stats --theme childcare --by partnership --format json
      geoapp stats --theme childcare --distance 1000 --out childcare.csv
      geoapp stats --theme local-roads --scheduler tcp://10.0.0.5:8786
    """
    if features is not None and scheduler is None:
        raise RefusedError("--features are read by a cluster; name its scheduler with --scheduler")
    if features is not None and distance_m is not None:
        raise RefusedError(
            "--distance needs facilities of the workspace; leave --features or --distance out"
        )
    if out is not None:
        _require_writable(out, replace=replace)
    opened = open_workspace(find_workspace(workspace))
    with progress_bar("Summarising") as progress:
        found = summarise_themes(
            opened,
            by,
            theme=theme,
            distance_m=distance_m,
            cluster=None if scheduler is None else Cluster(scheduler, features),
            progress=progress,
        )
    content = _csv(found) if form == "csv" else _json(found, by)
    if out is None:
        click.echo(content, nl=False)
    else:
        out.write_bytes(content)
        click.echo(f"wrote {out}")
    errors = [problem for problem in found.problems if problem.severity == "error"]
    for problem in errors:
        click.echo(f"error: {problem}", err=True)
    context.exit(1 if errors else 0)


def _require_writable(out: Path, *, replace: bool) -> None:
    if not out.parent.is_dir():
        raise RefusedError(f"{out.parent}: there is no such folder; make it first")
    if out.is_dir():
        raise RefusedError(f"{out}: expected the name of a file, found a folder")
    if out.exists() and not replace:
        raise RefusedError(f"{out.name}: is there already; pass --replace to write it anew")


def _csv(found: Statistics) -> bytes:
    table = pd.concat(found.tables.values(), ignore_index=True)
    return table_csv(table.map(_joined))


def _json(found: Statistics, by: By) -> bytes:
    rows = [plain(row) for table in found.tables.values() for row in table.to_dict("records")]
    text = json.dumps({"by": by, "rows": rows}, ensure_ascii=False, indent=2, allow_nan=False)
    return f"{text}\n".encode()


def _joined(value: object) -> object:
    return "; ".join(map(str, value)) if isinstance(value, tuple) else value
