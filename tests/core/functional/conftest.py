"""Flow tables: made by hand, drawn at random, and published ones where they are at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest

from geoapp.core.functional.flows import FlowTable, flow_table

REFERENCE = Path(__file__).parents[3] / "../shared/reference/flows"

COLUMNS = {
    "brindisi": ("origin", "destination", "flow"),
    "korea": ("origin", "destination", "flow"),
    "canada_2011": ("RES", "POW", "TotalFlow"),
    "grand_est": ("i", "j", "fij"),
}


@pytest.fixture(scope="session")
def published() -> Callable[[str], FlowTable]:
    """A function that reads a published flow table, or skips the test."""

    def read(name: str) -> FlowTable:
        origin, destination, flow = COLUMNS[name]
        names = {origin: "origin", destination: "destination", flow: "flow"}
        return flow_table(published_frame(f"{name}.csv").rename(columns=names), source=name)

    return read


@pytest.fixture(scope="session")
def published_result() -> Callable[[str], pd.DataFrame]:
    """A function that reads a published result as text, or skips the test."""
    return published_frame


@pytest.fixture(scope="session")
def table() -> Callable[[Mapping[tuple[str, str], float]], FlowTable]:
    """A function that makes a flow table of flows by origin and destination."""

    def make(flows: Mapping[tuple[str, str], float]) -> FlowTable:
        rows = [(origin, destination, flow) for (origin, destination), flow in flows.items()]
        return flow_table(pd.DataFrame(rows, columns=["origin", "destination", "flow"]))

    return make


def published_frame(name: str) -> pd.DataFrame:
    path = REFERENCE / name
    if not path.is_file():
        pytest.skip("the published tables are not at hand")
    return pd.read_csv(path, dtype=str)
