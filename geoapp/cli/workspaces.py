"""Commands on a whole workspace: serve, check, info, new."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import click

from geoapp.cli.options import progress_bar, workspace_option
from geoapp.core.atlas import Atlas
from geoapp.errors import RefusedError
from geoapp.workspace.creating import create_workspace
from geoapp.workspace.info import workspace_info
from geoapp.workspace.linking import real_borders
from geoapp.workspace.opening import find_workspace, open_workspace
from geoapp.workspace.preparing import prepare

DEFAULT_PORT = 8501


@click.command(short_help="Open the map in the browser.")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@workspace_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, show_default=True, help="Port."
)
@click.option("--no-browser", is_flag=True, help="Do not open the browser.")
def serve(
    folder: Path | None, workspace: Path | None, host: str, port: int, *, no_browser: bool
) -> None:
    """Prepare a workspace and open its map in the browser.

    \b
    Examples:
      geoapp serve
      geoapp serve my-region --port 8600
      geoapp serve --host 0.0.0.0 --no-browser
    """
    # Streamlit takes two seconds to load, which no other command needs to wait for
    from geoapp.server import serve as run_server

    root = find_workspace(folder or workspace)
    _require_free(host, port)
    prepared_atlas(root)
    # who touches whom takes a country ten seconds, once; better now than at the first click
    with progress_bar("Finding neighbours") as progress:
        real_borders(open_workspace(root), progress=progress)
    run_server(root, host=host, port=port, open_browser=not no_browser)


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
        kind = (
            "illustrative" if layer["illustrative"] else "schematic" if layer["schematic"] else ""
        )
        state = f"{layer['features']} features" if layer["features"] is not None else "not usable"
        click.echo(f"{layer['slug']} ({layer['theme']}): {state} {kind}".rstrip())


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
        return prepare(open_workspace(root), progress=progress)


def _require_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise RefusedError(
                f"cannot listen on {host}:{port}: {error.strerror}; choose another one with --port"
            ) from error
