"""The generated workloads and the results page of the benchmarks; nothing is measured here."""

from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from benchmarks import __main__ as runner
from benchmarks import workloads
from benchmarks.results import Result, Runs, in_turn, results, table


@pytest.fixture(scope="module")
def coverage() -> np.ndarray:
    """Nine cells that share their borders, of which one has an enclave."""
    middles = shapely.multipoints(np.random.default_rng(3).random((9, 2)) * 30_000)
    whole = shapely.box(0, 0, 30_000, 30_000)
    cells = shapely.get_parts(shapely.voronoi_polygons(middles, extend_to=whole)) & whole
    enclave = shapely.box(*(cells[0].centroid.coords[0] * 2)).buffer(200, quad_segs=2)
    return np.array([cells[0] - enclave, enclave, *cells[1:]])


def test_borders_in_detail_stay_common_borders(coverage: np.ndarray) -> None:
    made = workloads.detailed(coverage)
    assert shapely.is_valid(made).all()
    assert shapely.coverage_is_valid(made)
    edges = shapely.get_num_coordinates(coverage) - shapely.get_num_interior_rings(coverage) - 1
    grown = shapely.get_num_coordinates(made) - shapely.get_num_interior_rings(made) - 1
    assert (grown == edges * 2**workloads.LEVELS).all()
    assert shapely.length(made).sum() > 1.02 * shapely.length(coverage).sum()


def test_the_same_borders_come_out_whatever_surrounds_them(coverage: np.ndarray) -> None:
    assert workloads.detailed(coverage)[2].equals(workloads.detailed(coverage[2:])[0])


def test_lines_set_off_where_people_live_and_come_out_the_same_again(coverage: np.ndarray) -> None:
    areas = gpd.GeoDataFrame({"population": [0, 0, *[7] * 8]}, geometry=coverage, crs="EPSG:2180")
    roads = workloads.roads(areas, 500)
    assert roads.geometry.geom_equals(workloads.roads(areas, 500).geometry).all()
    assert roads.is_valid.all()
    assert roads.length.between(1, 5_000).all()
    assert shapely.get_num_coordinates(roads.geometry.to_numpy()).max() <= 6
    assert workloads.facilities(areas, 20)["places"].gt(0).all()
    assert len(workloads.cycle_routes(areas, 20)) == 20


def test_a_ratio_is_against_the_first_contender() -> None:
    found = {
        "geoapp": Runs([2.0, 1.0, 9.0], [10.0, 30.0, 20.0]),
        "slow": Runs([8.0], [5.0]),
        "absent": Runs(failure="not installed"),
    }
    ours, slow, absent = results("work", found, {"slow": "a | b"})
    assert (ours.seconds, ours.runs, ours.ratio_to_ours, ours.peak_mb) == (2.0, 3, 1.0, 30.0)
    assert slow.ratio_to_ours == 4.0
    assert (absent.runs, absent.note) == (0, "not installed")
    assert table([slow, absent]).splitlines()[2:] == [
        "| work | slow | 8 | 1 | 4.00 | 5 | a / b |",
        "| work | absent |  | 0 |  |  | not installed |",
    ]


def test_a_contender_that_fails_says_why() -> None:
    unknown = in_turn("benchmarks.summary", ["nobody"], [], runs=2, limit_seconds=9)["nobody"]
    assert unknown.seconds == []
    assert "invalid choice: 'nobody'" in unknown.failure


def _only(row: Result, *, quick: bool) -> list[Result]:
    assert not quick
    return [row]


def test_one_benchmark_replaces_its_part_of_the_page_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    for seconds, name in ((1.0, "summary"), (2.0, "reading"), (3.0, "summary")):
        row = Result("work", "geoapp", seconds, 1, 1.0, None)
        monkeypatch.setattr(f"benchmarks.{name}.run", partial(_only, row))
        monkeypatch.setattr("sys.argv", ["benchmarks", "--out", str(page), name])
        runner.main()
    parts = runner.parts_of(page.read_text(encoding="utf-8"))
    assert list(parts) == ["summary", "reading"]
    assert "| geoapp | 3 |" in parts["summary"]
    assert "| geoapp | 2 |" in parts["reading"]


def test_without_reference_files_a_benchmark_is_not_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GEOAPP_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(workloads, "_BORDERS", tmp_path / "borders.gpkg")
    assert "Not run: borders.gpkg is not in" in runner.section("summary", quick=True)
