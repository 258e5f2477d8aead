"""``geoapp pull``: bring official and open data into the workspace, from where it is published."""

from __future__ import annotations

from pathlib import Path

import click

from geoapp.cli.options import progress_bar, workspace_option
from geoapp.errors import printable
from geoapp.sources.remote.registry import RemoteSource
from geoapp.workspace.changes import Changes
from geoapp.workspace.pulling import Pulled, PullPlan, known_sources, plan_pull
from geoapp.workspace.pulling import pull as pull_source
from geoapp.workspace.replacing import PulledInto


@click.command(short_help="Bring in official and open data.")
@click.argument("source", required=False)
@workspace_option
@click.option("--area", metavar="AREA", help="Partnerships, municipality codes, or PL, CZ.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be fetched.")
@click.option("--replace", is_flag=True, help="Replace layers of another origin or a larger area.")
@click.option("--list", "list_sources", is_flag=True, help="List the sources there are.")
def pull(
    source: str | None,
    workspace: Path | None,
    area: str | None,
    *,
    dry_run: bool,
    replace: bool,
    list_sources: bool,
) -> None:
    """Fetch the data of SOURCE for an area, check it, and write it as layers.

    AREA is a partnership of the workspace, codes of municipalities, several of these with commas
    between them, or a whole country: PL, CZ or PL,CZ.

    An interrupted pull goes on where it stopped when it is called again.

    \b
    Examples:
      geoapp pull --list
      geoapp pull prg-gminy --area pl-beskidzka-cwd
      geoapp pull ruian-obce --area cz-sever,562777
      geoapp pull osm --area pl-beskidzka-cwd --dry-run
    """
    if list_sources:
        for known in known_sources(workspace):
            _tell_source(known)
        return
    if source is None or area is None:
        missing = "SOURCE" if source is None else "--area"
        raise click.UsageError(f"Missing {missing}. List the sources with: geoapp pull --list.")
    if dry_run:
        _tell_plan(plan_pull(workspace, source, area, replace_existing=replace))
        return
    with progress_bar(f"Pulling {source}") as progress:
        pulled = pull_source(workspace, source, area, replace_existing=replace, progress=progress)
    _tell_pulled(pulled)


def _tell_source(source: RemoteSource) -> None:
    click.echo(f"{source.slug}: {source.name('en')} ({', '.join(source.countries)})")
    click.echo(f"  {source.licence}; {source.address}")


def _tell_plan(plan: PullPlan) -> None:
    click.echo(f"{plan.source} for {plan.area}{_how_many(plan.municipalities)} would fetch:")
    for document in plan.documents:
        size = "size not known" if document.size is None else _size(document.size)
        kept = ", unchanged since it was fetched last" if document.kept else ""
        click.echo(f"  {document.label}: {document.address} ({size}{kept})")
    if plan.more:
        click.echo("  and further pages, as the answers require")


def _tell_pulled(pulled: Pulled) -> None:
    click.echo(
        f"pulled {pulled.source} for {pulled.area}{_how_many(pulled.municipalities)}: "
        f"{pulled.documents} {'answer' if pulled.documents == 1 else 'answers'}, "
        f"{_size(pulled.size)}"
    )
    for layer in pulled.layers:
        _tell_layer(layer)


def _tell_layer(layer: PulledInto) -> None:
    if not layer.files:
        click.echo(f"{layer.slug}: the source has nothing there; nothing was changed")
    for file in layer.files:
        click.echo(f"wrote {file}")
    for file in layer.removed:
        click.echo(f"removed {file}")
    if layer.files:
        click.echo(f"{layer.slug}: {_told(layer.changes)}")
    for found in layer.problems:
        click.echo(f"{found.severity}: {found.problem()}")


def _told(changes: Changes) -> str:
    if not changes.compared:
        return f"{changes.features} features"
    counted = [
        f"{number} {what}{_some(names, number)}"
        for number, what, names in (
            (changes.added, "added", changes.added_names),
            (changes.removed, "removed", changes.removed_names),
            (changes.changed, "changed", changes.changed_names),
        )
        if number
    ]
    against = ", ".join(counted) or "nothing changed"
    return f"{changes.features} features; since the last pull: {against}"


def _some(names: tuple[str, ...], number: int) -> str:
    more = ", …" if number > len(names) else ""
    return printable(f" ({', '.join(names)}{more})")


def _how_many(municipalities: int | None) -> str:
    if municipalities is None:
        return ""
    return f" ({municipalities} {'municipality' if municipalities == 1 else 'municipalities'})"


def _size(size: int) -> str:
    """Write a number of bytes as a person would.

    >>> _size(900), _size(48_200), _size(190_000_000)
    ('900 bytes', '48 kB', '190 MB')
    """
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:.0f} MB"
