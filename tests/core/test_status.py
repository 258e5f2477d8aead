from random import Random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from geoapp.core.status import COLUMNS, STATUSES, StatusRow, resolve_statuses

MUNICIPALITIES = pd.DataFrame(
    {"orp": ["", "", "Rumburk", "Rumburk", None]},
    index=["241711", "241714", "562777", "562858", "500496"],
)


def row(unit: str, status: str = "at-risk", /, **fields: object) -> StatusRow:
    plain = {
        "list": "ksrr" if unit[0].isdigit() else "hsou",
        "year": 2020,
        "unit_kind": "municipality" if unit[0].isdigit() else "orp",
        "unit": unit,
        "status": status,
        "source": "a page",
    }
    return StatusRow.model_validate(plain | fields)


def statuses(*rows: StatusRow) -> dict[str, str]:
    return resolve_statuses(rows, MUNICIPALITIES)["status"].to_dict()


def test_silence_is_unknown_and_has_no_source() -> None:
    table = resolve_statuses([], MUNICIPALITIES)
    assert table.columns.tolist() == list(COLUMNS)
    assert table.index.equals(MUNICIPALITIES.index)
    assert set(table["status"]) == {"unknown"}
    assert set(table["source"]) == {""}
    assert table["year"].isna().all()


def test_a_municipality_is_found_by_any_spelling_of_its_code() -> None:
    assert statuses(row("2417112"), row("241714_2", "not-listed")) == {
        "241711": "at-risk",
        "241714": "not-listed",
        "562777": "unknown",
        "562858": "unknown",
        "500496": "unknown",
    }


def test_a_district_speaks_for_its_municipalities_unless_they_have_their_own_row() -> None:
    found = statuses(row("Rumburk", year=2024), row("562777", "not-listed", year=2019))
    assert (found["562777"], found["562858"]) == ("not-listed", "at-risk")


def test_facts_come_with_the_status() -> None:
    table = resolve_statuses(
        [row("Rumburk", certainty="likely", date="2019", note="All but two.")], MUNICIPALITIES
    )
    assert table.loc["562858"].tolist() == [
        "at-risk",
        "hsou",
        2020,
        "likely",
        "a page",
        "2019",
        "All but two.",
    ]


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ({"year": 2014}, {"year": 2020}),
        ({"year": 2020, "date": "2020-11"}, {"year": 2020, "date": "2021-01-05"}),
        ({"year": None, "date": None}, {"year": 2014}),
        ({"year": 2019}, {"year": None, "date": "2024-05"}),
    ],
)
def test_the_latest_statement_wins_in_whatever_order_they_come(
    older: dict[str, object], newer: dict[str, object]
) -> None:
    rows = [row("2417112", "at-risk", **older), row("2417112", "not-listed", **newer)]
    assert statuses(*rows)["241711"] == "not-listed"
    assert statuses(*reversed(rows))["241711"] == "not-listed"


def test_a_table_without_districts_is_enough() -> None:
    table = resolve_statuses([row("2417112")], MUNICIPALITIES.drop(columns="orp"))
    assert table["status"].tolist() == ["at-risk", *["unknown"] * 4]


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.sampled_from(["241711", "241714", "562777"]), st.sampled_from(STATUSES)),
        unique_by=lambda pair: pair[0],
    ),
    st.randoms(),
)
def test_the_order_of_rows_and_municipalities_does_not_matter(
    pairs: list[tuple[str, str]], random: Random
) -> None:
    rows = [row(unit, status) for unit, status in pairs]
    expected = resolve_statuses(rows, MUNICIPALITIES)
    random.shuffle(rows)
    found = resolve_statuses(rows, MUNICIPALITIES.iloc[::-1])
    pd.testing.assert_frame_equal(found.sort_index(), expected.sort_index())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"unit": "Rajcza", "unit_kind": "municipality"}, "'Rajcza' is no municipality code"),
        ({"status": "poor"}, "status"),
        ({"list": "oecd"}, "list"),
        ({"year": 20}, "year"),
        ({"source": ""}, "source"),
    ],
)
def test_a_wrong_row_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        row("2417112", **fields)
