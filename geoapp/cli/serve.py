"""``geoapp serve``: loads little, so that preparing and loading the server run side by side."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import click

from geoapp.cli.options import workspace_option
from geoapp.errors import RefusedError

DEFAULT_PORT = 8501


@click.command(short_help="Open the map in the browser.")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@workspace_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, show_default=True, help="Port."
)
@click.option("--no-browser", is_flag=True, help="Do not open the browser.")
@click.option("--allow-upload", is_flag=True, help="Let readers add files on the page Data.")
@click.option("--allow-pull", is_flag=True, help="Let readers fetch official data there.")
def serve(
    folder: Path | None,
    workspace: Path | None,
    host: str,
    port: int,
    *,
    no_browser: bool,
    allow_upload: bool,
    allow_pull: bool,
) -> None:
    """Prepare a workspace and open its map in the browser.

    \b
    Examples:
      geoapp serve
      geoapp serve my-region --port 8600
      geoapp serve --host 0.0.0.0 --no-browser
    """
    _require_free(host, port)
    chosen = folder or workspace
    # another process prepares: what reading takes in memory, the server would never give back
    preparing = subprocess.Popen(  # noqa: S603 - our own command
        [
            sys.executable,
            "-m",
            "geoapp",
            "prepare",
            *(["--workspace", str(chosen)] if chosen else []),
        ]
    )
    # the server takes two seconds to load, in which the other process does its work
    from geoapp.server import serve as run_server
    from geoapp.store.upkeep import keep_in_use
    from geoapp.ui.served import PULL_VARIABLE, UPLOAD_VARIABLE
    from geoapp.workspace.opening import find_workspace

    if refused := preparing.wait():
        sys.exit(refused)
    keep_in_use()
    root = find_workspace(chosen)
    allowed = {UPLOAD_VARIABLE: allow_upload, PULL_VARIABLE: allow_pull}
    allow = [variable for variable, wanted in allowed.items() if wanted]
    run_server(root, host=host, port=port, open_browser=not no_browser, allow=allow)


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
