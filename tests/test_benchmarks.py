"""The benchmarks of sessions and of the live map, at their smallest size, on the real servers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import pytest
from playwright.sync_api import Browser

if missing := [
    name for name in ("psutil", "streamlit_folium", "websockets") if not find_spec(name)
]:
    pytest.skip(f"needs the dependency group bench: {missing}", allow_module_level=True)

from benchmarks import live, sessions  # only where what they need is there

DEEDS = ("first map", "click to highlight", "theme switch")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("benchmarks")


@pytest.fixture(scope="module")
def case(folder: Path) -> sessions.Case:
    return sessions.make_case(folder, sessions.SMALLEST)


@pytest.fixture(scope="module")
def servers(case: sessions.Case, folder: Path) -> Iterator[dict[str, sessions.Server]]:
    with sessions.serve_ours(case, folder) as ours, sessions.serve_peer(case, folder) as peer:
        yield {"ours": ours, "peer": peer}


def test_ours_and_the_peer_have_the_same_municipalities(case: sessions.Case) -> None:
    drawn = json.loads((case.peer / "municipalities.geojson").read_text("utf-8"))
    polygons = gpd.GeoDataFrame.from_features(drawn["features"]).set_index("key").geometry
    assert sorted(polygons.index) == sorted(case.places.index)
    assert len(polygons) == sessions.SMALLEST
    points = gpd.GeoSeries.from_xy(case.places["lon"], case.places["lat"], index=case.places.index)
    assert polygons.contains(points, align=True).all()
    table = (case.workspace / "data/municipalities.csv").read_text("utf-8")
    assert len(table.splitlines()) == sessions.SMALLEST + 1


@pytest.mark.parametrize("whose", ["ours", "peer"])
def test_sessions_click_and_are_answered(
    case: sessions.Case, servers: dict[str, sessions.Server], whose: str
) -> None:
    clicking = sessions.load(servers[whose], case, sessions=2, seconds=0.6, pause=0.2)
    # another test of the run may keep an event loop in this thread
    with ThreadPoolExecutor(1) as other:
        found = other.submit(asyncio.run, clicking).result()
    assert len(found.seconds) >= 2
    assert 0 < min(found.seconds) <= max(found.seconds) < sessions.ANSWER_SECONDS
    assert found.kilobytes > 0.5
    assert found.peak_mb > 50


@pytest.mark.browser
@pytest.mark.parametrize("contender", live.CONTENDERS[:2], ids=lambda contender: contender.name)
def test_a_visit_measures_every_deed(
    chromium: Browser,
    case: sessions.Case,
    servers: dict[str, sessions.Server],
    contender: live.Contender,
) -> None:
    seen = live.Seen()
    live.visit(chromium, servers[contender.kind].url, contender, case, seen, live.Plan(2, 2, 1))
    assert seen.gave_up == ""
    for deed in DEEDS:
        assert 0 < min(seen.seconds[deed]) <= max(seen.seconds[deed]) < live.LIMIT_SECONDS
        assert all(traffic["socket"] > 100 for traffic in seen.traffic[deed])
    assert len(seen.seconds["click to highlight"]) == 2
    shown = live.result_rows(case, {live.OURS.name: seen})
    assert [row.ratio_to_ours for row in shown] == [1.0] * len(shown)
    assert f"{sessions.SMALLEST} municipalities" in shown[0].workload


@pytest.mark.parametrize(
    ("path", "purpose"),
    [
        ("/", "streamlit"),
        ("/static/js/index.js", "streamlit"),
        ("/_stcore/bidi-components/geoapp.map/map.js", "map code"),
        ("/component/streamlit_folium.st_folium/index.html", "map code"),
        ("/layers/members-0123456789abcdef.geojson", "map data"),
    ],
)
def test_bytes_are_counted_by_what_they_are_for(path: str, purpose: str) -> None:
    assert live.purpose(f"http://127.0.0.1:8501{path}?lang=en") == purpose


def test_a_size_without_its_borders_is_left_out_and_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sessions, "REFERENCE", tmp_path)
    (row,) = sessions.left_out(sessions.WHOLE)
    assert row.workload == "8,734 municipalities"
    assert row.runs == 0
    assert "pl_gminy_jusuff_2021.gpkg" in row.note
    assert sessions.left_out(sessions.SMALLEST) == []
