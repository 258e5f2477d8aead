"""Commands on a whole workspace: prepare, check, info, new."""

from __future__ import annotations

import json
from pathlib import Path

import click

from geoapp.cli.options import progress_bar, workspace_option
from geoapp.core.atlas import Atlas
from geoapp.workspace.creating import create_workspace
from geoapp.workspace.info import Json, workspace_info
from geoapp.workspace.linking import real_borders
from geoapp.workspace.opening import find_workspace, open_workspace
from geoapp.workspace.preparing import prepare as prepare_workspace
from geoapp.workspace.reach import load_reach


@click.command(short_help="Read and measure everything ahead of time.")
@workspace_option
def prepare(workspace: Path | None) -> None:
    """Prepare a workspace, so that serving it starts at once.

    \b
    Example:
      geoapp prepare --workspace my-region
    """
    root = find_workspace(workspace)
    prepared_atlas(root)
    # who touches whom takes a country ten seconds, once; better now than at the first click
    opened = open_workspace(root)
    with progress_bar("Finding neighbours") as progress:
        real_borders(opened, progress=progress)
    with progress_bar("Measuring travel times"):
        load_reach(opened)


@click.command(short_help="Validate every registry and layer file.")
@workspace_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.pass_context
def check(context: click.Context, workspace: Path | None, *, as_json: bool) -> None:
    """Validate every registry and layer file; list all problems with file and field.

    Exits with 1 if there is any problem. Remarks on what was repaired are no problems.

    \b
    Examples:
      geoapp check
      geoapp check --workspace my-region --json
    """
    problems = prepared_atlas(find_workspace(workspace)).problems
    errors = [problem for problem in problems if problem.severity == "error"]
    if as_json:
        keys = ("severity", "file", "field")
        click.echo(
            json.dumps(
                [
                    {key: getattr(problem, key) for key in keys} | {"message": problem.sentence()}
                    for problem in problems
                ],
                ensure_ascii=False,
                indent=2,
            )
        )
    else:
        for problem in problems:
            click.echo(f"{problem.severity}: {problem}")
        click.echo(f"problems: {len(errors)}, remarks: {len(problems) - len(errors)}")
    context.exit(1 if errors else 0)


@click.command(short_help="Show partnerships and layers in figures.")
@workspace_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(workspace: Path | None, *, as_json: bool) -> None:
    """Show what a workspace holds: partnerships, declared and computed figures, layers.

    \b
    Examples:
      geoapp info
      geoapp info --json --workspace my-region
    """
    facts = workspace_info(prepared_atlas(find_workspace(workspace)))
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False, indent=2))
        return
    for found in facts["partnerships"]:
        declared = found["members_declared"]
        of_declared = f" of {declared} declared" if declared is not None else ""
        population, area_ha = (
            "unknown" if found[figure] is None else found[figure]
            for figure in ("population", "area_ha")
        )
        click.echo(
            f"{found['id']}: {found['members_known']}{of_declared} members, "
            f"residents: {population}, area (ha): {area_ha}, at risk: {found['at_risk']}"
        )
    for layer in facts["layers"]:
        click.echo(_layer_line(layer))
    for name, copy in facts["drawn_municipalities"].items():
        click.echo(f"{name}: {_drawing(copy)}")
    click.echo(f"themes of more than {facts['vertex_budget']} vertices are drawn as tiles")
    store = facts["store"]
    sizes = f"{_size(store['bytes'])} of {_size(store['limit_bytes'])}"
    click.echo(f"prepared data: {sizes} in {store['folder']}")


@click.command(short_help="Make a workspace of your own.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--empty", is_flag=True, help="Only folders and headers, no partnerships.")
def new(folder: Path, *, empty: bool) -> None:
    """Make a workspace in a new FOLDER: a copy of the embedded one, or an empty one.

    \b
    Examples:
      geoapp new my-region
      geoapp new my-region --empty
    """
    created = create_workspace(folder, empty=empty)
    click.echo(f"made {created}\nlook at it with: geoapp serve {folder}")


def prepared_atlas(root: Path) -> Atlas:
    """Return the atlas of a workspace, with a progress bar while it is prepared."""
    with progress_bar("Preparing layers") as progress:
        return prepare_workspace(open_workspace(root), progress=progress)


def _layer_line(layer: Json) -> str:
    kind = "illustrative" if layer["illustrative"] else "schematic" if layer["schematic"] else ""
    state = f"{layer['features']} features" if layer["features"] is not None else "not usable"
    said = f"{layer['slug']} ({layer['theme']}): {state} {kind}".rstrip()
    if layer["drawn"]:
        return f"{said}, {_drawing(layer)}"
    return said if layer["vertices"] is None else f"{said}, {layer['vertices']} vertices"


def _drawing(copy: Json) -> str:
    vertices = copy["vertices"] or copy["features"]
    return f"{vertices} vertices drawn as {copy['drawn']}, {_size(copy['display_bytes'])}"


def _size(count: float) -> str:
    """Write a number of bytes for people.

    >>> _size(512), _size(4_300_000), _size(5 * 1024**3)
    ('512 B', '4.1 MB', '5.0 GB')
    """
    for unit in ("B", "kB", "MB"):
        if count < 1024:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GB"
