from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoapp.core.partnership import Partnership
from geoapp.core.profile import Profile, profile_partnership, total

MakePartnership = Callable[..., Partnership]

MUNICIPALITIES = pd.DataFrame(
    {
        "population": [8000.0, 4000.0, np.nan],
        "area_ha": [8000.0, np.nan, np.nan],
        "area_computed_ha": [np.nan] * 3,
    },
    index=["241711", "241714", "241709"],
)
STATUSES = pd.DataFrame({"status": ["at-risk", "not-listed"]}, index=["241711", "241709"])
MEMBERS = [
    {"code": "2417", "name": "Powiat żywiecki", "kind": "county", "role": "leader"},
    {"code": "2417112", "name": "Rajcza", "role": "at-risk"},
    {"code": "2417142", "name": "Ujsoły"},
    {"code": "2417092", "name": "Milówka"},
    {"code": "2417072", "name": "Łodygowice"},
]


def profile(make: MakePartnership, **fields: object) -> Profile:
    return profile_partnership(make(**({"members": MEMBERS} | fields)), MUNICIPALITIES, STATUSES)


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**6)), max_size=8))
def test_a_total_adds_up_what_is_known_and_counts_the_rest(values: list[int | None]) -> None:
    known = [value for value in values if value is not None]
    found = total(pd.Series(values, dtype="float64"))
    assert found.value == (sum(known) if known else None)
    assert (found.known, found.missing) == (len(known), len(values) - len(known))
    assert found.complete == (None not in values)


def test_members_are_known_and_other_bodies_stand_apart(make_partnership: MakePartnership) -> None:
    found = profile(make_partnership)
    assert found.members_known == 4
    assert [member.code for member in found.other_members] == ["2417"]
    assert found.roles == {"at-risk": 1, "member": 3}
    assert found.statuses == {"at-risk": 1, "not-listed": 1, "unknown": 2}


def test_what_is_unknown_of_a_member_is_counted_and_not_zero(
    make_partnership: MakePartnership,
) -> None:
    found = profile(make_partnership)
    assert (found.population.value, found.population.missing) == (12000, 2)
    assert (found.area_official_ha.value, found.area_official_ha.missing) == (8000, 3)
    assert (found.area_computed_ha.value, found.area_computed_ha.known) == (None, 0)
    assert not found.population.complete


@pytest.mark.parametrize(("declared", "missing"), [(6, 2), (4, 0), (3, 0), (None, None)])
def test_members_that_are_declared_but_not_named(
    make_partnership: MakePartnership, declared: int | None, missing: int | None
) -> None:
    figures = {"members": {"value": declared, "source": "its page"}} if declared else {}
    assert profile(make_partnership, declared=figures).members_missing == missing


def test_a_partnership_of_bodies_only(make_partnership: MakePartnership) -> None:
    found = profile(make_partnership, members=MEMBERS[:1])
    assert (found.members_known, found.population.value, found.roles) == (0, None, {})
