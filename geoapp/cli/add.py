"""``geoapp add``: bring a file into the workspace, or draw what is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from geoapp.cli.options import progress_bar, workspace_option
from geoapp.core.flowspec import FlowKind
from geoapp.text import LANGUAGES
from geoapp.workspace.add import Added, add_boundaries, add_theme
from geoapp.workspace.demonstration import (
    undrawn_municipalities,
    write_illustration,
    write_schematic,
)
from geoapp.workspace.flows import add_flows
from geoapp.workspace.opening import find_workspace

Command = TypeVar("Command", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path)


def _in_every_language(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> dict[str, str] | None:
    return dict.fromkeys(LANGUAGES, value) if value else None


def source_options(command: Command) -> Command:
    """Add the options that say where a file comes from and how it is to be read."""
    options = [
        click.option("--name-column", metavar="COLUMN", help="Column of the names."),
        click.option("--code-column", metavar="COLUMN", help="Column of the municipality codes."),
        click.option("--sublayer", metavar="NAME", help="Layer of a file that holds several."),
        click.option(
            "--crs", metavar="EPSG:n", help="Coordinate system, where the file is silent."
        ),
        click.option("--encoding", help="Encoding of texts, such as cp1250."),
        click.option("--slug", help="Name of the new layer in files and addresses."),
        click.option("--source", help="Whose data it is."),
        click.option("--licence", help="What it may be used for."),
        click.option("--date", metavar="YYYY[-MM[-DD]]", help="Date of the data."),
        click.option("--replace", is_flag=True, help="Replace a layer of the same slug."),
    ]
    for option in options:
        command = option(command)
    return command


@click.group(short_help="Bring a file into the workspace.")
def add() -> None:
    """Bring boundaries, a theme or flows into the workspace, or draw what is missing.

    \b
    Examples:
      geoapp add boundaries gminy.gpkg
      geoapp add theme cycle-routes trasy.gpkg
      geoapp add schematic
    """


@add.command(short_help="Add municipal boundaries.")
@click.argument("file", type=_FILE)
@workspace_option
@click.option("--country", type=click.Choice(["PL", "CZ"]), help="Country, if not recognised.")
@source_options
def boundaries(file: Path, workspace: Path | None, **options: Any) -> None:  # noqa: ANN401
    """Add municipal boundaries from FILE; they replace schematic ones.

    \b
    Examples:
      geoapp add boundaries gminy.gpkg
      geoapp add boundaries obce.zip --country CZ --code-column kod --source "ČÚZK, RÚIAN"
    """
    root = find_workspace(workspace)
    with progress_bar("Adding boundaries") as progress:
        added = add_boundaries(root, file, progress=progress, **options)
    _report(added)


@add.command(short_help="Add a theme.")
@click.argument("theme")
@click.argument("file", type=_FILE)
@workspace_option
@click.option("--name", metavar="TEXT", callback=_in_every_language, help="Name for the reader.")
@click.option("--lon-column", metavar="COLUMN", help="Column of longitude or easting.")
@click.option("--lat-column", metavar="COLUMN", help="Column of latitude or northing.")
@click.option("--facilities-column", metavar="COLUMN", help="Column of a number of facilities.")
@click.option("--places-column", metavar="COLUMN", help="Column of the number of places.")
@click.option("--value-column", metavar="COLUMN", help="Column of a figure by municipality.")
@click.option("--unit", help="Unit of that figure, such as %.")
@click.option(
    "--complete",
    is_flag=True,
    help="Where the file has nothing, there is nothing (0, not unknown).",
)
@source_options
def theme(theme: str, file: Path, workspace: Path | None, **options: Any) -> None:  # noqa: ANN401
    """Add FILE as a layer of THEME; an illustrative layer of that name is replaced.

    \b
    Themes: cycle-routes, local-roads, childcare, protected-nature, broadband, senior-care,
    or a new one of your own.

    \b
    Examples:
      geoapp add theme cycle-routes trasy.gpkg
      geoapp add theme childcare przedszkola.csv --places-column miejsca --date 2025-09
    """
    root = find_workspace(workspace)
    with progress_bar("Adding the theme") as progress:
        added = add_theme(root, theme, file, progress=progress, **options)
    _report(added)


@add.command(short_help="Add a table of flows.")
@click.argument("slug")
@click.argument("file", type=_FILE)
@workspace_option
@click.option("--name", metavar="TEXT", help="Name for the reader.")
@click.option(
    "--kind",
    type=click.Choice(get_args(FlowKind)),
    default="commuting",
    show_default=True,
    help="What the persons do.",
)
@click.option("--source", help="Whose data it is.")
@click.option("--licence", help="What it may be used for.")
@click.option("--date", metavar="YYYY[-MM[-DD]]", help="Date of the data.")
@click.option("--replace", "replace_existing", is_flag=True, help="Replace a table of that name.")
def flows(slug: str, file: Path, workspace: Path | None, **options: Any) -> None:  # noqa: ANN401
    """Add FILE (origin, destination, flow) as flow table SLUG, for functional areas.

    \b
    Example:
      geoapp add flows commuting dojazdy.csv --source "GUS" --date 2021
    """
    root = find_workspace(workspace)
    with progress_bar("Adding flows"):
        spec = add_flows(root, slug, file, **options)
    click.echo(f"added data/flows/{spec.slug}.toml\nwrote {spec.file}")


@add.command(short_help="Draw schematic borders from the table of municipalities.")
@workspace_option
def schematic(workspace: Path | None) -> None:
    """Draw schematic borders of true area from data/municipalities.csv.

    \b
    Example:
      geoapp add schematic --workspace my-region
    """
    root = find_workspace(workspace)
    with progress_bar("Drawing borders") as progress:
        written = write_schematic(root, progress=progress)
    _tell_files(written, root)
    for problem in undrawn_municipalities(root):
        click.echo(f"{problem.severity}: {problem}")


@add.command(short_help="Make up illustrative themes.")
@workspace_option
def illustration(workspace: Path | None) -> None:
    """Make up illustrative theme layers for the municipalities of the workspace.

    \b
    Example:
      geoapp add illustration --workspace my-region
    """
    root = find_workspace(workspace)
    with progress_bar("Making up themes") as progress:
        written = write_illustration(root, progress=progress)
    _tell_files(written, root)


def _report(added: Added) -> None:
    report = added.report
    click.echo(f"added layers/{added.slug}.toml")
    for file in added.files:
        click.echo(f"wrote {file}")
    for file in added.removed:
        click.echo(f"removed {file}")
    taken = report.columns.model_dump(exclude_none=True)
    click.echo("columns taken: " + ", ".join(f"{name} = {taken[name]}" for name in taken))
    if report.crs_source:
        click.echo(f"coordinate system: {report.crs_source} ({report.crs_origin})")
    click.echo(f"features: {report.features_kept} of {report.features_read} used")
    for found in report.problems:
        click.echo(f"{found.severity}: {found.problem()}")


def _tell_files(files: list[Path], root: Path) -> None:
    for path in files:
        click.echo(f"wrote {path.relative_to(root)}")
