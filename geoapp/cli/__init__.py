"""The command line: ``geoapp serve``, ``check``, ``add`` and the others below.

Exit codes: 0 fine, 1 problems found, 2 refused (one line says why).
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import NoReturn

import click

from geoapp import __version__
from geoapp.errors import GeoappError, RegistryError, printable

PROBLEMS = 1
REFUSED = 2
_MODULES = {
    "serve": "serve",
    "prepare": "workspaces",
    "check": "workspaces",
    "info": "workspaces",
    "new": "workspaces",
    "add": "add",
    "pull": "pull",
    "stats": "stats",
    "delineate": "delineate",
    "links": "links",
    "export": "export",
}


class Commands(click.Group):
    """Loads a command when it is called: what one needs, no other has to wait for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the base's signature
        """Return the names of all commands, in the order of the help."""
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return a command by its name."""
        if cmd_name not in _MODULES:
            return None
        module = import_module(f"geoapp.cli.{_MODULES[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
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
      geoapp export portrait --all --out portraits   a report of each partnership
    """


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
