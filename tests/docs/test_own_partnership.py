"""The page "Your own partnership in 20 minutes", followed literally in a fresh folder.

The publishers it asks are played by a server on this machine that speaks their protocols.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import shapely
from click.testing import CliRunner

from geoapp.cli import commands
from geoapp.workspace.opening import open_workspace
from geoapp.workspace.preparing import prepare

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs/your-own-partnership.md"
FENCED = re.compile(r"^```(\w*) ?(\S*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
GMINAS = {
    "2417112": ("Rajcza", shapely.box(19.0, 49.4, 19.12, 49.52)),
    "2417142": ("Ujsoły", shapely.box(19.12, 49.4, 19.2, 49.52)),
    "2417092": ("Milówka", shapely.box(19.0, 49.52, 19.2, 49.6)),
}


@pytest.fixture
def publishers(server: Any, serving: ModuleType) -> str:
    """The address of the publishers that the page asks."""
    features = [
        serving.Feature({"JPT_KOD_JE": code, "JPT_NAZWA_": name}, shapely.MultiPolygon([shape]))
        for code, (name, shape) in GMINAS.items()
    ]
    server.at("/prg", serving.wfs_answer(features))
    json_type = {"Content-Type": "application/json"}
    server.at("/overpass", serving.Answer(openstreetmap(), headers=json_type))
    return str(server.address)


def openstreetmap() -> bytes:
    """A cycle route from Rajcza into Ujsoły, a street, and a kindergarten in Rajcza."""
    places = {1: (19.06, 49.45), 2: (19.12, 49.45), 3: (19.18, 49.45), 4: (19.06, 49.46)}
    nodes = [{"type": "node", "id": n, "lon": x, "lat": y} for n, (x, y) in places.items()]
    nursery = {"amenity": "kindergarten", "name": "Leśne", "capacity": "40"}
    nodes.append({"type": "node", "id": 9, "lon": 19.05, "lat": 49.44, "tags": nursery})
    ways = [
        {"type": "way", "id": 5, "nodes": [1, 2]},
        {"type": "way", "id": 6, "nodes": [2, 3]},
        {"type": "way", "id": 7, "nodes": [1, 4], "tags": {"highway": "residential"}},
    ]
    members = [{"type": "way", "ref": ref, "role": ""} for ref in (5, 6)]
    tags = {"type": "route", "route": "bicycle", "network": "lcn", "name": "Soła"}
    route = {"type": "relation", "id": 8, "members": members, "tags": tags}
    base = {"osm3s": {"timestamp_osm_base": "2026-11-20T05:06:07Z"}, "version": 0.6}
    return json.dumps(base | {"elements": [route, *ways, *nodes]}).encode()


def test_the_page_leads_from_an_empty_folder_to_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, publishers: str
) -> None:
    monkeypatch.setenv("GEOAPP_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    told = []
    for _language, file, text in FENCED.findall(PAGE.read_text("utf-8")):
        if file:
            assert Path(file).parent.is_dir()
            Path(file).write_text(text, "utf-8")
            continue
        for line in text.splitlines():
            program, *words = shlex.split(line)
            if program == "cd":
                monkeypatch.chdir(words[0])
                redirect(publishers)
            elif words[0] != "serve":
                done = CliRunner().invoke(commands, words, catch_exceptions=False)
                assert done.exit_code == 0, done.output
                told.append(done.stdout)
    assert [text for text in told if "problems: " in text] == ["problems: 0, remarks: 0\n"] * 2
    assert_figures(told[-1])
    atlas = prepare(open_workspace())
    assert not atlas.schematic
    assert {layer.spec.slug for layer in atlas.themes} >= {
        "cycle-routes",
        "local-roads",
        "childcare",
    }


def redirect(address: str) -> None:
    """Send to this machine what the registry of sources sends to the publishers."""
    Path("sources.toml").write_text(
        f'[prg-gminy]\naddress = "{address}/prg"\npause_seconds = 0\n'
        f'[overpass]\naddress = "{address}/overpass"\npause_seconds = 0\n',
        "utf-8",
    )


def assert_figures(childcare: str) -> None:
    rows = list(csv.DictReader(io.StringIO(Path("routes.csv").read_text("utf-8-sig"))))
    kilometres = {row["name"]: row["length_km"] for row in rows}
    # four and a half kilometres on each side of the border, and nothing known of Milówka
    assert float(kilometres["Rajcza"]) == pytest.approx(4.35, abs=0.05)
    assert float(kilometres["Ujsoły"]) == pytest.approx(4.35, abs=0.05)
    assert kilometres["Milówka"] == ""
    (partnership,) = json.loads(childcare)["rows"]
    assert (partnership["facilities"], partnership["places"]) == (1, 40)
