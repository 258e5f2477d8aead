"""``geoapp export``: sheets, slides, tables, reports and minutes as files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace as replaced
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geoapp.cli.options import progress_bar, workspace_option
from geoapp.core.choice import Choice
from geoapp.core.grouping import GROUPINGS, GroupBy
from geoapp.core.partnership import Language
from geoapp.errors import GeoappError, RefusedError
from geoapp.text import DEFAULT_LANGUAGE, LANGUAGES
from geoapp.workspace.opening import find_workspace, open_workspace

if TYPE_CHECKING:
    from geoapp.core.atlas import Atlas
    from geoapp.workspace.exporting import Order
    from geoapp.workspace.opening import Workspace

_FILE = click.Path(path_type=Path)
_PAPERS = ("a4", "a3", "a0")


@dataclass(frozen=True)
class _Held:
    """A workspace that is open and prepared."""

    workspace: Workspace
    atlas: Atlas


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what says what is shown and how."""
    for option in (
        click.option("--partnership", "partnerships", multiple=True, metavar="ID"),
        click.option(
            "--theme", "themes", multiple=True, metavar="SLUG", help="A theme, or one layer of it."
        ),
        click.option("--group-by", type=click.Choice(GROUPINGS), default="role", show_default=True),
        click.option(
            "--lang",
            "language",
            type=click.Choice(LANGUAGES),
            default=DEFAULT_LANGUAGE,
            show_default=True,
        ),
        click.option("--paper", type=click.Choice(_PAPERS), default="a4", show_default=True),
        click.option(
            "--orientation",
            type=click.Choice(["landscape", "portrait"]),
            default="landscape",
            show_default=True,
        ),
        click.option("--story", metavar="SLUG", help="Of a handout or of minutes."),
        click.option("--template", type=_FILE, help="A .pptx whose look slides take over."),
        click.option(
            "--date",
            "day",
            type=click.DateTime(["%Y-%m-%d"]),
            help="What the file is dated; today by default.",
        ),
        click.option(
            "--out",
            type=_FILE,
            required=True,
            help="The file, whose ending is the format; with --all a folder, or a folder and an "
            "ending (maps/*.svg).",
        ),
        click.option("--all", "every", is_flag=True, help="One file for each partnership."),
        click.option("--replace", is_flag=True, help="Write over files that are there."),
    ):
        command = option(command)
    return command


@click.command(short_help="Write maps, tables and reports as files.")
@click.argument("kind")
@_options
@workspace_option
@click.pass_context
def export(
    context: click.Context,
    /,
    kind: str,
    partnerships: tuple[str, ...],
    themes: tuple[str, ...],
    group_by: GroupBy,
    language: Language,
    day: dt.datetime | None,
    out: Path,
    workspace: Path | None,
    *,
    every: bool,
    replace: bool,
    **look: Any,  # noqa: ANN401 - what an order takes besides
) -> None:
    """Write a map, a table or a report as a file; its ending is the format.

    KIND is sheet (.pdf, .svg, .png), slides (.pptx), html (.html), table (.xlsx, .csv),
    geopackage (.gpkg, .geojson), text (.txt), portrait (.pdf, .docx), handout (.pdf, .pptx) or
    minutes (.docx). A handout and minutes are those of a --story, all others of the chosen
    partnerships; without any, of all of them.

    With --all, exits with 1 if a partnership could not be exported; the others are.

    \b
    Examples:
      geoapp export sheet --partnership pl-beskidzka-cwd --lang pl --out map.pdf
      geoapp export sheet --theme childcare --group-by status --paper a3 --out status.png
      geoapp export slides --partnership cz-sever --template office.pptx --out meeting.pptx
      geoapp export portrait --all --lang cs --out portraits
      geoapp export minutes --story first-meeting --out minutes.docx
    """
    from geoapp.workspace.exporting import OF_STORIES, chosen_layers, order_for
    from geoapp.workspace.preparing import prepare

    date = (day or dt.datetime.now().astimezone()).date()
    order = order_for(kind, _example(out, kind) if every else out.name, Choice(), language, date)
    if every and kind in OF_STORIES:
        raise RefusedError(f"a {kind} is that of a story; leave --all out and name a --story")
    if every and partnerships:
        raise RefusedError("--all takes every partnership; leave --partnership or --all out")
    opened = open_workspace(find_workspace(workspace))
    with progress_bar("Preparing") as progress:
        held = _Held(opened, prepare(opened, progress=progress))
    choice = Choice(
        partnerships=partnerships,
        group_by=group_by,
        layers=chosen_layers(held.atlas, themes),
    )
    order = replaced(order, choice=choice, **look)
    if every:
        context.exit(_export_all(held, order, out, replace=replace))
    _export_one(held, order, out, replace=replace)


def _example(out: Path, kind: str) -> str:
    """Return a name with the format of each file of a folder: the one it names, else the first."""
    from geoapp.workspace.exporting import ENDINGS

    if out.stem == "*":
        return out.name
    return f"{kind}{next((found[0] for name, found in ENDINGS.items() if name == kind), '')}"


def _export_one(held: _Held, order: Order, out: Path, *, replace: bool) -> None:
    from geoapp.workspace.exporting import export as make
    from geoapp.workspace.written_files import require_writable, write_file

    require_writable(out, replace=replace)
    with progress_bar("Exporting") as progress:
        content = make(held.workspace, held.atlas, order, progress=progress)
    write_file(out, content, replace=replace)
    click.echo(f"wrote {out}")


def _export_all(held: _Held, order: Order, out: Path, *, replace: bool) -> int:
    """Write a file for each partnership; return 1 where one was refused, else 0."""
    folder = out.parent if out.stem == "*" else out
    paths = {
        partnership.id: folder / f"{partnership.id}{order.ending}"
        for partnership in held.atlas.partnerships
    }
    _require_folder(folder)
    if not paths:
        raise RefusedError(f"{held.workspace.root.name}: has no partnership to export")
    there = [path.name for path in paths.values() if path.exists()]
    if there and not replace:
        raise RefusedError(
            f"{folder}: {len(there)} of the files are there already, such as {there[0]}; pass "
            "--replace to write them anew"
        )
    refused = {}
    with progress_bar("Exporting") as progress:
        for done, (slug, path) in enumerate(paths.items()):
            progress(done, len(paths), slug)
            reason = _written(held, order, slug, path, replace=replace)
            if reason:
                refused[slug] = reason
        progress(len(paths), len(paths))
    click.echo(f"wrote {len(paths) - len(refused)} files into {folder}")
    for slug, reason in refused.items():
        click.echo(f"error: {slug}: {reason}", err=True)
    return 1 if refused else 0


def _written(held: _Held, order: Order, slug: str, path: Path, *, replace: bool) -> str:
    """Write the file of one partnership; return why it was refused, or an empty text."""
    from geoapp.workspace.exporting import export as make
    from geoapp.workspace.written_files import write_file

    own = order.choice.model_copy(update={"partnerships": (slug,)})
    try:
        write_file(
            path, make(held.workspace, held.atlas, replaced(order, choice=own)), replace=replace
        )
    except GeoappError as error:
        return str(error)
    return ""


def _require_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise RefusedError(f"{folder}: expected a folder, found a file")
    if not folder.parent.is_dir():
        raise RefusedError(f"{folder.parent}: there is no such folder; make it first")
    folder.mkdir(exist_ok=True)
