from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geoapp.core.functional.flows import FlowTable, flow_table
from geoapp.core.functional.methods import METHODS
from geoapp.errors import RefusedError
from geoapp.workspace import delineating
from geoapp.workspace.delineating import functional_areas

ROWS = [
    ("A", "A", 3000),
    ("B", "B", 700),
    ("B", "A", 600),
    ("A", "B", 50),
    ("C", "C", 4000),
    ("D", "D", 900),
    ("D", "C", 800),
    ("C", "D", 40),
    ("B", "C", 5),
    ("E", "E", 60),
]


class StoppedError(BaseException):
    """Stands for the one with which Streamlit ends a run."""


@pytest.fixture(scope="module")
def flows() -> FlowTable:
    return flow_table(pd.DataFrame(ROWS, columns=["origin", "destination", "flow"]))


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    return tmp_path / "prepared"


@pytest.mark.parametrize("method", METHODS)
def test_what_is_kept_is_what_was_computed(
    method: str, flows: FlowTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = {"cores": ["A", "C"]} if method == "functional-urban-areas" else {}
    first = functional_areas(flows, "key", method, parameters, store=tmp_path)
    direct = METHODS[method](flows, **parameters)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(delineating, "delineate", refuse)
    again = functional_areas(flows, "key", method, parameters, store=tmp_path)
    for found in (first, again):
        assert found.delineation.codes == flows.codes
        assert found.delineation.areas == direct.areas
        np.testing.assert_array_equal(found.delineation.area, direct.area)
        assert found.delineation.method == method
        assert [str(note) for note in found.delineation.notes] == [str(n) for n in direct.notes]
        assert found.containment.index.tolist() == list(direct.areas)
        assert found.report["areas"] == len(direct.areas)
        assert [(each["code"], each["reason"]) for each in found.report["reserve"]] == [
            (unit.code, unit.reason) for unit in direct.reserve
        ]
    pd.testing.assert_frame_equal(first.units, again.units)
    shares = first.units["stability"].dropna()
    assert shares.between(0, 1).all()
    assert set(first.units["second_best"].dropna()) <= set(direct.areas)


def test_method_parameters_and_flows_name_what_is_kept(
    flows: FlowTable, tmp_path: Path, prepared: Path
) -> None:
    def kept(key: str, method: str, **parameters: object) -> int:
        functional_areas(flows, key, method, parameters, store=tmp_path)
        return len(list(prepared.iterdir()))

    assert kept("one", "flowbca", stop="k", level=2.0) == 1
    assert kept("one", "flowbca", level=2.0, stop="k") == 1
    assert kept("one", "flowbca", stop="k", level=3.0) == 2
    assert kept("two", "flowbca", stop="k", level=2.0) == 3
    assert kept("one", "dominant-flow") == 4


def test_progress_rises_to_the_end(flows: FlowTable, tmp_path: Path) -> None:
    told: list[float] = []
    functional_areas(flows, "key", "dominant-flow", {}, store=tmp_path, progress=told.append)
    assert told == sorted(told)
    assert len(told) > 60
    assert told[0] <= 0.1
    assert told[-1] <= 1
    assert told[-1] > 0.95


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5])
def test_a_run_that_is_stopped_leaves_nothing(
    share: float, flows: FlowTable, tmp_path: Path, prepared: Path
) -> None:
    def stop(done: float) -> None:
        if done >= share:
            raise StoppedError(f"at {done}")

    with pytest.raises(StoppedError, match=r"^at \d"):
        functional_areas(flows, "key", "dominant-flow", {}, store=tmp_path, progress=stop)
    assert list(prepared.iterdir()) == []
    assert functional_areas(flows, "key", "dominant-flow", {}, store=tmp_path).report["areas"] >= 2


@pytest.mark.parametrize(
    ("method", "parameters", "told"),
    [
        ("guessing", {}, "there is no method guessing"),
        ("flowbca", {"colour": 1}, "flowbca has no parameter colour"),
        ("functional-urban-areas", {"cores": []}, "there is no core"),
        ("functional-urban-areas", {"cores": ["Z"]}, "cores that are not in the flow table: Z"),
        ("commuting-zones", {"cut": 0.0}, "cut"),
    ],
)
def test_a_refused_run_leaves_nothing(
    method: str,
    parameters: dict[str, object],
    told: str,
    flows: FlowTable,
    tmp_path: Path,
    prepared: Path,
) -> None:
    with pytest.raises(RefusedError, match=told):
        functional_areas(flows, "key", method, parameters, store=tmp_path)
    assert list(prepared.iterdir()) == []


def test_one_unit_is_refused(tmp_path: Path) -> None:
    alone = flow_table(pd.DataFrame([("A", "A", 5)], columns=["origin", "destination", "flow"]))
    with pytest.raises(RefusedError, match=r"found one unit \(A\)"):
        functional_areas(alone, "key", "intramax", {}, store=tmp_path)


def test_a_result_without_any_area_can_be_kept(tmp_path: Path) -> None:
    rows = [("A", "B", 1), ("B", "A", 1)]
    few = flow_table(pd.DataFrame(rows, columns=["origin", "destination", "flow"]))
    found = functional_areas(few, "key", "self-contained-areas", {}, store=tmp_path)
    assert found.delineation.areas == ()
    assert found.units["area"].isna().all()
    assert found.delineation.area.tolist() == [-1, -1]
