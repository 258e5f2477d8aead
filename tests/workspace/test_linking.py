from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from geoapp.core.functional.flows import flow_table
from geoapp.core.partnership import Partnership
from geoapp.errors import RefusedError
from geoapp.workspace import linking
from geoapp.workspace.linking import (
    RealBorders,
    infrastructure_links,
    located,
    memberships,
    municipal_links,
    real_borders,
)
from geoapp.workspace.opening import Workspace, open_workspace

RAJCZA, UJSOLY, MILOWKA, LEKAWICA = "241711", "241714", "241709", "241708"
RUMBURK, SLUKNOV, LODYGOWICE = "562777", "562858", "241707"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def workspace(
    write_workspace: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory
) -> Workspace:
    return open_workspace(write_workspace(tmp_path_factory.mktemp("linking") / "workspace"))


@pytest.fixture(scope="module")
def real(workspace: Workspace, store: Path) -> RealBorders:
    found = real_borders(workspace, store=store)
    assert found is not None
    return found


def test_only_real_borders_prove_neighbours(real: RealBorders) -> None:
    # the Czech ones are schematic
    assert set(real.kept.table.index) == {RAJCZA, UJSOLY, MILOWKA, LEKAWICA}
    pairs = {frozenset((a, b)): km for a, b, km in real.borders.pairs}
    assert set(pairs) >= {frozenset((RAJCZA, UJSOLY)), frozenset((RAJCZA, MILOWKA))}
    assert frozenset((RAJCZA, LEKAWICA)) not in pairs  # they meet in a point
    assert pairs[frozenset((RAJCZA, UJSOLY))] == pytest.approx(11.1, abs=0.2)
    assert real.crs.axis_info[0].unit_name == "metre"


