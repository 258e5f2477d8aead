"""Real borders of both countries in the embedded workspace, held against official areas."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from geoapp.core.atlas import Atlas
from geoapp.core.codes import unit_key
from geoapp.workspace.add import Added, add_boundaries
from geoapp.workspace.info import Json, workspace_info
from geoapp.workspace.opening import open_workspace
from geoapp.workspace.preparing import prepare

REFERENCE = Path(__file__).parents[2] / "../shared/reference"
ZYWIEC = "2417"

pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="no reference data here")


@dataclass(frozen=True)
class Prepared:
    """The embedded workspace with real borders in the order in which they were added."""

    root: Path
    store: Path
    added: tuple[Added, ...]
    atlas: Atlas


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Prepared]:
    folder = tmp_path_factory.mktemp("reference")
    root, store = folder / "workspace", folder / "store"
    for part in ("layers", "data"):
        shutil.copytree(repository / part, root / part)
    files = ("pl_gminy_jusuff_2021", "cz_obce_rozhlas_2021", "pl_zywiecki_prg_full_2025")
    added = tuple(add_boundaries(root, REFERENCE / f"boundaries/{file}.gpkg") for file in files)
    yield Prepared(root, store, added, prepare(open_workspace(root), store=store))
    # so many megabytes are not left behind for the next runs of the suite
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def info(real: Prepared) -> Json:
    return workspace_info(real.atlas)


@pytest.fixture(scope="module")
def official_ha() -> dict[str, float]:
    """Official areas of gminas by unit key; types 4 and 5 are parts of type 3."""
    with (REFERENCE / "attributes/pl_gmina_area_gugik.csv").open(encoding="utf-8-sig") as file:
        return {
            unit_key(row["terc"]) or "": float(row["area_ha"])
            for row in csv.DictReader(file)
            if row["terc"][-1] in "123"
        }


def test_every_file_is_taken_whole(real: Prepared) -> None:
    assert [added.slug for added in real.added[:2]] == ["boundaries-pl", "boundaries-cz"]
    # 6257 obce and 22 districts of Prague, of which one comes without a shape
    assert [added.report.features_read for added in real.added] == [2477, 6279, 14]
    assert [added.report.features_kept for added in real.added] == [2477, 6278, 14]
    assert "578266" in " ".join(str(found.problem()) for found in real.added[1].report.problems)
    precedences = [added.spec.precedence for added in real.added]
    assert precedences == sorted(set(precedences))


def test_nothing_is_schematic_any_more(info: Json) -> None:
    assert info["schematic"] is False
    assert info["problems"] == []
    assert info["municipalities_with_borders"] == info["municipalities"] > 8700


def test_the_area_of_every_partnership_is_measured_whole(info: Json) -> None:
    for found in info["partnerships"]:
        assert found["area_computed_complete"], found["id"]
        # simplified borders are off by a few per mille in sum
        assert found["area_computed_ha"] == pytest.approx(found["area_ha"], rel=0.01), found["id"]


def test_full_borders_measure_the_official_area(
    real: Prepared, official_ha: dict[str, float]
) -> None:
    table = real.atlas.municipalities
    zywiec = table[table.index.str.startswith(ZYWIEC) & (table["boundary"] == real.added[2].slug)]
    assert len(zywiec) == 14
    for unit, area_ha in zywiec["area_computed_ha"].items():
        assert area_ha == pytest.approx(official_ha[str(unit)], rel=1e-3), unit


def test_the_full_county_wins_over_the_simplified_country(real: Prepared) -> None:
    table = real.atlas.municipalities
    county = table[table.index.str.startswith(ZYWIEC)]
    country, czech, full = (added.slug for added in real.added)
    assert set(county["boundary"]) == {full, country}
    # the county's file is short of one gmina, which keeps the border it had
    assert (county["boundary"] == country).sum() == len(county) - 14
    assert table.loc["240309", "boundary"] == country
    assert set(table.loc[table["country"] == "CZ", "boundary"]) == {czech}


def test_the_second_time_nothing_is_built(real: Prepared) -> None:
    before = {path: path.stat().st_mtime_ns for path in real.store.rglob("*")}
    again = prepare(open_workspace(real.root), store=real.store)
    assert {path: path.stat().st_mtime_ns for path in real.store.rglob("*")} == before
    assert workspace_info(again) == workspace_info(real.atlas)
