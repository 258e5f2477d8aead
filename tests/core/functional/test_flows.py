from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geoapp.core.functional.flows import FlowTable, at_least, flow_table, reordered, sorted_codes
from geoapp.errors import FileRefusedError


def rows(*flows: FlowTable) -> Any:
    return pd.DataFrame(flows, columns=["origin", "destination", "flow"])


def noted(flows: FlowTable) -> Any:
    return [str(note) for note in flows.notes]


def test_rows_of_the_same_pair_are_summed() -> None:
    flows = flow_table(rows(("A", "A", 5), ("A", "B", 2), ("A", "B", 3)))
    assert flows.matrix.toarray().tolist() == [[5, 5], [0, 0]]


def test_codes_are_text_and_keep_leading_zeros() -> None:
    flows = flow_table(rows(("0201", "201", "3"), ("0201", "0201", "4")))
    assert flows.codes == ("0201", "201")


@pytest.mark.parametrize("codes", [[10, 2], [10.0, 2.0]])
def test_numbers_become_codes_without_a_decimal_point(codes: Any) -> None:
    flows = flow_table(pd.DataFrame({"origin": codes, "destination": codes[::-1], "flow": 1}))
    assert flows.codes == ("2", "10")


def test_codes_of_letters_are_sorted_as_text() -> None:
    assert sorted_codes(["Z2", "10", "2"]) == ["10", "2", "Z2"]


def test_columns_are_found_whatever_their_case_and_order() -> None:
    frame = pd.DataFrame({" Flow": [1], "note": ["x"], "DESTINATION": ["B"], "Origin": ["A"]})
    assert flow_table(frame).matrix.toarray().tolist() == [[0, 1], [0, 0]]


@pytest.mark.parametrize(
    ("texts", "flows"),
    [
        (["12,5", "1"], [12.5, 1]),
        (["1 250", "1\u00a0250,5"], [1250, 1250.5]),
        (["1e3", "-"], [1000, 0]),
    ],
)
def test_numbers_are_read_as_they_are_written(texts: Any, flows: FlowTable) -> None:
    table = flow_table(rows(("A", "B", texts[0]), ("B", "A", texts[1])))
    assert [table.matrix[0, 1], table.matrix[1, 0]] == flows


@pytest.mark.parametrize("mark", ["", None, "*", "x", "<5", "..", "n/a", float("nan")])
def test_withheld_flows_are_counted_and_noted(mark: Any) -> None:
    flows = flow_table(rows(("A", "B", "7"), ("B", "A", mark)))
    assert flows.suppressed == 1
    assert flows.codes == ("A", "B")
    assert "unknown and not zero" in noted(flows)[0]


def test_a_zero_is_no_withheld_flow() -> None:
    assert flow_table(rows(("A", "B", 7), ("B", "A", 0))).suppressed == 0


def test_unknown_codes_are_left_out_and_named() -> None:
    flows = flow_table(rows(("A", "B", 7), ("A", "X", 9), ("Y", "A", 1)), known={"A", "B"})
    assert flows.codes == ("A", "B")
    assert "2 (codes X, Y)" in noted(flows)[0]


def test_internal_flows_are_derived_from_employed_residents() -> None:
    flows = flow_table(rows(("A", "B", 30), ("B", "B", 9)), employed={"A": 100, "B": 50, "C": 1})
    assert flows.internal.tolist() == [70, 9]
    assert "1" in noted(flows)[0]


def test_a_table_without_internal_flows_says_so() -> None:
    assert "No unit has a flow to itself" in noted(flow_table(rows(("A", "B", 1))))[0]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"from": ["A"], "to": ["B"], "n": [1]}), "found from, to, n"),
        (pd.DataFrame(columns=["origin", "destination", "flow"]), "no rows"),
        (rows(("A", "B", -3)), r"negative flow in row 2 \('-3'\)"),
        (rows(("A", "B", 1), ("A", "B", "many")), r"no number in row 3 \('many'\)"),
        (rows(("A", "B", "1,250")), "no number in row 2"),
        (rows(("A", "B", "inf")), "impossibly large"),
        (rows(("A", "B", 1e300)), "impossibly large"),
        (rows(("A", "B", 0)), "no flow above zero"),
        (rows(("", "B", 1)), "no usable code in the column origin, row 2"),
        (rows(("A", None, 1)), "no usable code in the column destination, row 2"),
        (rows(("=HYPERLINK()", "B", 1)), "neither blank nor a formula"),
        (rows(("A", "B" * 101, 1)), "no usable code"),
    ],
)
def test_bad_rows_are_refused_with_the_reason(frame: Any, message: str) -> None:
    with pytest.raises(FileRefusedError, match=message):
        flow_table(frame, source="flows.csv")


def test_a_column_that_is_there_twice_is_refused() -> None:
    frame = pd.DataFrame([["A", "B", 1, 2]], columns=["origin", "destination", "flow", "Flow"])
    with pytest.raises(FileRefusedError, match="more than once"):
        flow_table(frame)


def test_all_problems_are_named_at_once() -> None:
    frame = rows(("", "B", -1), ("A", "B", "x y"), ("A", "B", -2), ("A", "B", -3), ("A", "B", -4))
    with pytest.raises(FileRefusedError, match=r"flows\.csv") as caught:
        flow_table(frame, source="flows.csv")
    for part in ("no number", "negative flow", "and 1 more", "no usable code"):
        assert part in str(caught.value)


def test_codes_that_are_all_unknown_are_refused() -> None:
    with pytest.raises(FileRefusedError, match="codes and boundaries match"):
        flow_table(rows(("A", "B", 1)), known={"C"})


def test_too_few_employed_residents_are_refused() -> None:
    with pytest.raises(FileRefusedError, match="outgoing commuters in A"):
        flow_table(rows(("A", "B", 30)), employed={"A": 10})


def test_reordering_keeps_every_flow_with_its_units(table: Callable[..., FlowTable]) -> None:
    flows = table({("A", "B"): 1, ("B", "C"): 2, ("C", "C"): 3})
    turned = reordered(flows, np.array([2, 0, 1]))
    assert turned.codes == ("C", "A", "B")
    assert turned.matrix.toarray().tolist() == [[3, 0, 0], [0, 0, 1], [2, 0, 0]]


def test_small_flows_can_be_left_out(table: Callable[..., FlowTable]) -> None:
    flows = table({("A", "B"): 19, ("B", "A"): 20, ("A", "A"): 5})
    assert at_least(flows, 20).matrix.sum() == 20
    assert flows.matrix.sum() == 44
