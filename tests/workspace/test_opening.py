from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from geoapp.core.boundaries import compose_boundaries, municipality_table
from geoapp.core.grouping import list_memberships
from geoapp.core.partnership import Partnership
from geoapp.core.profile import Profile, profile_partnership
from geoapp.core.status import resolve_statuses
from geoapp.errors import RefusedError
from geoapp.workspace.opening import (
    Workspace,
    embedded_workspace,
    find_workspace,
    fingerprint,
    is_workspace,
    open_workspace,
)


@pytest.fixture(scope="module")
def embedded(repository: Path) -> Workspace:
    return open_workspace(repository)


@pytest.fixture(scope="module")
def municipalities(embedded: Workspace) -> pd.DataFrame:
    borders = compose_boundaries([]).drop(columns="geometry")
    return municipality_table(
        embedded.municipalities, borders, list_memberships(embedded.partnerships)
    )


@pytest.fixture(scope="module")
def statuses(embedded: Workspace, municipalities: pd.DataFrame) -> pd.DataFrame:
    return resolve_statuses(embedded.statuses, municipalities)


@pytest.fixture(scope="module")
def partnership(embedded: Workspace) -> Callable[[str], Partnership]:
    return {found.id: found for found in embedded.partnerships}.__getitem__


@pytest.fixture(scope="module")
def profile(
    partnership: Callable[[str], Partnership],
    municipalities: pd.DataFrame,
    statuses: pd.DataFrame,
) -> Callable[[str], Profile]:
    return lambda slug: profile_partnership(partnership(slug), municipalities, statuses)


def test_the_repository_is_a_workspace_without_problems(embedded: Workspace) -> None:
    assert [str(problem) for problem in embedded.problems] == []
    assert len(embedded.partnerships) == 12
    assert len(embedded.municipalities) == 172


def test_every_partnership_has_names_and_descriptions_in_three_languages(
    embedded: Workspace,
) -> None:
    for partnership in embedded.partnerships:
        for texts in (partnership.names, partnership.short_names, partnership.description):
            assert set(texts) == {"pl", "cs", "en"}, partnership.id


def test_sever_declares_more_members_and_less_land_than_it_has(
    profile: Callable[[str], Profile],
) -> None:
    sever = profile("cz-sever")
    assert (sever.members_known, sever.members_missing) == (10, 2)
    assert sever.declared.members is not None
    assert sever.declared.area_ha is not None
    assert sever.declared.population is not None
    assert sever.declared.members.value == 12
    assert sever.declared.population.value == 29835
    assert sever.declared.area_ha.value == 21143
    assert sever.area_official_ha.value == 21549
    assert sever.area_official_ha.complete
    assert sever.statuses == {"at-risk": 10}


def test_sever_is_at_risk_as_far_as_its_districts_tell(
    partnership: Callable[[str], Partnership], statuses: pd.DataFrame
) -> None:
    units = [member.unit for member in partnership("cz-sever").members]
    assert set(statuses.loc[units, "certainty"]) == {"likely"}
    assert set(statuses.loc[units, "list"]) == {"hsou"}


def test_sternbersko_names_24_of_26_members_of_unknown_status(
    profile: Callable[[str], Profile],
) -> None:
    sternbersko = profile("cz-sternbersko")
    assert (sternbersko.members_known, sternbersko.members_missing) == (24, 2)
    assert sternbersko.declared.members is not None
    assert sternbersko.declared.members.value == 26
    assert sternbersko.statuses == {"unknown": 24}


def test_beskidzka_has_six_members_of_which_two_are_at_risk(
    profile: Callable[[str], Profile], statuses: pd.DataFrame
) -> None:
    beskidzka = profile("pl-beskidzka-cwd")
    assert (beskidzka.members_known, beskidzka.members_missing) == (6, 0)
    assert beskidzka.statuses["at-risk"] == 2
    assert beskidzka.roles["at-risk"] == 2
    assert statuses.loc[["241711", "241714", "240309"], "status"].tolist() == [
        "at-risk",
        "at-risk",
        "not-listed",
    ]


def test_walecki_is_led_by_a_county_that_is_no_municipality(
    profile: Callable[[str], Profile], partnership: Callable[[str], Partnership]
) -> None:
    walecki = profile("pl-walecki-cwd")
    assert (walecki.members_known, walecki.members_missing) == (5, 0)
    assert [(member.code, member.role) for member in walecki.other_members] == [("3217", "leader")]
    assert "leader" not in walecki.roles
    called = [member.unit for member in partnership("pl-walecki-cwd").members if member.unit]
    assert {"321701", "321705"} <= set(called)


