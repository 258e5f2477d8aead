from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import shapely

from geoapp.errors import RefusedError
from geoapp.workspace.areas import resolve_area
from geoapp.workspace.opening import Workspace, open_workspace


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def workspace(workspace_root: Path) -> Workspace:
    return open_workspace(workspace_root)


def test_a_partnership_is_its_municipalities_and_their_borders(
    workspace: Workspace, store: Path
) -> None:
    area = resolve_area(workspace, "pl-beskid", store=store)
    assert area.units == {"241707", "241709", "241711", "241714"}
    assert (area.countries, area.whole) == (("PL",), False)
    known = resolve_area(workspace, "241709,2417112,24 17 14 2", by_place=True, store=store)
    assert known.bounds == pytest.approx((19.0, 49.4, 19.2, 49.6), abs=0.02)
    assert shapely.box(*known.bounds).covers(shapely.box(19.0, 49.4, 19.2, 49.6))


def test_without_borders_the_seats_tell_the_place(
    write_workspace: Callable[[Path], Path], tmp_path: Path, store: Path
) -> None:
    root = write_workspace(tmp_path / "seats")
    for slug in ("borders-pl", "borders-cz"):
        (root / f"layers/{slug}.toml").unlink()
    west, south, east, north = resolve_area(open_workspace(root), "2417112", store=store).bounds
    # 80 square kilometres: a radius of 5 km, doubled, and 3 km
    assert ((west + east) / 2, (south + north) / 2) == pytest.approx((19.05, 49.45))
    assert (north - south) / 2 * 111.2 == pytest.approx(13.1, abs=0.1)


def test_schematic_borders_do_not_tell_where_a_municipality_ends(
    workspace: Workspace, store: Path
) -> None:
    west, _, east, _ = resolve_area(workspace, "562777", store=store).bounds
    assert east - west > 0.2  # the drawn square has 0.1


def test_an_unknown_place_is_somewhere_in_its_country(workspace: Workspace, store: Path) -> None:
    area = resolve_area(workspace, "2203011", store=store)
    assert shapely.box(*area.bounds).covers(shapely.box(14.2, 49.1, 24.0, 54.8))
    with pytest.raises(RefusedError, match=r"where 220301 lies; pull or add its borders first"):
        resolve_area(workspace, "2203011", by_place=True, store=store)


def test_of_several_countries_those_of_the_source_are_left(
    workspace: Workspace, store: Path
) -> None:
    area = resolve_area(workspace, "together", countries=("CZ",), store=store)
    assert (area.units, area.countries) == ({"562858"}, ("CZ",))
    both = resolve_area(workspace, "CZ,pl", store=store)
    assert (both.whole, both.countries) == (True, ("PL", "CZ"))
    assert {"241711", "562777"} < both.units


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("nowhere", r"nowhere: expected a partnership of the workspace \(cz-sever, pl-beskid"),
        ("PL,2417112", "countries or parts of them, not both"),
        ("", "area: expected municipalities in Poland or Czechia"),
    ],
)
def test_what_names_no_area_is_refused(
    asked: str, told: str, workspace: Workspace, store: Path
) -> None:
    with pytest.raises(RefusedError, match=told):
        resolve_area(workspace, asked, store=store)
