"""``geoapp links``: which municipalities one is functionally linked to, and how sure that is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import pandas as pd

from geoapp.cli.options import progress_bar, workspace_option
from geoapp.core.codes import unit_key
from geoapp.core.functional.contiguity import Borders
from geoapp.core.functional.declared import belonging_neighbours, join_and_leave, self_containment
from geoapp.core.functional.flows import FlowTable
from geoapp.core.functional.gravity import distance_km, modelled_flows
from geoapp.core.functional.links import WEIGHTS, Links
from geoapp.core.functional.report import plain
from geoapp.core.functional_words import LEAST_SCORE
from geoapp.core.partnership import Partnership
from geoapp.errors import RefusedError
from geoapp.sources.flows import read_flows
from geoapp.workspace.flows import between_municipalities
from geoapp.workspace.linking import municipal_links, real_borders
from geoapp.workspace.opening import Workspace, find_workspace, open_workspace
from geoapp.workspace.reach import load_reach, nearest_facility

_FILE = click.Path(path_type=Path)
NEAR_KM = 40
HYPOTHESIS = (
    "Without flows these links are modelled from size and distance: a working hypothesis. Only "
    "municipalities of the workspace can be named; a town nearby that is missing there is missing "
    "here."
)


def _weights(
    _context: click.Context, _option: click.Parameter, values: tuple[str, ...]
) -> dict[str, float]:
    weights = dict(WEIGHTS)
    for value in values:
        name, _, number = value.partition("=")
        try:
            weights[next(part for part in WEIGHTS if part == name)] = float(number)
        except (ValueError, StopIteration) as error:
            expected = ", ".join(WEIGHTS)
            raise click.BadParameter(
                f"expected NAME=NUMBER of {expected}; found {value!r}"
            ) from error
    return weights


@click.command(short_help="Rank the functional links of a municipality.")
@click.argument("code")
@workspace_option
@click.option("--flows", "table", type=_FILE, help="Observed flows: origin, destination, flow.")
@click.option(
    "--limit", type=click.IntRange(1), default=10, show_default=True, help="Links to show."
)
@click.option("--weight", "weights", multiple=True, callback=_weights, metavar="NAME=NUMBER")
@click.option(
    "--country-factor", type=float, default=1.0, help="For links across the border, 0..1."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def links(
    code: str,
    workspace: Path | None,
    table: Path | None,
    limit: int,
    weights: dict[str, float],
    country_factor: float,
    *,
    as_json: bool,
) -> None:
    """Rank the functional links of the municipality CODE, with every component visible.

    \b
    Examples:
      geoapp links 2417112
      geoapp links 2417112 --flows commuting.csv --json
      geoapp links 2417112 --weight labour=0.6 --weight travel=0
    """
    opened = open_workspace(find_workspace(workspace))
    places = opened.municipalities
    unit = unit_key(code)
    if unit is None or unit not in places.index:
        raise RefusedError(
            f"{code} is no municipality of {opened.root.name}; expected a code of "
            "data/municipalities.csv"
        )
    flows = None if table is None else between_municipalities(read_flows(table))
    with progress_bar("Reading borders") as progress:
        real = real_borders(opened, progress=progress)
    borders = None if real is None else real.borders
    reach = load_reach(opened)
    found = municipal_links(
        opened,
        unit,
        real,
        reach,
        flows=flows,
        weights=weights,
        country_factor=country_factor,
    )
    report = _report(opened, unit, found, limit)
    report["nearest_facility"] = nearest_facility(opened, reach, unit)
    report["partnerships"] = _partnerships(opened, unit, flows, borders)
    if as_json:
        click.echo(json.dumps(plain(report), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        _print(report)


def _report(workspace: Workspace, unit: str, found: Links, limit: int) -> dict[str, Any]:
    names = workspace.municipalities["name"]
    rows = []
    for other, row in found.table[found.table["score"] >= LEAST_SCORE].head(limit).iterrows():
        components = {
            name: {"forth": row[name], "back": row[f"{name}_back"], "status": found.status[name]}
            for name in found.status
        }
        rows.append(
            {
                "code": other,
                "name": names.get(str(other)),
                "score": row["score"],
                "score_back": row["score_back"],
                "stronger": bool(row["stronger"]),
                "components": components,
            }
        )
    notes = [str(note) for note in found.notes]
    return {
        "code": unit,
        "name": names[unit],
        "criterion": found.criterion,
        "weights": found.weights,
        "missing": list(found.missing),
        "links": rows,
        "confidence": None if found.confidence is None else asdict(found.confidence),
        "note": " ".join([*notes, HYPOTHESIS] if found.confidence else notes),
    }


def _partnerships(
    workspace: Workspace, unit: str, flows: FlowTable | None, borders: Borders | None
) -> list[dict[str, Any]]:
    """Score the declared partnerships of a municipality on its flows, or on modelled ones."""
    own = [found for found in workspace.partnerships if unit in {m.unit for m in found.members}]
    if not own:
        return []
    used = modelled_flows(workspace.municipalities, borders=borders) if flows is None else flows
    return [_scored(workspace, found, used, borders, observed=flows is not None) for found in own]


def _scored(
    workspace: Workspace,
    partnership: Partnership,
    flows: FlowTable,
    borders: Borders | None,
    *,
    observed: bool,
) -> dict[str, Any]:
    members = [member.unit for member in partnership.members if member.unit]
    known = [member for member in members if member in flows.positions()]
    base: dict[str, Any] = {
        "id": partnership.id,
        "status": "observed" if observed else "modelled",
        "members": len(members),
        "members_with_flows": len(known),
    }
    if not known:
        return base
    contained = self_containment(flows, known)
    neighbours = belonging_neighbours(flows, known, borders=borders)
    changes = join_and_leave(flows, known, candidates=neighbours)
    return {
        **base,
        "supply_self_containment": contained.supply,
        "demand_self_containment": contained.demand,
        "belonging_neighbours": list(neighbours),
        "changes": changes.reset_index().to_dict(orient="records"),
        "note": "" if observed else _blind_spot(workspace.municipalities, known),
    }


def _blind_spot(places: pd.DataFrame, members: list[str]) -> str:
    """Say so where a model cannot find links to the outside because nothing there is known."""
    inside = places.loc[members].dropna(subset=["lon", "lat"])
    outside = places.drop(index=members).dropna(subset=["lon", "lat", "population"])
    near = sum(
        bool(
            (
                distance_km(inside["lon"].to_numpy(), inside["lat"].to_numpy(), lon, lat) < NEAR_KM
            ).any()
        )
        for lon, lat in zip(outside["lon"], outside["lat"], strict=True)
    )
    if near >= len(inside):
        return ""
    return (
        f"The workspace knows {near} municipalities outside within {NEAR_KM} km of {len(inside)} "
        "members: links to others cannot be modelled, so the self-containment is too high."
    )


def _print(report: Mapping[str, Any]) -> None:
    click.echo(f"{report['name']} ({report['code']}), links by strength:")
    for link in report["links"]:
        parts = ", ".join(
            f"{name} {_shown(part['forth'])} ({part['status']})"
            for name, part in link["components"].items()
        )
        stronger = "stronger" if link["stronger"] else "not stronger"
        click.echo(
            f"  {_shown(link['score'])}  {link['name']} ({link['code']}), {stronger}: {parts}"
        )
    if report["missing"]:
        click.echo(f"not known and left out: {', '.join(report['missing'])}")
    if nearest := report["nearest_facility"]:
        click.echo(f"the facility nearest to its seat lies in {nearest}")
    if sure := report["confidence"]:
        click.echo(
            f"{sure['agreeing']} of {sure['variants']} variants of the model agree on the first "
            f"labour link; with such agreement it was right in {sure['first_right']:.0%} of "
            f"measured cases and among the top three in {sure['in_top_three']:.0%}"
        )
    for found in report["partnerships"]:
        share = found.get("supply_self_containment")
        if share is not None:
            what = f"{share:.0%} of {found['status']} links stay inside"
            click.echo(f"{found['id']}: {found['note'] or what}")
    click.echo(report["note"])


def _shown(value: float | None) -> str:
    return "unknown" if value is None or value != value else f"{value:.2f}"