def test_two_agglomerations_make_a_cross_border_partnership(
    profile: Callable[[str], Profile], partnership: Callable[[str], Partnership]
) -> None:
    together = partnership("a4b-opole-olomouc")
    members = [member for member in together.members if member.unit]
    opole = [member for member in members if member.group == "opole"]
    olomouc = [member for member in members if member.group == "olomouc"]
    assert (len(opole), len(olomouc), len(members)) == (21, 79, 100)
    assert len({member.unit for member in members}) == 100
    assert [member.certainty for member in olomouc].count("stand-in") == 78
    assert [member.name for member in olomouc if member.certainty == "certain"] == ["Olomouc"]
    own = {member.unit for member in partnership("pl-aglomeracja-opolska").members if member.unit}
    assert {member.unit for member in opole} == own
    assert profile("a4b-opole-olomouc").members_known == 100


def test_only_what_a_source_states_is_known(statuses: pd.DataFrame) -> None:
    assert statuses["status"].value_counts().to_dict() == {
        "unknown": 156,
        "at-risk": 12,
        "not-listed": 4,
    }
    assert (statuses.loc[statuses["status"] != "unknown", "source"] != "").all()


def test_a_workspace_has_layers_and_data(tmp_path: Path, workspace_root: Path) -> None:
    assert is_workspace(workspace_root)
    assert not is_workspace(tmp_path)
    (workspace_root / "layers").rename(tmp_path / "layers")
    assert not is_workspace(workspace_root)


def test_the_chosen_workspace_comes_first_then_the_folder_one_stands_in(
    tmp_path: Path, workspace_root: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_workspace() == embedded_workspace() == repository
    assert find_workspace(Path("workspace")) == workspace_root
    monkeypatch.chdir(workspace_root)
    assert find_workspace() == workspace_root
    assert find_workspace(repository) == repository


@pytest.mark.parametrize(
    ("name", "found"), [("nowhere", "found no such folder"), ("empty", "found none of them")]
)
def test_a_folder_that_is_no_workspace_is_refused(tmp_path: Path, name: str, found: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RefusedError, match=f"{found}; make one with: geoapp new"):
        find_workspace(tmp_path / name)


def test_an_installed_geoapp_brings_its_own_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path / package)
    assert embedded_workspace() == tmp_path / "geoapp/embedded"


def test_opening_reads_every_registry(workspace_root: Path) -> None:
    opened = open_workspace(workspace_root)
    assert opened.root == workspace_root
    assert opened.problems == ()
    assert [found.id for found in opened.partnerships] == [
        "cz-sever",
        "pl-beskid",
        "pl-county",
        "together",
    ]
    assert [member.unit for member in opened.partnerships[-1].members] == [
        "562858",
        "241711",
        "241714",
        "241709",
        "241707",
    ]
    assert len(opened.statuses) == 3
    assert len(opened.layers) == 7
    assert [base.slug for base in opened.base_maps] == ["osm"]


def test_opening_tells_every_problem_once(workspace_root: Path) -> None:
    (workspace_root / "data/municipalities.csv").write_text("country,code,name\n", "utf-8")
    (workspace_root / "data/status/lists.csv").write_text("list\n", "utf-8")
    (workspace_root / "data/base_maps.toml").write_text("x = 1", "utf-8")
    (workspace_root / "layers/trails.toml").write_text("", "utf-8")
    (workspace_root / "data/partnerships/bad.toml").write_text("=", "utf-8")
    problems = open_workspace(workspace_root).problems
    assert {problem.file for problem in problems} == {
        "data/status/lists.csv",
        "data/base_maps.toml",
        "layers/trails.toml",
        "data/partnerships/bad.toml",
        "data/partnerships/pl-beskid.toml",
        "data/partnerships/cz-sever.toml",
        "data/partnerships/together.toml",
    }
    lacking = [problem for problem in problems if "is not in data/municipalities" in str(problem)]
    # the members that a group brings are told where their own file names them
    assert len(lacking) == 4 + 2 + 1
    assert len({str(problem) for problem in problems}) == len(problems)


def test_a_fingerprint_changes_with_any_file(workspace_root: Path) -> None:
    seen = [fingerprint(workspace_root)]
    path = workspace_root / "data/themes/new.csv"
    path.write_text("code", "utf-8")
    seen.append(fingerprint(workspace_root))
    path.write_text("code,name", "utf-8")
    seen.append(fingerprint(workspace_root))
    path.rename(path.with_name("renamed.csv"))
    seen.append(fingerprint(workspace_root))
    assert len(set(seen)) == 4
    (workspace_root / "data/themes/renamed.csv").unlink()
    assert fingerprint(workspace_root) == seen[0]


def test_a_fingerprint_overlooks_what_is_no_part_of_the_workspace(workspace_root: Path) -> None:
    before = fingerprint(workspace_root)
    (workspace_root / "notes.txt").write_text("x", "utf-8")
    (workspace_root / "data/.swap").write_text("x", "utf-8")
    assert fingerprint(workspace_root) == before
