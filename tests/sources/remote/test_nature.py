"""Registers of protected areas, from their answers to the map."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pyogrio
import pytest
import shapely

from geoapp.sources.layer_file import load_layer
from geoapp.sources.remote.fetching import Patience
from geoapp.workspace.opening import open_workspace
from geoapp.workspace.preparing import prepare
from geoapp.workspace.pulling import pull

QUICK = Patience(first_wait_seconds=0.01, longest_wait_seconds=0.1, attempts=2, read_seconds=10)


@pytest.fixture
def pulling(server: Any, serving: ModuleType, workspace_root: Path, tmp_path: Path) -> Any:
    """Pull protected areas of Rajcza and Ujsoły from a register; returns what was pulled."""

    def run(source: str, area: str, service: Any, kinds: dict[str, list[Any]]) -> Any:
        def answering(request: Any) -> Any:
            found = kinds[request.query["TYPENAMES"]]
            return serving.wfs_answer(found, service)(request)

        types = ", ".join(f'"{kind}"' for kind in kinds)
        address = server.at("/wfs", answering)
        lines = f'[{source}]\naddress = "{address}"\ntypes = [{types}]\npause_seconds = 0\n'
        (workspace_root / "sources.toml").write_text(lines, "utf-8")
        return pull(workspace_root, source, area, store=tmp_path / "store", patience=QUICK)

    return run


def box(*corners: float) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([shapely.box(*corners)])


def test_protected_areas_carry_their_name_and_form(
    pulling: Callable[..., Any], serving: ModuleType, workspace_root: Path, tmp_path: Path
) -> None:
    def feature(code: str, name: str, *corners: float) -> Any:
        return serving.Feature({"kodinspire": code, "nazwa": name}, box(*corners))

    kinds = {
        "GDOS:ParkiKrajobrazowe": [
            feature("PL.1", "Żywiecki Park", 19.0, 49.4, 19.05, 49.5),
            feature("PL.2", "Żywiecki Park - otulina", 19.05, 49.4, 19.1, 49.5),
        ],
        "GDOS:Rezerwaty": [feature("PL.3", "Oszast", 19.02, 49.42, 19.04, 49.44)],
        "GDOS:Inne": [feature("PL.4", "Otulinka", 19.1, 49.4, 19.15, 49.5)],
    }
    pulled = pulling("nature-pl", "241711,241714,241709", serving.Service(), kinds)
    (layer,) = pulled.layers
    (told,) = [
        problem.problem().sentence() for problem in layer.problems if "buffer" in problem.text
    ]
    assert told.startswith("1 buffer zones")
    assert told.endswith("Żywiecki Park - otulina.")
    spec = next(s for s in open_workspace(workspace_root).layers if s.slug == "protected-nature-pl")
    assert sorted(load_layer(workspace_root, spec).frame["name"]) == [
        "Oszast",
        "Otulinka",
        "Żywiecki Park",
    ]
    atlas = prepare(open_workspace(workspace_root), store=tmp_path / "store")
    own = atlas.figures[atlas.figures["layer"] == "protected-nature-pl"].set_index("unit")["value"]
    assert own["241711"] == pytest.approx(50, abs=0.2)
    assert own["241709"] == pytest.approx(0, abs=1e-3)
    forms = read_forms(workspace_root / spec.file)
    assert forms == {
        "Żywiecki Park": "park krajobrazowy",
        "Oszast": "rezerwat przyrody",
        "Otulinka": "Inne",
    }


def test_czech_areas_come_in_the_czech_system(
    pulling: Callable[..., Any], serving: ModuleType, workspace_root: Path, tmp_path: Path
) -> None:
    service = serving.Service(srs="urn:ogc:def:crs:EPSG::5514", epsg=5514, swapped=False)
    area = serving.Feature(
        {"KOD": "CZ0421", "NAZEV": "Labské pískovce"}, box(14.5, 50.9, 14.55, 51)
    )
    pulled = pulling("nature-cz", "cz-sever", service, {"Opendata:Ptaci_oblasti": [area]})
    assert pulled.layers[0].changes.features == 1
    path = workspace_root / "data/themes/protected-nature-cz.fgb"
    assert read_forms(path, "NAZEV") == {"Labské pískovce": "ptačí oblast"}


def test_where_nothing_is_protected_nothing_is_written(
    pulling: Callable[..., Any], serving: ModuleType
) -> None:
    pulled = pulling("nature-pl", "241711,241714,241709", serving.Service(), {"GDOS:Rezerwaty": []})
    assert pulled.layers[0].files == ()


def read_forms(path: Path, name: str = "nazwa") -> dict[str, str]:
    table = pyogrio.read_dataframe(path)
    return dict(zip(table[name], table["form"], strict=True))
