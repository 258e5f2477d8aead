import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.core.classify import class_index, class_limits

VALUES = st.lists(
    st.one_of(
        st.none(),
        st.integers(-5, 20).map(float),
        st.floats(-1e6, 1e6, allow_subnormal=False),
    ),
    max_size=30,
)


@settings(max_examples=40)
@given(VALUES, st.integers(2, 6))
def test_limits_rise_and_no_class_is_empty(values: list[float | None], classes: int) -> None:
    limits = class_limits(pd.Series(values, dtype="float64"), classes)
    assert limits == sorted(set(limits))
    assert len(limits) < classes
    found = {class_index(value, limits) for value in values if value is not None}
    assert found == (set(range(len(limits) + 1)) if found else set())


@settings(max_examples=40)
@given(VALUES)
def test_the_class_never_falls_as_the_value_rises(values: list[float | None]) -> None:
    limits = class_limits(pd.Series(values, dtype="float64"))
    known = sorted(value for value in values if value is not None)
    found = [class_index(value, limits) for value in known]
    assert found == sorted(found)


def test_a_limit_belongs_to_the_class_above_it() -> None:
    assert [class_index(value, [10.0, 20.0]) for value in (9.9, 10, 19.9, 20)] == [0, 1, 1, 2]


@pytest.mark.parametrize("values", [[], [None], [5], [5, 5, None], [0, 0]])
def test_what_does_not_differ_has_one_class(values: list[float | None]) -> None:
    assert class_limits(pd.Series(values, dtype="float64")) == []


def test_two_values_make_two_classes() -> None:
    assert class_limits(pd.Series([41.5, 73.0])) == [49.0]


def test_limits_are_round() -> None:
    assert class_limits(pd.Series([0.0, 0.0, 0.0123, 0.0456, 0.789])) == [0.012, 0.046]
    assert class_limits(pd.Series([1_234.0, 12_345.0, 23_456.0, 34_567.0]), 2) == [18_000.0]
