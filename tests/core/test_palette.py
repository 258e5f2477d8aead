from typing import get_args

import pytest

from geoapp.core.mapspec import Pattern
from geoapp.core.palette import (
    NEUTRAL,
    group_style,
    overlap_style,
    partnership_style,
    uncertain_style,
)
from geoapp.core.partnership import ROLES
from geoapp.core.status import STATUSES


def test_45_partnerships_look_different() -> None:
    looks = [(style.fill, style.pattern) for style in map(partnership_style, range(45))]
    assert len(set(looks)) == 45
    assert partnership_style(45) == partnership_style(0)


def test_the_first_nine_partnerships_differ_in_colour_alone() -> None:
    assert len({partnership_style(place).fill for place in range(9)}) == 9


@pytest.mark.parametrize(
    ("by", "slugs"), [("role", ROLES), ("status", STATUSES), ("country", ("PL", "CZ"))]
)
def test_groups_differ_in_colour_and_without_it(by: str, slugs: tuple[str, ...]) -> None:
    styles = [group_style(by, slug) for slug in slugs]
    assert len({style.fill for style in styles}) == len(slugs)
    assert len({style.pattern for style in styles}) == len(slugs)
    assert {style.pattern for style in styles} <= set(get_args(Pattern))


def test_an_unknown_group_looks_like_the_unknown_status() -> None:
    assert group_style("role", "founder") == group_style("status", "unknown")


@pytest.mark.parametrize("place", range(45))
def test_a_pattern_stands_out_from_its_fill(place: int) -> None:
    style = partnership_style(place)
    assert style.fill
    assert abs(luminance(style.fill) - luminance(style.pattern_colour)) > 100


def luminance(colour: str) -> float:
    red, green, blue = bytes.fromhex(colour[1:])
    return 0.299 * red + 0.587 * green + 0.114 * blue


def test_an_overlap_shows_both_colours() -> None:
    first, second = partnership_style(0), partnership_style(1)
    both = overlap_style(first, second)
    assert (both.fill, both.pattern_colour, both.pattern) == (first.fill, second.fill, "diagonal")


def test_uncertainty_is_an_outline_of_dashes() -> None:
    assert NEUTRAL.dash is None
    uncertain = uncertain_style(NEUTRAL)
    assert uncertain.dash
    assert (uncertain.fill, uncertain.pattern) == (NEUTRAL.fill, NEUTRAL.pattern)
