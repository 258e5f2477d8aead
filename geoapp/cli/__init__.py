"""The command line: ``geoapp serve``, ``check``, ``add`` and the others below.

Exit codes: 0 fine, 1 problems found, 2 refused (one line says why).
"""

from __future__ import annotations

import sys
from typing import NoReturn

import click

from geoapp import __version__
from geoapp.cli.add import add
from geoapp.cli.delineate import delineate
from geoapp.cli.links import links
from geoapp.cli.pull import pull
from geoapp.cli.stats import stats
from geoapp.cli.workspaces import check, info, new, prepare, serve
from geoapp.errors import GeoappError, RegistryError, printable

PROBLEMS = 1
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
      geoapp links 2417112                   which stronger municipalities one is linked to
    """


for command in (serve, prepare, check, info, add, new, delineate, links, stats, pull):
    commands.add_command(command)


def main() -> None:
    """Run the command line; what we refuse is told in one line, without a traceback."""
    try:
        # out of its standalone mode, click returns the code of an exit instead of raising it
        code = commands(prog_name="geoapp", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_wanted:
        help_wanted.show()
        sys.exit(REFUSED)
    except click.ClickException as error:
        _refuse(_told(error))
    except click.Abort:
        _refuse("stopped")
    except RegistryError as error:
        for problem in error.problems:
            click.echo(f"{problem.severity}: {problem}", err=True)
        sys.exit(PROBLEMS)
    except GeoappError as error:
        _refuse(str(error))
    else:
        sys.exit(code)


def _refuse(reason: str) -> NoReturn:
    click.echo(f"geoapp: {' '.join(printable(reason).split())}", err=True)
    sys.exit(REFUSED)


def _told(error: click.ClickException) -> str:
    """Return what was wrong in a call, and where to read what would be right."""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"{error.format_message()} See: {error.ctx.command_path} --help"
    return error.format_message()