def test_neighbours_are_worked_out_once(
    workspace: Workspace, store: Path, real: RealBorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("worked out again")

    monkeypatch.setattr(linking, "shared_borders", refuse)
    told: list[tuple[int, int, str]] = []
    again = real_borders(workspace, store=store, progress=lambda *step: told.append(step))
    assert again is not None
    assert again.borders == real.borders
    assert told == [(0, 1, "borders-pl")]


def test_without_real_borders_there_are_none(workspace_root: Path, store: Path) -> None:
    (workspace_root / "layers/borders-pl.toml").unlink()
    assert real_borders(open_workspace(workspace_root), store=store) is None


def test_a_route_across_the_border_is_infrastructure(
    workspace: Workspace, store: Path, real: RealBorders
) -> None:
    found = infrastructure_links(workspace, RAJCZA, real, store=store)
    assert found is not None
    # the trail leads from Rajcza into Ujsoły, and nowhere else
    assert found.forth[UJSOLY] > 0
    assert found.forth[[MILOWKA, LEKAWICA]].tolist() == [0, 0]
    assert RAJCZA not in found.forth.index
    pd.testing.assert_series_equal(found.forth, found.back)


def test_made_up_lines_are_no_infrastructure(workspace_root: Path, store: Path) -> None:
    trails = workspace_root / "layers/trails.toml"
    described = trails.read_text("utf-8").replace("measure =", "illustrative = true\nmeasure =")
    trails.write_text(described, "utf-8")
    opened = open_workspace(workspace_root)
    real = real_borders(opened, store=store)
    assert real is not None
    assert infrastructure_links(opened, RAJCZA, real, store=store) is None


def test_a_broken_layer_of_lines_is_not_counted(workspace_root: Path, store: Path) -> None:
    (workspace_root / "data/themes/trails.geojson").write_text("{", "utf-8")
    opened = open_workspace(workspace_root)
    real = real_borders(opened, store=store)
    assert real is not None
    assert infrastructure_links(opened, RAJCZA, real, store=store) is None


def test_where_borders_are_not_real_nothing_crosses_them(
    workspace: Workspace, store: Path, real: RealBorders
) -> None:
    assert infrastructure_links(workspace, RUMBURK, real, store=store) is None
    links = municipal_links(workspace, RUMBURK, real, store=store)
    assert links.missing == ("services", "infrastructure")


def test_links_hold_every_component_that_is_known(
    workspace: Workspace, store: Path, real: RealBorders
) -> None:
    links = municipal_links(workspace, UJSOLY, real, store=store)
    assert links.table.index[0] == RAJCZA
    assert links.missing == ("services",)
    assert dict(links.status) == {
        "labour": "modelled",
        "infrastructure": "observed",
        "travel": "straight line",
        "institutions": "registry",
    }
    assert links.confidence is not None
    assert LODYGOWICE not in links.table.index  # nobody knows where it lies


def test_flows_take_the_place_of_the_model_across_the_border(
    workspace: Workspace, store: Path, real: RealBorders
) -> None:
    rows = [(UJSOLY, UJSOLY, 50), (UJSOLY, RUMBURK, 30), (UJSOLY, RAJCZA, 20), (UJSOLY, "X", 100)]
    flows = flow_table(pd.DataFrame(rows, columns=["origin", "destination", "flow"]))
    links = municipal_links(workspace, UJSOLY, real, flows=flows, store=store)
    assert links.confidence is None
    assert links.table.loc[[RUMBURK, RAJCZA], "labour"].tolist() == [0.15, 0.1]
    assert pd.isna(links.table.loc[SLUKNOV, "labour"])


def test_a_municipality_that_flows_do_not_know_is_modelled(workspace: Workspace) -> None:
    rows = [(RAJCZA, RAJCZA, 50), (RAJCZA, UJSOLY, 50)]
    flows = flow_table(pd.DataFrame(rows, columns=["origin", "destination", "flow"]))
    links = municipal_links(workspace, MILOWKA, None, flows=flows)
    assert links.status["labour"] == "modelled"
    assert "infrastructure" in links.missing


def test_an_assumed_border_between_states_is_told(workspace: Workspace) -> None:
    free = municipal_links(workspace, RAJCZA, None)
    walled = municipal_links(workspace, RAJCZA, None, country_factor=0.0)
    assert walled.table.loc[RUMBURK, "labour"] == 0 < free.table.loc[RUMBURK, "labour"]
    assert any("an assumption" in str(note) for note in walled.notes)


@pytest.mark.parametrize(
    ("unit", "weights", "told"),
    [
        ("999999", {"labour": 1}, "999999 is not among the known municipalities"),
        (LODYGOWICE, {"labour": 1}, f"the location of {LODYGOWICE} is not known"),
        (RAJCZA, {"labour": 0}, "at least one weight must be above 0"),
        (RAJCZA, {"love": 1}, "there is no component love"),
    ],
)
def test_what_makes_no_sense_is_refused(
    unit: str, weights: dict[str, float], told: str, workspace: Workspace
) -> None:
    with pytest.raises(RefusedError, match=told):
        municipal_links(workspace, unit, None, weights=weights)


def test_links_start_where_a_seat_is_known(workspace: Workspace) -> None:
    assert set(located(workspace.municipalities)) == {RAJCZA, UJSOLY, MILOWKA, RUMBURK, SLUKNOV}
    assert located(workspace.municipalities.iloc[:0]).empty


def test_members_without_territory_are_no_members_here(
    make_partnership: Callable[..., Partnership],
) -> None:
    county = {"code": "2417", "name": "Powiat żywiecki", "kind": "county"}
    gmina = {"code": "2417112", "name": "Rajcza"}
    both = make_partnership(members=[county, gmina])
    assert memberships((both,)) == {"p": [RAJCZA]}


def test_the_embedded_workspace_links_its_marginalised_municipalities(
    repository: Path, store: Path
) -> None:
    opened = open_workspace(repository)
    assert real_borders(opened, store=store) is None
    links = municipal_links(opened, UJSOLY, None)
    assert links.table.index[0] == RAJCZA
    assert links.confidence is not None
