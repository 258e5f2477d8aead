"""Every method has a page that names its formula, its source and when to use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from geoapp.core.functional.links import WEIGHTS
from geoapp.core.functional.methods import METHODS, method_parameters

PAGES = Path(__file__).parents[3] / "docs/methods"


@pytest.mark.parametrize("method", METHODS)
def test_each_method_has_its_page(method: str) -> None:
    page = (PAGES / f"{method}.md").read_text("utf-8")
    for part in (
        "**What it does.**",
        "**Formula.**",
        "**Use it**",
        "**Do not use it**",
        "**Source",
    ):
        assert part in page
    assert f"({method}.md)" in (PAGES / "README.md").read_text("utf-8")


@pytest.mark.parametrize("method", METHODS)
def test_each_parameter_is_on_the_page(method: str) -> None:
    page = (PAGES / f"{method}.md").read_text("utf-8")
    # flowbca's level is written together with its rule; borders come from the boundaries.
    told = method_parameters(method).keys() - {"level", "borders"}
    assert [name for name in told if f"--{name.replace('_', '-')}" not in page] == []


def test_the_weights_on_the_page_are_the_usual_ones() -> None:
    page = (PAGES / "links.md").read_text("utf-8")
    for component, weight in WEIGHTS.items():
        assert f"| {component} | {f'{weight:.2f}'.lstrip('0')} |" in page
