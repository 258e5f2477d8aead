"""The documentation tells the truth: its links, commands, fields, files and examples are tried."""

from __future__ import annotations

import math
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

import click
import geopandas as gpd
import pytest
import shapely
from click.testing import CliRunner

from geoapp.cli import commands
from geoapp.core.flowspec import FlowColumns, FlowSpec
from geoapp.core.layer import Columns, LayerSpec, LayerStyle, Retrieval
from geoapp.core.mapspec import BaseMap
from geoapp.core.partnership import Declared, Figure, Group, Member, Partnership, told_in
from geoapp.core.status import StatusRow
from geoapp.core.value import Value
from geoapp.sources.registry import MunicipalityRow
from geoapp.workspace.info import workspace_info
from geoapp.workspace.opening import open_workspace
from geoapp.workspace.preparing import prepare

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted(
    [
        REPOSITORY / "README.md",
        REPOSITORY / "data/README.md",
        *(REPOSITORY / "docs").rglob("*.md"),
    ]
)
GUIDE = REPOSITORY / "docs/guide.md"
WORKSPACE = REPOSITORY / "docs/workspace.md"
DATA = REPOSITORY / "data/README.md"

FENCED = re.compile(r"^```(\w*) ?(\S*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")

MODELS: dict[str, type[Value]] = {
    "Municipality": MunicipalityRow,
    "Partnership": Partnership,
    "Declared figures": Declared,
    "Figure": Figure,
    "Member": Member,
    "Group": Group,
    "Status": StatusRow,
    "Layer": LayerSpec,
    "Columns": Columns,
    "Style": LayerStyle,
    "Retrieval": Retrieval,
    "Flow table": FlowSpec,
    "Flow columns": FlowColumns,
    "Background map": BaseMap,
}

each_document = pytest.mark.parametrize(
    "document", PAGES, ids=[page.relative_to(REPOSITORY).as_posix() for page in PAGES]
)


class Block(NamedTuple):
    """A fenced block: its language, the file it shows, and its text."""

    language: str
    file: str
    text: str


def blocks(page: Path) -> list[Block]:
    return [Block(*found) for found in FENCED.findall(page.read_text("utf-8"))]


def prose(page: Path) -> str:
    return FENCED.sub("", page.read_text("utf-8"))


def anchors(page: Path) -> set[str]:
    """The names of the headings, made as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


@each_document
def test_every_local_link_leads_somewhere(document: Path) -> None:
    targets = [found for found in LINK.findall(prose(document)) if "://" not in found]
    lost = []
    for target in targets:
        path, _, anchor = target.partition("#")
        aimed = (document.parent / path).resolve() if path else document
        if not aimed.exists() or (anchor and anchor not in anchors(aimed)):
            lost.append(target)
    assert lost == []


def test_every_picture_is_shown_and_small() -> None:
    shown = {
        (page.parent / target).resolve()
        for page in PAGES
        for target in LINK.findall(prose(page))
        if target.endswith(".png")
    }
    pictures = set((REPOSITORY / "docs/pictures").glob("*.png"))
    assert shown == pictures
    assert {path.name for path in pictures if path.stat().st_size > 150_000} == set()


def commands_in_blocks(page: Path) -> list[str]:
    lines = [line for block in blocks(page) for line in block.text.splitlines()]
    return [line for line in lines if line.startswith("geoapp ")]


@each_document
def test_every_command_in_a_block_can_be_called(document: Path) -> None:
    for line in commands_in_blocks(document):
        resolve(shlex.split(line, comments=True)[1:])


@each_document
def test_every_command_in_a_sentence_exists(document: Path) -> None:
    mentioned = [found for found in CODE.findall(prose(document)) if found.startswith("geoapp ")]
    for text in mentioned:
        words = shlex.split(text)[1:]
        command, _ = find_command([word for word in words if not word.startswith("-")])
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= known, text


def find_command(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that words begin with, and the rest of them."""
    command: click.Command = commands
    while isinstance(command, click.Group) and words:
        name, words = words[0], words[1:]
        found = command.get_command(click.Context(command), name)
        assert found is not None, f"there is no command {name}"
        command = found
    return command, words


def resolve(words: list[str]) -> None:
    """Parse a command line as a call would, without calling it."""
    command, rest = find_command(words)
    command.make_context(command.name, rest)


def field_tables(page: Path) -> dict[str, list[list[str]]]:
    """The rows of the table of fields under each heading, as cells."""
    sections = re.split(r"^#{2,3} ", page.read_text("utf-8"), flags=re.MULTILINE)[1:]
    tables = {}
    for section in sections:
        lines = [line for line in section.splitlines() if line.startswith("|")]
        if lines and lines[0].startswith("| field "):
            cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines[2:]]
            tables[section.splitlines()[0]] = [[cell.strip() for cell in row] for row in cells]
    return tables


def test_workspace_page_has_a_table_for_every_model() -> None:
    assert set(field_tables(WORKSPACE)) == set(MODELS)


@pytest.mark.parametrize("heading", MODELS)
def test_workspace_page_tells_exactly_the_fields_there_are(heading: str) -> None:
    rows = field_tables(WORKSPACE)[heading]
    model = MODELS[heading]
    assert [row[0] for row in rows] == [f"`{name}`" for name in model.model_fields]
    for (_, required, default, form, meaning), (name, field) in zip(
        rows, model.model_fields.items(), strict=True
    ):
        assert required == ("yes" if field.is_required() else ""), name
        assert default == (
            "" if field.is_required() else shown(field.get_default(call_default_factory=True))
        ), name
        told = set(CODE.findall(form + meaning))
        assert allowed(field.annotation) <= told, name


