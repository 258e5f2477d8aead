from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.core.checked import CheckedLayer, LayerReport, check_layer
from geoapp.core.corrections import COLUMNS, KINDS, completed, empty, noted, told
from geoapp.core.joining import joined_to
from geoapp.core.layer import Columns, LayerSpec
from geoapp.core.raw import RawLayer
from geoapp.core.suggestions import Known, differing_types, suggest
from geoapp.text import Text

PLACES = {"2417112": "Rajcza", "2417142": "Ujsoły", "3217042": "Wałcz", "3217011": "Wałcz"}
KNOWN = Known(
    pd.DataFrame(
        {"code": list(PLACES), "name": list(PLACES.values())}, index=[code[:6] for code in PLACES]
    ),
    former={"241799": "241711"},
)
SPEC = LayerSpec(
    slug="share",
    theme="share",
    kind="table",
    measure="value",
    names={"en": "Share"},
    file="a.csv",
    source="a",
    licence="a",
)


@pytest.mark.parametrize(
    ("code", "name", "unit", "reason"),
    [
        ("2417992", None, "241711", "old-code"),
        ("2417116", None, "241711", "type-digit"),
        ("2417010", "RAJCZA", "241711", "same-name"),
        ("3217992", "Wałcz", None, None),
        ("2917112", None, "241711", "one-digit"),
        ("241711x", None, "241711", "type-digit"),
        ("2417122", "Rajcza Nowa", "241711", "one-digit"),
        # readable, and not all of Poland is known: it may well be right
        ("2417122", None, None, None),
        ("Rajcza", None, None, None),
        ("", "", None, None),
    ],
)
def test_what_a_wrong_code_may_have_meant(
    code: str, name: str | None, unit: str | None, reason: str | None
) -> None:
    found = suggest(code, name, KNOWN)
    assert (found and found.unit, found and found.reason) == (unit, reason)


def test_where_all_are_known_a_readable_code_can_be_wrong_too() -> None:
    units = [f"{16 + 2 * (number // 1600)}{number % 1600:04d}" for number in range(0, 4800, 2)]
    table = pd.DataFrame({"code": units, "name": "x"}, index=units)
    assert Known(table).complete == {"PL"}
    assert suggest("160011", None, Known(table)) is None  # 160010, 160012 and others
    alone = pd.concat([table, pd.DataFrame({"code": ["247777"], "name": ["y"]}, index=["247777"])])
    found = suggest("247779", None, Known(alone))
    assert found is not None
    assert (found.unit, found.reason) == ("247777", "one-digit")


@given(st.text("0123456789 _xŻ", max_size=9), st.none() | st.text(max_size=8))
@settings(max_examples=60)
def test_a_suggestion_is_always_known(code: str, name: str | None) -> None:
    found = suggest(code, name, KNOWN)
    assert found is None or found.unit in KNOWN.table.index


def test_only_a_changed_type_is_a_change() -> None:
    codes = pd.Series(["2417113", "2417112", "2417114", "241711", "500496", "0201011"])
    assert differing_types(codes, KNOWN).tolist() == [True, *[False] * 5]


def checked_table(*rows: tuple[str, str, str]) -> tuple[CheckedLayer, pd.Series]:
    table = pd.DataFrame(rows, columns=["kod", "nazwa", "udzial"], dtype=object)
    spec = SPEC.model_copy(update={"columns": Columns(value="udzial")})
    return check_layer(RawLayer("a.csv", table), spec), table["kod"]


def test_codes_that_meet_nobody_are_told_with_what_they_meant() -> None:
    checked, codes = checked_table(
        ("2417112", "Rajcza", "1"),
        ("2417143", "Ujsoły", "x"),
        ("2417812", "Rajcza", "3"),
        ("1465011", "Warszawa", "4"),
        ("2417116", "?", "5"),
    )
    joined = joined_to(checked, KNOWN, codes=codes)
    assert joined.frame is checked.frame
    rows = joined.corrections[["feature", "kind", "suggestion"]].astype(object).to_numpy().tolist()
    assert rows == [
        [2, "number", ""],
        [2, "type-changed", ""],
        [3, "code-unknown", "2417112 Rajcza"],
        [4, "code-unknown", ""],
        [5, "code-left-out", "2417112 Rajcza"],
    ]
    told_of_codes = [problem.problem().sentence() for problem in joined.report.problems[2:]]
    assert [sentence.partition(": ")[2] for sentence in told_of_codes] == [
        "2417116 → 2417112 Rajcza. Correct them in the file.",
        "2417812 → 2417112 Rajcza. Correct them in the file.",
        "1465011 Warszawa.",
        "2417143 Ujsoły.",
    ]


def test_a_layer_without_codes_has_nothing_to_tell() -> None:
    report = LayerReport(
        file="a", features_read=1, features_kept=1, encoding="UTF-8", columns=Columns()
    )
    checked = CheckedLayer(pd.DataFrame({"name": ["a"]}), report)
    assert joined_to(checked, KNOWN).corrections.empty
    assert joined_to(checked, KNOWN).report == report


def test_corrections_are_in_the_order_of_the_file() -> None:
    index = pd.Index([7, 3])
    found = completed(
        [noted("far", index), noted("crs", pd.RangeIndex(1), before="EPSG:2180")],
        codes=pd.Series(["a", "b"], index=index),
        names=pd.Series(["A", None], index=index),
    )
    assert list(found.columns) == list(COLUMNS)
    assert found["feature"].fillna(0).tolist() == [0, 4, 8]
    assert found["code"].tolist() == ["", "b", "a"]
    assert found["name"].tolist() == ["", "", "A"]
    assert empty().columns.tolist() == list(COLUMNS)


@pytest.mark.parametrize("language", ["en", "pl", "cs"])
def test_every_kind_is_told_in_words(language: str) -> None:
    found = completed(noted(kind, pd.RangeIndex(1)) for kind in KINDS)
    words = told(found, Text(language))
    assert len(words) == len(KINDS)
    assert not (words.iloc[:, 3] == "").any()
    assert set(words.iloc[:, 3]).isdisjoint(set(KINDS) - {"far"})
