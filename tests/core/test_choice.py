import pytest
from pydantic import ValidationError

from geoapp.core.choice import Choice
from geoapp.core.grouping import GROUPINGS


def test_at_first_everything_is_shown_by_partnership_and_nothing_foreign_is_asked_for() -> None:
    first = Choice()
    assert (first.partnerships, first.layers) == ((), ())
    assert first.group_by == "partnership"
    assert first.selected is None
    assert first.base_map is None


@pytest.mark.parametrize("by", GROUPINGS)
def test_a_choice_survives_json(by: str) -> None:
    choice = Choice.model_validate(
        {"partnerships": ["a"], "group_by": by, "layers": ["b", "c"], "selected": "241711"}
    )
    assert Choice.model_validate_json(choice.model_dump_json()) == choice


def test_a_choice_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Choice().selected = "241711"  # type: ignore[misc]


@pytest.mark.parametrize(("field", "value"), [("group_by", "colour"), ("sort", "name")])
def test_what_is_no_choice_is_refused(field: str, value: str) -> None:
    with pytest.raises(ValidationError, match=field):
        Choice.model_validate({field: value})
