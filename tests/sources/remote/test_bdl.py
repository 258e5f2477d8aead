"""The Local Data Bank, from its answers to the map."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoapp.core.codes import unit_key
from geoapp.errors import FileRefusedError, RefusedError
from geoapp.sources.remote.bdl import pull_bdl, teryt_of
from geoapp.sources.remote.fetching import Patience, fetching
from geoapp.sources.remote.pulled import Area, PulledLayer
from geoapp.sources.remote.registry import RemoteSource
from geoapp.workspace.opening import open_workspace
from geoapp.workspace.preparing import prepare
from geoapp.workspace.pulling import plan_pull, pull

QUICK = Patience(first_wait_seconds=0.01, longest_wait_seconds=0.1, attempts=2, read_seconds=10)
BOUNDS = (19.0, 49.4, 19.2, 49.6)
RAJCZA, UJSOLY, MILOWKA = "012414117112", "012414117142", "012414117092"
# as the bank's own page of attributes lists them
ATTRIBUTES = [
    {"id": 0, "name": "", "symbol": "-", "description": "brak informacji"},
    {"id": 1, "name": "n", "symbol": "-", "description": "jeszcze niedostępna"},
    {"id": 2, "name": "x", "symbol": ".", "description": "tajemnica statystyczna"},
    {"id": 3, "name": "z", "symbol": "0", "description": "wartość zerowa wynika z bilansu"},
    {"id": 4, "name": "M", "symbol": None, "description": "zmiany metodologiczne"},
]


def unit(identifier: str, name: str, **years: tuple[float | None, int | None]) -> dict[str, Any]:
    values = [
        {"year": year[1:], "val": value} | ({} if attribute is None else {"attrId": attribute})
        for year, (value, attribute) in years.items()
    ]
    return {"id": identifier, "name": name, "values": values}


BIRTHS = [
    unit("012414117000", "Powiat żywiecki", y2024=(1500, None)),
    unit(RAJCZA, "Rajcza", y2023=(80, None), y2024=(74, None), y2025=(70, 4)),
    unit(UJSOLY, "Ujsoły", y2023=(50, None), y2024=(0, 3)),
    unit(MILOWKA, "Milówka", y2023=(90, None), y2024=(0, 2)),
    unit("012414117072", "Łodygowice", y2024=(110, None)),
    unit("012414117084", "Łękawica - miasto", y2024=(1, None)),
]


@pytest.fixture
def bank(server: Any, serving: ModuleType) -> Callable[..., str]:
    """A maker of a bank that knows variables, in pages; returns its address."""

    def reply(body: object) -> Any:
        return serving.Answer(
            json.dumps(body).encode(), headers={"Content-Type": "application/json"}
        )

    def paged(entries: Sequence[Any], announced: int | None = None) -> Callable[[Any], Any]:
        def answering(request: Any) -> Any:
            size, page = int(request.query["page-size"]), int(request.query.get("page", 0))
            part = entries[page * size : (page + 1) * size]
            total = len(entries) if announced is None else announced
            return reply({"totalRecords": total, "page": page, "pageSize": size, "results": part})

        return answering

    def make(
        variables: Mapping[str, Sequence[Any]],
        listed: Sequence[Any] = (),
        announced: int | None = None,
    ) -> str:
        server.at("/api/attributes", reply({"totalRecords": 5, "results": ATTRIBUTES}))
        server.at("/api/variables", paged(listed))
        for number, units in variables.items():
            server.at(f"/api/data/by-variable/{number}", paged(units, announced))
        return f"{server.address}/api"

    return make


def layer_of(source: RemoteSource, tmp_path: Path, *units: str, whole: bool = False) -> PulledLayer:
    area = Area(frozenset(units), BOUNDS, ("PL",), whole)
    with fetching(source, tmp_path / "kept", patience=QUICK) as fetch:
        (layer,) = pull_bdl(source, area, fetch)
    return layer


def values(layer: PulledLayer) -> dict[str, float]:
    return layer.table.set_index("code")["value"].to_dict()


@pytest.fixture
def table(make_source: Callable[..., RemoteSource]) -> Callable[..., RemoteSource]:
    def make(address: str, **fields: Any) -> RemoteSource:
        parameters = {"table": "births", "variables": "59"} | fields.pop("parameters", {})
        usual = {"protocol": "bdl", "theme": None, "code_column": None, "layer": "births-pl"}
        return make_source(address, parameters=parameters, kind="table", **usual | fields)

    return make


def test_figures_come_from_the_bank_to_the_map(
    bank: Callable[..., str], server: Any, workspace_root: Path, tmp_path: Path
) -> None:
    lines = f'[bdl-births]\naddress = "{bank({"59": BIRTHS})}"\npause_seconds = 0\npage_size = 2\n'
    (workspace_root / "sources.toml").write_text(lines, "utf-8")
    store = tmp_path / "store"
    pulled = pull(workspace_root, "bdl-births", "pl-beskid", store=store, patience=QUICK)
    assert pulled.layers[0].files == ("data/themes/births-pl.csv", "layers/births-pl.toml")
    atlas = prepare(open_workspace(workspace_root), store=store)
    own = atlas.figures[atlas.figures["layer"] == "births-pl"].set_index("unit")["value"]
    assert own[["241711", "241714"]].tolist() == [74, 0]
    assert own[["241709", "241708", "562777"]].isna().all()
    spec = next(layer.spec for layer in atlas.layers if layer.spec.slug == "births-pl")
    assert (spec.theme, spec.date, spec.measure) == ("births", "2024", "value")
    parents = {
        asked.query.get("unit-parent-id") for asked in server.asked("/api/data/by-variable/59")
    }
    assert parents == {"012400000000"}


def test_the_newest_year_that_most_have_is_taken(
    bank: Callable[..., str], table: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    layer = layer_of(table(bank({"59": BIRTHS})), tmp_path, "241711", "241714", "241709", "241707")
    assert layer.date == "2024"
    found = values(layer)
    assert found.pop("2417092") != found.get("2417092", 0)
    assert found == {"2417112": 74, "2417142": 0, "2417072": 110}
    (problem,) = layer.problems
    assert "1 municipalities of the area have no figure of 2024" in problem.sentence()
    assert problem.sentence().endswith("241709 Milówka.")


def test_a_year_can_be_named(
    bank: Callable[..., str], server: Any, table: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    source = table(bank({"59": BIRTHS}), parameters={"period": "2023"})
    layer = layer_of(source, tmp_path, "241711", "241709")
    assert (layer.date, values(layer)) == ("2023", {"2417112": 80, "2417092": 90})
    assert server.asked("/api/data/by-variable/59")[0].query["year"] == "2023"


def test_all_of_poland_is_asked_for_at_once(
    bank: Callable[..., str], server: Any, table: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    layer = layer_of(table(bank({"59": BIRTHS}), page_size=2), tmp_path, whole=True)
    assert len(layer.table) == 4
    asked = server.asked("/api/data/by-variable/59")
    assert [request.query.get("page") for request in asked] == [None, "1", "2"]
    assert not any("unit-parent-id" in request.query for request in asked)


def test_single_years_of_age_are_found_by_their_names_and_summed(
    bank: Callable[..., str], table: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    def variable(number: int, age: str, sex: str = "ogółem", level: int = 6) -> dict[str, Any]:
        return {"id": number, "subjectId": "P1341", "n1": age, "n2": sex, "level": level}

    listed = [variable(7, "0"), variable(8, "0", "kobiety"), variable(9, "1"), variable(10, "10")]
    ages = {
        "7": [unit(RAJCZA, "Rajcza", y2024=(60, None)), unit(UJSOLY, "Ujsoły", y2024=(30, None))],
        "9": [unit(RAJCZA, "Rajcza", y2024=(65, None)), unit(UJSOLY, "Ujsoły", y2024=(0, 2))],
    }
    named = {
        "table": "children-0-1",
        "variables": "",
        "subject": "P1341",
        "n1": "0, 1",
        "n2": "ogółem",
    }
    source = table(bank(ages, listed), parameters=named)
    layer = layer_of(source, tmp_path, "241711", "241714")
    assert layer.theme == "children-0-1"
    assert layer.table.set_index("code")["value"].fillna(-1).to_dict() == {
        "2417112": 125,
        "2417142": -1,
    }


@pytest.mark.parametrize("level", [5, None])
def test_variables_that_gminas_do_not_have_are_refused(
    level: int | None, bank: Callable[..., str], table: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    listed = [{"id": 7, "n1": "0", "n2": "ogółem", "level": level}]
    named = {"variables": "", "subject": "P1341", "n1": "0", "n2": "ogółem"}
    source = table(bank({}, listed), parameters=named)
    with pytest.raises(RefusedError, match=r"Subject P1341 has 0 variables.*expected 1"):
        layer_of(source, tmp_path, "241711")


def test_nothing_known_is_an_empty_layer(
    bank: Callable[..., str], table: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    secret = [unit(RAJCZA, "Rajcza", y2024=(0, 2))]
    layer = layer_of(table(bank({"59": secret})), tmp_path, "241711", "241714")
    assert layer.table.empty
    assert "241711, 241714" in layer.problems[0].sentence()


def test_a_bank_without_a_single_unit_is_an_empty_layer(
    bank: Callable[..., str], table: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    layer = layer_of(table(bank({"59": []})), tmp_path, "241711")
    assert layer.table.empty
    assert "no figure of -" in layer.problems[0].sentence()


def test_a_zero_with_an_attribute_nobody_explains_is_unknown(
    bank: Callable[..., str], table: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    odd = [
        unit(RAJCZA, "Rajcza", y2024=(0, 99)),
        unit(UJSOLY, "Ujsoły", y2024=(5, 99)),
        unit(MILOWKA, "Milówka", y2024=(0, None)),
    ]
    layer = layer_of(table(bank({"59": odd})), tmp_path, "241711", "241714", "241709")
    found = layer.table.set_index("code")["value"]
    assert pd.isna(found["2417112"])
    assert found[["2417142", "2417092"]].tolist() == [5, 0]


def test_a_bank_that_gives_less_than_it_announces_is_refused(
    bank: Callable[..., str], table: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    source = table(bank({"59": BIRTHS}, announced=9), page_size=6)
    with pytest.raises(RefusedError, match="announces 9 entries but gives only 6"):
        layer_of(source, tmp_path, "241711")


@pytest.mark.parametrize(
    "body",
    [
        b'{"errors": [{"errorReason": "Invalid variable"}]}',
        b"[]",
        b"not json",
        b"[" * 100_000,
        b'{"results": {"id": 1}}',
    ],
)
def test_what_is_no_answer_of_the_bank_is_refused_and_forgotten(
    body: bytes,
    bank: Callable[..., str],
    server: Any,
    serving: ModuleType,
    table: Callable[..., RemoteSource],
    tmp_path: Path,
) -> None:
    source = table(bank({}))
    server.at("/api/data/by-variable/59", serving.Answer(body))
    with pytest.raises(FileRefusedError, match=r"Expected data \(JSON\)"):
        layer_of(source, tmp_path, "241711")
    kept = [path.read_bytes() for path in (tmp_path / "kept").rglob("document*")]
    assert body not in kept


def test_the_number_of_a_client_is_sent_to_the_bank_alone_and_kept_nowhere(
    bank: Callable[..., str],
    server: Any,
    serving: ModuleType,
    table: Callable[..., RemoteSource],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GEOAPP_BDL_CLIENT_ID", " secret-number\n")
    headers = {"X-ClientId": "GEOAPP_BDL_CLIENT_ID"}
    with serving.running() as other:
        host = other.address.removeprefix("http://")
        source = table(bank({"59": BIRTHS}), headers=headers, hosts=[host])
        target = other.at("/moved", serving.Answer(json.dumps(ATTRIBUTES).encode()))
        server.at("/api/attributes", serving.Answer(status=302, headers={"Location": target}))
        layer_of(source, tmp_path, "241711")
        assert {asked.headers.get("x-clientid") for asked in server.requests} == {"secret-number"}
        assert ["x-clientid" in asked.headers for asked in other.requests] == [False]
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"secret-number" not in kept


def test_without_a_number_none_is_sent(
    bank: Callable[..., str],
    server: Any,
    table: Callable[..., RemoteSource],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GEOAPP_BDL_CLIENT_ID", raising=False)
    headers = {"X-ClientId": "GEOAPP_BDL_CLIENT_ID"}
    layer_of(table(bank({"59": BIRTHS}), headers=headers), tmp_path, "241711")
    assert not any("x-clientid" in asked.headers for asked in server.requests)


def test_a_table_of_nothing_is_refused_in_the_registry(
    make_source: Callable[..., RemoteSource],
) -> None:
    with pytest.raises(ValueError, match=r"needs parameters\.variables or parameters\.subject"):
        make_source("https://example.org", protocol="bdl", parameters={"table": "births"})


def test_no_other_secret_can_be_named(make_source: Callable[..., RemoteSource]) -> None:
    with pytest.raises(ValueError, match=r"headers\.X-Key"):
        make_source("https://example.org", headers={"X-Key": "AWS_SECRET_ACCESS_KEY"})


def test_a_plan_names_what_is_asked_first(
    bank: Callable[..., str], server: Any, workspace_root: Path, tmp_path: Path
) -> None:
    lines = f'[bdl-births]\naddress = "{bank({"59": BIRTHS})}"\n'
    (workspace_root / "sources.toml").write_text(lines, "utf-8")
    plan = plan_pull(workspace_root, "bdl-births", "pl-beskid", store=tmp_path / "store")
    assert [document.address.rpartition("/")[2] for document in plan.documents] == [
        "attributes",
        "59",
    ]
    assert plan.more
    assert server.requests == []


@given(
    st.sampled_from(["02", "14", "24", "32"]),
    st.tuples(st.integers(1, 79), st.integers(1, 99), st.integers(1, 3), st.integers(0, 999)),
)
def test_identifiers_and_codes_mean_the_same_gmina(
    voivodeship: str, numbers: tuple[int, int, int, int]
) -> None:
    powiat, gmina, kind, region = numbers
    identifier = f"01{voivodeship}{region:03d}{powiat:02d}{gmina:02d}{kind}"
    code = teryt_of(identifier)
    assert code == f"{voivodeship}{powiat:02d}{gmina:02d}{kind}"
    assert unit_key(identifier) == unit_key(code)
