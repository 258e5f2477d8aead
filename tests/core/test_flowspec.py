from __future__ import annotations

import pytest
from pydantic import ValidationError

from geoapp.core.flowspec import FlowSpec, flow_table_problems, readable_flows
from geoapp.errors import Problem

PLAIN = {
    "slug": "commuting",
    "names": {"en": "Commuting", "pl": "Dojazdy"},
    "file": "data/flows/commuting.csv",
    "source": "GUS",
    "licence": "free",
}


def spec(**fields: object) -> FlowSpec:
    return FlowSpec.model_validate(PLAIN | fields)


def test_what_is_left_out_is_as_it_mostly_is() -> None:
    plain = spec()
    assert plain.kind == "commuting"
    assert plain.columns.model_dump() == {
        "origin": "origin",
        "destination": "destination",
        "flow": "flow",
    }
    assert (plain.illustrative, plain.withheld, plain.date) == (False, 0, None)


def test_a_name_is_in_the_readers_language_else_in_english() -> None:
    assert [spec().name(language) for language in ("pl", "cs")] == ["Dojazdy", "Commuting"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "Commuting table"),
        ("slug", "../up"),
        ("names", {}),
        ("names", {"de": "Pendler"}),
        ("kind", "freight"),
        ("file", "/etc/passwd"),
        ("file", "../outside.csv"),
        ("columns", {"persons": "n"}),
        ("source", ""),
        ("licence", ""),
        ("withheld", -1),
        ("date", "last year"),
        ("colour", "red"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        spec(**{field: value})


FLOWS = (spec(), spec(slug="school", file="tables/school.csv"), spec(slug="other", file="o.csv"))
PROBLEMS = (
    Problem("data/flows/commuting.toml", "missing", "file"),
    Problem("tables/school.csv", "no rows"),
    Problem("o.csv", "a remark", severity="warning"),
    Problem("data/flows/broken.toml", "no TOML"),
    Problem("layers/trails.toml", "no licence"),
)


def test_problems_of_flow_tables_are_told_from_others() -> None:
    assert flow_table_problems(FLOWS, PROBLEMS) == PROBLEMS[:4]
    assert flow_table_problems((), PROBLEMS) == (PROBLEMS[0], PROBLEMS[3])


def test_a_table_can_be_read_unless_an_error_names_it_or_its_description() -> None:
    assert [flows.slug for flows in readable_flows(FLOWS, PROBLEMS)] == ["other"]
    assert readable_flows(FLOWS, ()) == FLOWS
