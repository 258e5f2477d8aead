from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoapp.core.functional.agreement import adjusted_mutual_information, adjusted_rand_index
from geoapp.errors import RefusedError

LABELS = st.lists(st.integers(0, 4), min_size=2, max_size=30)


# The published worked example of both indices (17 units, three groups each).
FIRST = [1] * 6 + [2] * 6 + [3] * 5
SECOND = [1, 1, 1, 1, 2, 1, 2, 2, 2, 2, 3, 1, 3, 3, 3, 2, 2]


def test_known_values() -> None:
    assert adjusted_mutual_information(FIRST, SECOND) == pytest.approx(0.27821, abs=5e-6)
    assert adjusted_rand_index([0, 0, 1, 2], [0, 0, 1, 1]) == pytest.approx(4 / 7)
    assert adjusted_rand_index([0, 0, 0, 0], [0, 1, 2, 3]) == 0
    assert adjusted_mutual_information([0, 0, 0, 0], [0, 1, 2, 3]) == pytest.approx(0)


@pytest.mark.parametrize("index", [adjusted_rand_index, adjusted_mutual_information])
@given(labels=LABELS, seed=st.randoms())
def test_names_of_areas_do_not_matter(index: Any, labels: Any, seed: Any) -> None:
    names = list("vwxyz")
    seed.shuffle(names)
    assert index(labels, [names[label] for label in labels]) == pytest.approx(1)


@pytest.mark.parametrize("index", [adjusted_rand_index, adjusted_mutual_information])
@given(first=LABELS, second=LABELS)
def test_agreement_is_mutual_and_at_most_one(index: Any, first: Any, second: Any) -> None:
    shared = min(len(first), len(second))
    first, second = first[:shared], second[:shared]
    found = index(first, second)
    assert found == pytest.approx(index(second, first))
    assert found <= 1 + 1e-9


@pytest.mark.parametrize("index", [adjusted_rand_index, adjusted_mutual_information])
def test_partitions_of_other_units_are_refused(index: Any) -> None:
    with pytest.raises(RefusedError, match="same units"):
        index([0, 1], [0, 1, 2])
    with pytest.raises(RefusedError, match="no unit"):
        index([], [])
