import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoapp.core.grouping import (
    GROUPINGS,
    GroupBy,
    choose_memberships,
    group_municipalities,
    list_memberships,
    overlapping,
)
from geoapp.core.partnership import ROLES, Partnership
from geoapp.core.status import STATUSES

UNITS = st.integers(500000, 500020).map(str)


@st.composite
def partnerships(draw: st.DrawFn) -> tuple[Partnership, ...]:
    found = []
    for number in range(draw(st.integers(1, 4))):
        units = draw(st.lists(UNITS, min_size=1, max_size=8, unique=True))
        members = [
            {"code": unit, "name": unit, "role": draw(st.sampled_from(ROLES))} for unit in units
        ]
        found.append(
            Partnership.model_validate(
                {
                    "id": f"p{number}",
                    "kind": "agreement",
                    "countries": ["CZ"],
                    "names": {"cs": f"P{number}"},
                    "source": "a source",
                    "as_of": "2024",
                    "members": members,
                }
            )
        )
    return tuple(found)


def statuses_of(units: list[str], statuses: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"status": statuses}, index=units)


@given(partnerships(), st.sampled_from(GROUPINGS))
def test_grouping_loses_and_invents_no_municipality(
    found: tuple[Partnership, ...], by: GroupBy
) -> None:
    memberships = list_memberships(found)
    groups = group_municipalities(by, memberships, statuses_of([], []))
    assert set(groups.index) == {
        member.unit for partnership in found for member in partnership.members
    }
    assert groups.index.is_unique
    assert all(len(slugs) == len(set(slugs)) >= 1 for slugs in groups)


@given(partnerships())
def test_grouping_by_partnership_gives_back_the_memberships(
    found: tuple[Partnership, ...],
) -> None:
    memberships = list_memberships(found)
    groups = group_municipalities("partnership", memberships, statuses_of([], []))
    pairs = {(unit, slug) for unit, slugs in groups.items() for slug in slugs}
    assert pairs == set(zip(memberships["unit"], memberships["partnership"], strict=True))


@given(partnerships(), st.data())
def test_grouping_by_status_gives_each_its_one_status(
    found: tuple[Partnership, ...], data: st.DataObject
) -> None:
    memberships = list_memberships(found)
    units = sorted(set(memberships["unit"]))
    chosen = [data.draw(st.sampled_from(STATUSES)) for _ in units]
    groups = group_municipalities("status", memberships, statuses_of(units, chosen))
    assert groups.to_dict() == {unit: (status,) for unit, status in zip(units, chosen, strict=True)}


@given(partnerships())
def test_overlapping_are_those_in_several(found: tuple[Partnership, ...]) -> None:
    memberships = list_memberships(found)
    counted = memberships["unit"].value_counts()
    assert set(overlapping(memberships).index) == set(counted[counted > 1].index)


@given(partnerships(), st.data())
def test_a_choice_keeps_exactly_the_chosen(
    found: tuple[Partnership, ...], data: st.DataObject
) -> None:
    memberships = list_memberships(found)
    chosen = data.draw(st.sets(st.sampled_from([partnership.id for partnership in found])))
    kept = choose_memberships(memberships, chosen)
    expected = chosen or {partnership.id for partnership in found}
    assert set(kept["partnership"]) == expected
    assert len(kept) == sum(len(p.members) for p in found if p.id in expected)


def test_the_most_important_role_comes_first() -> None:
    rows = pd.DataFrame(
        {"unit": ["500000"] * 3, "role": ["observer", "at-risk", "leader"], "partnership": "p"}
    )
    groups = group_municipalities("role", rows, statuses_of([], []))
    assert groups["500000"] == ("leader", "at-risk", "observer")


def test_a_municipality_without_status_is_unknown() -> None:
    rows = pd.DataFrame({"unit": ["500000"], "role": ["member"], "partnership": ["p"]})
    groups = group_municipalities("status", rows, statuses_of(["500001"], ["at-risk"]))
    assert groups["500000"] == ("unknown",)


def test_members_that_are_no_municipality_have_no_row() -> None:
    partnership = Partnership.model_validate(
        {
            "id": "p",
            "kind": "cwd",
            "countries": ["PL"],
            "names": {"pl": "P"},
            "source": "a source",
            "as_of": "2020-12-22",
            "members": [
                {"code": "3217", "name": "Powiat", "kind": "county", "role": "leader"},
                {"code": "3217011", "name": "Wałcz", "source": "its own"},
            ],
        }
    )
    rows = list_memberships((partnership,))
    assert rows[["unit", "source"]].to_numpy().tolist() == [["321701", "its own"]]


@pytest.mark.parametrize("chosen", [None, [], ()])
def test_no_choice_means_all(chosen: object) -> None:
    rows = pd.DataFrame({"partnership": ["a", "b"], "unit": ["500000", "500001"]})
    assert len(choose_memberships(rows, chosen)) == 2  # type: ignore[arg-type]
