"""The command line: ``geoapp serve | check | info | add | new``.

Exit codes: 0 fine, 1 problems found, 2 refused (one line says why).
"""

from __future__ import annotations

import sys

import click

from geoapp import __version__
from geoapp.cli.add import add
from geoapp.cli.workspaces import check, info, new, serve
from geoapp.errors import GeoappError

REFUSED = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="geoapp")
def commands() -> None:
    """Map partnerships of municipalities in Poland and Czechia.

    \b
    Examples:
      geoapp serve                           open the map of the embedded workspace
      geoapp new my-region                   make a workspace of your own
      geoapp add boundaries gminy.gpkg       bring in real boundaries
      geoapp check                           find every problem in the files
    """


for command in (serve, check, info, add, new):
    commands.add_command(command)


def main() -> None:
    """Run the command line; what we refuse is told in one line, without a traceback."""
    try:
        commands(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(REFUSED)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(REFUSED)
    except GeoappError as error:
        click.echo(f"geoapp: {' '.join(str(error).split())}", err=True)
        sys.exit(REFUSED)
