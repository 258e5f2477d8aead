import pandas as pd
import pytest

from geoapp.core.atlas import Atlas
from geoapp.core.building import group_choice
from geoapp.core.choice import Choice
from geoapp.core.grouping import GROUPINGS, GroupBy
from geoapp.core.legend import Grouped, group_label, group_legend, group_styles
from geoapp.core.partnership import ROLES
from geoapp.core.status import STATUSES
from geoapp.text import Text


def counts(by: GroupBy, groups: list[tuple[str, ...]]) -> dict[str, int]:
    memberships = pd.DataFrame({"unit": [], "partnership": [], "certainty": []})
    return Grouped(by, memberships, pd.Series(groups, dtype=object)).counts


def labels(atlas: Atlas, text: Text, **choice: object) -> dict[str, str]:
    """Return label and note of every line of the legend."""
    grouped = group_choice(atlas, Choice.model_validate(choice))
    return {item.label: item.note for item in group_legend(atlas, grouped, text).items}


def test_roles_and_statuses_come_in_their_own_order() -> None:
    assert list(counts("role", [(slug,) for slug in ROLES[::-1]])) == list(ROLES)
    assert list(counts("status", [(slug,) for slug in STATUSES[::-1]])) == list(STATUSES)


def test_a_municipality_in_two_groups_counts_in_both() -> None:
    assert counts("role", [("member",), ("leader", "member"), ("member",)]) == {
        "leader": 1,
        "member": 3,
    }


@pytest.mark.parametrize("by", GROUPINGS)
def test_the_legend_counts_every_municipality_of_every_group(atlas: Atlas, by: GroupBy) -> None:
    grouped = group_choice(atlas, Choice(group_by=by))
    assert sum(grouped.counts.values()) == sum(map(len, grouped.groups))
    assert set(group_styles(atlas, grouped)) == set(grouped.counts)


def test_partnerships_come_in_the_order_of_the_registry(atlas: Atlas, english: Text) -> None:
    assert labels(atlas, english) == {
        "Svazek obcí Sever": "2 municipalities",
        "Beskid": "4 municipalities",
        "Together": "5 municipalities",
        "In several groups (stripes in both colours)": "5 municipalities",
        "Membership not certain (dashed outline)": "2 municipalities",
        "Other municipalities": "1 municipality",
    }


def test_the_legend_of_one_partnership(atlas: Atlas, english: Text) -> None:
    assert labels(atlas, english, partnerships=["cz-sever"]) == {
        "Svazek obcí Sever": "2 municipalities",
        "Membership not certain (dashed outline)": "1 municipality",
        "Other municipalities": "5 municipalities",
    }


def test_the_legend_by_status(atlas: Atlas, english: Text) -> None:
    assert labels(atlas, english, group_by="status") == {
        "At risk of permanent marginalisation": "3 municipalities",
        "Not listed as at risk": "1 municipality",
        "Unknown": "2 municipalities",
        "Membership not certain (dashed outline)": "2 municipalities",
        "Other municipalities": "1 municipality",
    }


def test_the_legend_by_role_is_headed_and_ordered(atlas: Atlas, english: Text) -> None:
    grouped = group_choice(atlas, Choice(group_by="role", partnerships=("pl-beskid",)))
    legend = group_legend(atlas, grouped, english)
    assert legend.title == "Role in the partnership"
    assert [item.label for item in legend.items[:4]] == [
        "Member at risk of marginalisation",
        "Functionally linked member",
        "Member",
        "Observer",
    ]


def test_a_partnership_keeps_its_style_whatever_else_is_chosen(atlas: Atlas) -> None:
    every = group_styles(atlas, group_choice(atlas, Choice()))
    one = group_styles(atlas, group_choice(atlas, Choice(partnerships=("together",))))
    assert one["together"] == every["together"]
    assert len(set(every.values())) == len(every)


def test_one_certain_membership_makes_a_municipality_certain() -> None:
    memberships = pd.DataFrame(
        {
            "unit": ["1", "1", "2", "2", "3"],
            "certainty": ["likely", "certain", "likely", "stand-in", "certain"],
        }
    )
    assert Grouped("role", memberships, pd.Series(dtype=object)).uncertain == {"2"}


def test_without_members_only_the_others_are_left(atlas: Atlas, english: Text) -> None:
    assert labels(atlas, english, partnerships=["pl-county"]) == {
        "Other municipalities": "7 municipalities"
    }


def test_a_group_is_called_by_its_short_name(atlas: Atlas) -> None:
    assert group_label(atlas, "partnership", "pl-beskid", Text("pl")) == "Beskid"
    assert group_label(atlas, "status", "at-risk", Text("en")) == (
        "At risk of permanent marginalisation"
    )