def shown(default: object) -> str:
    """A default as the page writes it; a dash for "not stated"."""
    if default in (None, "", ()) or default == {} or isinstance(default, Value):
        return "–"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def allowed(annotation: Any) -> set[str]:
    """The words a field may hold; languages are told once, at the top of the page."""
    if get_origin(annotation) is Literal:
        return {word for word in get_args(annotation) if isinstance(word, str)}
    return {word for part in get_args(annotation) for word in allowed(part)} - {"pl", "cs", "en"}


def data_rows() -> list[str]:
    return [line for line in DATA.read_text("utf-8").splitlines() if line.startswith("| `")]


def test_data_page_names_every_file() -> None:
    text = DATA.read_text("utf-8")
    files = [path.name for path in (REPOSITORY / "data").rglob("*.*") if path != DATA]
    assert [name for name in files if f"`{name}`" not in text] == []


LAYERS = {
    path.stem: tomllib.loads(path.read_text("utf-8"))
    for path in sorted((REPOSITORY / "layers").glob("*.toml"))
}


@pytest.mark.parametrize("spec", LAYERS.values(), ids=LAYERS)
def test_data_page_agrees_with_layers(spec: dict[str, Any]) -> None:
    row = next(row for row in data_rows() if f"`{Path(spec['file']).name}`" in row)
    assert f"| {spec['date']} |" in row
    assert row.endswith(f"| {told_in(spec['licence'], 'en')} |")
    assert ("illustrative" in row) == spec.get("illustrative", False)
    assert ("schematic borders" in row) == spec.get("schematic", False)


def test_data_page_agrees_with_partnerships() -> None:
    rows = {row.split("`")[1]: row for row in data_rows()}
    found = open_workspace(REPOSITORY).partnerships
    for partnership in found:
        cells = [cell.strip() for cell in rows[f"{partnership.id}.toml"].split("|")]
        assert cells[3] == partnership.as_of
        municipalities = [member.unit for member in partnership.members if member.unit]
        assert sum(int(part) for part in cells[4].split(" + ")) == len(municipalities)
        declared = partnership.declared.members
        assert cells[5] == (f"{declared.value:.0f}" if declared else "–")
    assert {path.stem for path in (REPOSITORY / "data/partnerships").iterdir()} == {
        partnership.id for partnership in found
    }


def test_readme_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOAPP_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(REPOSITORY)
    examples = [
        block.text for block in blocks(REPOSITORY / "README.md") if block.language == "python"
    ]
    assert len(examples) == 1
    known: dict[str, Any] = {}
    exec(compile(examples[0], "README.md", "exec"), known)  # noqa: S102 - our own example
    assert known["spec"].layers[-1].slug == "municipalities"
    assert known["spec"].language == "pl"


def test_guide_leads_to_a_working_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything the chapter on own data shows is done, in its order."""
    monkeypatch.setenv("GEOAPP_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    for block in own_data_blocks():
        if block.file:
            assert Path(block.file).parent.is_dir()
            Path(block.file).write_text(block.text, "utf-8")
            continue
        for line in block.text.splitlines():
            program, *words = shlex.split(line, comments=True)
            if program == "cd":
                monkeypatch.chdir(words[0])
                write_geodata()
            elif words[0] != "serve":
                assert program == "geoapp"
                done = runner.invoke(commands, words, catch_exceptions=False)
                assert done.exit_code == 0, done.output
    atlas = prepare(open_workspace(tmp_path / "my-region"))
    info = workspace_info(atlas)
    assert info["problems"] == []
    assert info["schematic"] is True
    assert {layer["slug"] for layer in info["layers"]} == {
        *("boundaries-schematic", "boundaries-pl"),
        *("cycle-routes", "childcare", "broadband"),
    }
    [partnership] = info["partnerships"]
    assert partnership["population"] == 8230 + 4113 + 9667
    assert partnership["statuses"] == {"at-risk": 1, "unknown": 2}
    assert [flows.slug for flows in atlas.flows] == ["commuting"]
    figures = atlas.figures.set_index(["unit", "theme", "quantity"])["value"]
    assert figures["241711", "broadband", "value"] == 71.9
    assert figures["241714", "childcare", "facilities"] == 0
    assert figures["241711", "cycle-routes", "length_km"] == pytest.approx(3.6, abs=0.1)
    # the borders of Milówka are schematic still, and no measure for a real route
    assert math.isnan(figures["241709", "cycle-routes", "length_km"])


def own_data_blocks() -> list[Block]:
    text = GUIDE.read_text("utf-8")
    chapter = text[text.index("\n## Your own data") : text.index("\n## Running it")]
    return [Block(*found) for found in FENCED.findall(chapter)]


def write_geodata() -> None:
    """The files that a planner has and the guide only names: borders of two gminas, a route."""
    boxes = [shapely.box(19.0, 49.4, 19.1, 49.5), shapely.box(19.1, 49.4, 19.2, 49.5)]
    codes = {"JPT_KOD_JE": ["2417112", "2417142"], "JPT_NAZWA_": ["Rajcza", "Ujsoły"]}
    gpd.GeoDataFrame(codes, geometry=boxes, crs="EPSG:4326").to_crs(2180).to_file("gminy.gpkg")
    route = shapely.LineString([(19.05, 49.45), (19.15, 49.45)])
    frame = gpd.GeoDataFrame({"nazwa": ["Soła"]}, geometry=[route], crs="EPSG:4326")
    # the driver zips what is called so
    frame.to_file("trasy.shp.zip")
    Path("trasy.shp.zip").replace("trasy.zip")
