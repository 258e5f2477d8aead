"""What several commands share: the workspace option and the progress bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from click.termui import progressbar

from geoapp.core.progress import Progress

Command = TypeVar("Command", bound=Callable[..., Any])


def workspace_option(command: Command) -> Command:
    """Add ``--workspace DIR``."""
    return click.option(
        "--workspace",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="The workspace; by default the current folder if it is one, else the embedded one.",
    )(command)


@contextmanager
def progress_bar(label: str) -> Iterator[Progress]:
    """Show a progress bar on standard error, where that is a terminal."""
    # without a terminal click would still print the label, again for each change of it
    hidden = not sys.stderr.isatty()
    with progressbar(length=1, label=label, file=sys.stderr, hidden=hidden) as bar:

        def progress(done: int, total: int, item: str = "", /) -> None:
            bar.length = max(total, 1)
            bar.label = f"{label} {item}".strip()
            bar.update(done - bar.pos)

        yield progress
