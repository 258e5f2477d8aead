import datetime as dt
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from geoapp.core.partnership import Figure, Member, Partnership, resolve_groups

MakePartnership = Callable[..., Partnership]

OTHER = {"slug": "other", "country": "PL", "partnership": "q", "names": {"pl": "Q"}}


def member(code: str, **fields: object) -> dict[str, object]:
    return {"code": code, "name": f"gmina {code}"} | fields


def units(partnership: Partnership) -> list[str | None]:
    return [found.unit for found in partnership.members]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"code": "Rajcza"}, "'Rajcza' is no municipality code"),
        ({"code": "3217", "kind": "municipality"}, "'3217' is no municipality code"),
        ({"code": "2417112", "kind": "county"}, "'2417112' is no county code"),
    ],
)
def test_a_code_fits_the_kind_of_member(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Member.model_validate({"name": "Rajcza"} | fields)


def test_only_a_municipality_has_a_unit() -> None:
    assert Member(code="2417112", name="Rajcza").unit == "241711"
    assert Member(code="3217", name="Powiat wałecki", kind="county").unit is None
    assert Member(code="500496", name="An office in Olomouc", kind="other").unit is None


@pytest.mark.parametrize(
    "date",
    ["2020", "2020-11", "2020-11-30", "2004~/2010~", "2018-02/2020-12", dt.date(2020, 11, 30)],
)
def test_a_date_may_be_known_in_part(date: object) -> None:
    expected = "2020-11-30" if isinstance(date, dt.date) else date
    assert Figure.model_validate({"value": 1, "source": "s", "date": date}).date == expected


@pytest.mark.parametrize("date", ["", "30.11.2020", "about 2020", "20-11-30", 2020, "2020/"])
def test_a_date_is_written_year_first(date: object) -> None:
    with pytest.raises(ValidationError, match="date"):
        Figure.model_validate({"value": 1, "source": "s", "date": date})


@pytest.mark.parametrize("value", [-1, float("inf"), float("nan")])
def test_a_declared_figure_is_a_number(value: float) -> None:
    with pytest.raises(ValidationError, match="value"):
        Figure(value=value, source="its page")


def test_a_member_listed_twice_is_found_by_its_key(make_partnership: MakePartnership) -> None:
    with pytest.raises(ValidationError, match="members listed twice: 241711"):
        make_partnership(members=[member("2417112"), member("241711_2")])


def test_two_municipalities_of_one_name_are_no_double(make_partnership: MakePartnership) -> None:
    both = [{"code": "3217011", "name": "Wałcz"}, {"code": "3217052", "name": "Wałcz"}]
    assert units(make_partnership(members=both)) == ["321701", "321705"]


def test_a_group_of_a_member_is_listed(make_partnership: MakePartnership) -> None:
    with pytest.raises(ValidationError, match="groups that are not listed: north"):
        make_partnership(members=[member("2417112", group="north")])


def test_a_partnership_has_a_member_of_its_own_or_of_a_group(
    make_partnership: MakePartnership,
) -> None:
    with pytest.raises(ValidationError, match="at least one member"):
        make_partnership(members=[])
    assert make_partnership(members=[], groups=[OTHER]).members == ()


@pytest.mark.parametrize(
    ("fields", "language", "short", "name"),
    [
        ({"names": {"pl": "P", "en": "E"}}, "en", False, "E"),
        ({"names": {"pl": "P", "en": "E"}}, "cs", False, "P"),
        ({"names": {"en": "E"}}, "cs", False, "E"),
        ({"names": {"pl": "P"}, "short_names": {"pl": "p"}}, "en", True, "p"),
        ({"names": {"pl": "P"}}, "pl", True, "P"),
        ({"names": {"cs": "Č", "pl": "P"}, "countries": ["CZ", "PL"]}, "en", False, "Č"),
        ({"names": {}}, "en", False, "p"),
    ],
)
def test_a_name_falls_back_to_the_partnerships_own_language(
    make_partnership: MakePartnership,
    fields: dict[str, object],
    language: str,
    short: bool,
    name: str,
) -> None:
    assert make_partnership(**fields).name(language, short=short) == name


def test_a_group_takes_over_municipalities_but_neither_roles_nor_other_bodies(
    make_partnership: MakePartnership,
) -> None:
    joined = make_partnership(
        id="q",
        source="page of q",
        members=[
            member("2417112", role="leader", certainty="likely"),
            member("2417142", source="its own"),
            member("2417", kind="county"),
        ],
    )
    whole = make_partnership(groups=[OTHER], members=[member("562858")])
    resolved, untouched = resolve_groups((whole, joined))
    assert untouched == joined
    assert units(resolved) == ["562858", "241711", "241714"]
    taken = resolved.members[1:]
    assert [(found.group, found.role) for found in taken] == [("other", "member")] * 2
    assert [found.source for found in taken] == ["page of q", "its own"]
    assert taken[0].certainty == "likely"


def test_a_municipality_listed_already_keeps_its_entry_however_its_code_is_spelt(
    make_partnership: MakePartnership,
) -> None:
    joined = make_partnership(id="q", members=[member("2417112")])
    whole = make_partnership(groups=[OTHER], members=[member("241711", role="leader")])
    resolved, _ = resolve_groups((whole, joined))
    assert [(found.code, found.role) for found in resolved.members] == [("241711", "leader")]


@given(st.lists(st.sets(st.integers(500001, 500008), min_size=1), min_size=1, max_size=4))
def test_groups_that_share_municipalities_bring_each_once(
    make_partnership: MakePartnership, groups: list[set[int]]
) -> None:
    parts = [
        make_partnership(id=f"q{place}", members=[member(str(code)) for code in sorted(codes)])
        for place, codes in enumerate(groups)
    ]
    listed = [OTHER | {"slug": part.id, "partnership": part.id} for part in parts]
    whole = make_partnership(members=[], groups=listed)
    resolved = resolve_groups((whole, *parts))[0]
    assert sorted(map(str, units(resolved))) == sorted(map(str, set().union(*groups)))


def test_a_group_that_names_nobody_known_brings_nobody(make_partnership: MakePartnership) -> None:
    whole = make_partnership(groups=[OTHER])
    assert resolve_groups((whole,)) == (whole,)
