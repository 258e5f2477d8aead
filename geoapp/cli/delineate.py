"""``geoapp delineate``: functional areas from a table of flows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
import geopandas as gpd
import pandas as pd

from geoapp.cli.options import progress_bar
from geoapp.core.functional.containment import containment_table
from geoapp.core.functional.contiguity import Borders, joined_up, shared_borders
from geoapp.core.functional.delineation import Delineation
from geoapp.core.functional.flows import FlowTable
from geoapp.core.functional.methods import METHODS, nearby_parameters
from geoapp.core.functional.methods import delineate as run_method
from geoapp.core.functional.progress import Progress
from geoapp.core.functional.report import delineation_report, unit_table
from geoapp.core.functional.stability import Stability
from geoapp.core.functional.stability import stability as run_stability
from geoapp.core.raw import refusal
from geoapp.errors import RefusedError
from geoapp.sources.flows import read_employed, read_flows
from geoapp.sources.gate import admit
from geoapp.workspace.delineation_export import method_note, write_delineation

Command = TypeVar("Command", bound=Callable[..., Any])

STOPS = ("q", "k", "la", "lw", "lm")
_STEPS = 1000
_FILE = click.Path(path_type=Path)


def _codes(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> tuple[str, ...] | None:
    if value is None:
        return None
    return tuple(code.strip() for code in value.split(",") if code.strip())


def _stop(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> tuple[str, float] | None:
    if value is None:
        return None
    if value in ("non-zero", "non_zero"):
        return "non-zero", 0.0
    rule, _, level = value.partition("=")
    try:
        return (rule, float(level)) if rule in STOPS else _no_stop(value)
    except ValueError:
        return _no_stop(value)


def _no_stop(value: str) -> tuple[str, float]:
    expected = "q=0.15, k=20, la=0.6, lw=0.9, lm=0.2 or non-zero"
    raise click.BadParameter(f"expected one like {expected}; found {value!r}")


_METHOD_OPTIONS = (
    click.option("--min-share", type=float, help="dominant-flow: least share of all outflows."),
    click.option("--option", type=int, help="flowbca: 1, 2 relative, 3, 4 absolute; 2, 4 mutual."),
    click.option(
        "--stop", callback=_stop, metavar="RULE", help="flowbca: q=0.15, k=20, non-zero …"
    ),
    click.option("--min-size", type=float, help="labour-market-areas: least employed residents."),
    click.option("--min-self-containment", type=float, help="labour-market-areas: its minimum."),
    click.option("--target-size", type=float, help="labour-market-areas: size that suffices."),
    click.option("--target-self-containment", type=float, help="labour-market-areas: its target."),
    click.option(
        "--ties",
        type=click.Choice(["residents", "code"]),
        help="labour-market-areas: what decides between equals.",
    ),
    click.option("--low", type=float, help="self-contained-areas: small end of the scale."),
    click.option("--high", type=float, help="self-contained-areas: large end of the scale."),
    click.option("--low-self-containment", type=float, help="self-contained-areas: large areas."),
    click.option("--high-self-containment", type=float, help="self-contained-areas: small areas."),
    click.option("--min-flow", type=float, help="self-contained-areas: ignore smaller flows."),
    click.option(
        "--cores",
        callback=_codes,
        metavar="CODES",
        help="functional-urban-areas: cores, comma between.",
    ),
    click.option("--threshold", type=float, help="functional-urban-areas: least share, 0.15."),
    click.option("--cut", type=float, help="commuting-zones: height of the cut, 0.98."),
    click.option("--regions", type=int, help="intramax: number of regions."),
)
_DATA_OPTIONS = (
    click.option("--origin", "origin", metavar="COLUMN", help="Column of origins."),
    click.option("--destination", metavar="COLUMN", help="Column of destinations."),
    click.option("--flow", metavar="COLUMN", help="Column of flows."),
    click.option("--residents", type=_FILE, help="Table of code and employed residents."),
    click.option("--boundaries", type=_FILE, help="Polygons of the units, for borders and maps."),
    click.option(
        "--boundaries-code", metavar="COLUMN", default="code", help="Their column of codes."
    ),
    click.option("--joined-up", is_flag=True, help="Move what is cut off to a neighbouring area."),
)
_RESULT_OPTIONS = (
    click.option(
        "--stability", "resamples", type=int, metavar="RUNS", help="Resample flows, 60 or more."
    ),
    click.option("--seed", type=int, default=0, show_default=True, help="Of the random numbers."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
    click.option("--out", type=_FILE, help="Write NAME.gpkg or NAME.csv with a method note."),
    click.option("--replace", is_flag=True, help="Write over files that are there."),
)


def _with(options: tuple[Callable[[Command], Command], ...]) -> Callable[[Command], Command]:
    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


@click.command(short_help="Find functional areas in a table of flows.")
@click.argument("table", metavar="FLOWS", type=_FILE)
@click.option("--method", type=click.Choice(list(METHODS)), required=True, help="How to delineate.")
@_with(_METHOD_OPTIONS)
@_with(_DATA_OPTIONS)
@_with(_RESULT_OPTIONS)
def delineate(
    table: Path,
    method: str,
    origin: str | None,
    destination: str | None,
    flow: str | None,
    residents: Path | None,
    boundaries: Path | None,
    boundaries_code: str,
    resamples: int | None,
    seed: int,
    out: Path | None,
    *,
    joined_up: bool,
    as_json: bool,
    replace: bool,
    **options: Any,  # noqa: ANN401  # the methods check their own parameters
) -> None:
    """Find functional areas in FLOWS, a table of origin, destination and flow.

    \b
    Examples:
      geoapp delineate flows.csv --method labour-market-areas --json
      geoapp delineate flows.csv --method flowbca --stop q=0.15 --stability 60
      geoapp delineate flows.csv --method functional-urban-areas --cores 2466011 --out fua.gpkg
    """
    named = {"origin": origin, "destination": destination, "flow": flow}
    shapes = None if boundaries is None else _boundaries(boundaries, boundaries_code)
    flows = read_flows(
        table,
        columns={ours: theirs for ours, theirs in named.items() if theirs},
        employed=None if residents is None else read_employed(residents),
        known=None if shapes is None else set(shapes.index),
    )
    borders = None if shapes is None else shared_borders(_in_metres(shapes))
    given = {"borders": borders} if method == "functional-urban-areas" else {}
    parameters = _parameters(method, options)
    with progress_bar(method) as bar:
        share = _as_share(bar)
        found = run_method(flows, method, parameters | given, progress=share)
        found = _joined_up(flows, found, borders) if joined_up else found
        stable = (
            _stability(flows, found, resamples, seed, given, share)
            if resamples is not None
            else None
        )
    report = delineation_report(flows, found, stable=stable)
    written: tuple[Path, ...] = ()
    if out is not None:
        settings = _settings(named, residents, boundaries, boundaries_code, joined_up=joined_up)
        note = method_note(report, table, seed=None if stable is None else seed, settings=settings)
        units = unit_table(flows, found, stable=stable)
        areas = containment_table(flows, found).reset_index()
        written = write_delineation(out, units, areas, note, boundaries=shapes, replace=replace)
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2, allow_nan=False))
    else:
        _print(report, written)


def _parameters(method: str, options: Mapping[str, object]) -> dict[str, object]:
    """Return what was asked for; an option of another method is refused by its name."""
    chosen = {name: value for name, value in options.items() if value is not None}
    if isinstance(rule := chosen.pop("stop", None), tuple):
        chosen |= {"stop": rule[0], "level": rule[1]}
    if method == "functional-urban-areas":
        chosen.setdefault("cores", ())
    return chosen


def _as_share(bar: Callable[[int, int, str], None]) -> Progress:
    return lambda share: bar(round(share * _STEPS), _STEPS, "")


def _joined_up(flows: FlowTable, found: Delineation, borders: Borders | None) -> Delineation:
    if borders is None:
        raise RefusedError(
            "--joined-up needs the borders of the units; give them with --boundaries"
        )
    return joined_up(flows, found, borders)[0]


def _stability(
    flows: FlowTable,
    found: Delineation,
    resamples: int,
    seed: int,
    given: Mapping[str, object],
    progress: Progress,
) -> Stability:
    return run_stability(
        flows,
        found,
        resamples=resamples,
        grid=nearby_parameters(found),
        seed=seed,
        given=given,
        progress=progress,
    )


def _boundaries(path: Path, column: str) -> gpd.GeoSeries:
    raw = admit(path)
    if raw.geometry is None or column not in raw.table:
        found = ", ".join(map(str, raw.table.columns[:12]))
        text = "Expected polygons with a column {column}; found the columns {found}."
        raise refusal(path.name, text, column=column, found=found or "none")
    codes = raw.table[column]
    if pd.api.types.is_float_dtype(codes):
        codes = codes.astype("Int64")
    index = pd.Index(codes.astype("string").str.strip(), name="code")
    if index.has_duplicates:
        text = "The code {code} belongs to several polygons; join them to one."
        raise refusal(path.name, text, code=index[index.duplicated()][0])
    return gpd.GeoSeries(raw.geometry, index=index.astype(object), crs=raw.crs or "EPSG:4326")


def _in_metres(shapes: gpd.GeoSeries) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=shapes.to_crs(shapes.estimate_utm_crs()))


def _settings(
    named: Mapping[str, str | None],
    residents: Path | None,
    boundaries: Path | None,
    boundaries_code: str,
    *,
    joined_up: bool,
) -> dict[str, object]:
    settings: dict[str, object] = {name: column for name, column in named.items() if column}
    if residents is not None:
        settings["residents"] = residents.name
    if boundaries is not None:
        settings |= {"boundaries": boundaries.name, "boundaries_code": boundaries_code}
    if joined_up:
        settings["joined_up"] = True
    return settings


def _print(report: Mapping[str, Any], written: tuple[Path, ...]) -> None:
    summary = report["summary"]
    click.echo(
        f"{report['method']}: {report['areas']} areas of {len(report['units'])} units, "
        f"{summary['single_unit_areas']} of a single unit"
    )
    for side, of_whom in (("supply", "residents work"), ("demand", "jobs are filled")):
        share = summary[f"{side}_self_containment"]
        if share is not None:
            click.echo(f"{share:.1%} of {of_whom} within the areas")
    for area in sorted(summary["areas"], key=lambda row: -row["residents"])[:20]:
        click.echo(f"  {area['area']}: {area['units']} units, {area['residents']:,.0f} residents")
    if report["reserve"]:
        click.echo(f"{len(report['reserve'])} units are in the reserve; --json tells why")
    click.echo(report["note"])
    for path in written:
        click.echo(f"wrote {path}")
