"""The Polish register of schools, from its answers to the map."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from geoapp.errors import FileRefusedError, RefusedError
from geoapp.sources.remote.fetching import Patience, fetching
from geoapp.sources.remote.pulled import Area, PulledLayer
from geoapp.sources.remote.registry import RemoteSource
from geoapp.sources.remote.rspo import pull_rspo
from geoapp.workspace.opening import open_workspace
from geoapp.workspace.preparing import prepare
from geoapp.workspace.pulling import pull

QUICK = Patience(first_wait_seconds=0.01, longest_wait_seconds=0.1, attempts=2, read_seconds=10)
KINDS = {1: "Przedszkole", 3: "Szkoła podstawowa", 81: "Punkt przedszkolny"}


def school(
    number: int, code: object, place: object = None, kind: int = 1, **more: Any
) -> dict[str, Any]:
    return {
        "@id": f"/api/placowki/{number}",
        "numerRspo": number,
        "nazwa": f"Placówka {number}",
        "typ": {"@id": f"/api/typ/{kind}", "id": kind, "nazwa": KINDS[kind]},
        "gminaKodTERYT": code,
        "geolokalizacja": place,
    } | more


def at(lon: object, lat: object) -> dict[str, object]:
    return {"latitude": lat, "longitude": lon}


SCHOOLS = [
    school(1, "2417112", at(19.05, 49.45)),
    school(2, "2417112", at("19,06", " 49,46 ")),
    school(3, "2417142", [at("19.15", "49.45")], kind=81),
    school(4, "2417092", at(None, "")),
    school(5, "2417092", at(19.05, 49.55), dataLikwidacji="2020-08-31T00:00:00+02:00"),
    school(6, "2417092", at(19.06, 49.55), zlikwidowana=True),
    school(7, "2417092", at(19.07, 49.55), dataLikwidacji="2999-08-31"),
    school(8, "2417082", at(19.15, 49.55)),
    school(9, "2417112", at(19.05, 49.45), kind=3),
    school(10, None, at(19.05, 49.45)),
]


@pytest.fixture
def register(server: Any, serving: ModuleType) -> Callable[..., str]:
    """A maker of a register that answers in pages of two; returns its address."""

    def make(schools: Sequence[Any], form: str = "hydra", announced: int | None = None) -> str:
        def answering(request: Any) -> Any:
            kind, page = int(request.query["typ_podmiotu_id"]), int(request.query["page"])
            of_kind = [found for found in schools if kind in (found["typ"]["id"], -1)]
            part = of_kind[2 * page - 2 : 2 * page]
            more = len(of_kind) > 2 * page
            view = {"@id": f"/api/placowki?page={page}"}
            view |= {"hydra:next": f"/api/placowki?page={page + 1}"} if more else {}
            total = len(of_kind) if announced is None else announced
            body: object = {"hydra:member": part, "hydra:totalItems": total, "hydra:view": view}
            if form == "plain":
                body = part
            elif form == "unprefixed":
                body = json.loads(json.dumps(body).replace("hydra:", ""))
            kinds = {"Content-Type": "application/ld+json; charset=utf-8"}
            return serving.Answer(json.dumps(body).encode(), headers=kinds)

        return str(server.at("/api/placowki/", answering))

    return make


@pytest.fixture
def source(make_source: Callable[..., RemoteSource]) -> Callable[..., RemoteSource]:
    def make(address: str, **fields: Any) -> RemoteSource:
        usual = {"protocol": "rspo", "theme": "childcare", "types": ["1", "81"], "kind": "point"}
        return make_source(address, layer="kindergartens-pl", **usual | fields)

    return make


def layer_of(source: RemoteSource, tmp_path: Path, *units: str, whole: bool = False) -> PulledLayer:
    area = Area(frozenset(units), (19.0, 49.4, 19.2, 49.6), ("PL",), whole)
    with fetching(source, tmp_path / "kept", patience=QUICK) as fetch:
        (layer,) = pull_rspo(source, area, fetch)
    return layer


def test_kindergartens_come_from_the_register_to_the_map(
    register: Callable[..., str], workspace_root: Path, tmp_path: Path
) -> None:
    lines = f'[rspo]\naddress = "{register(SCHOOLS)}"\npause_seconds = 0\n'
    (workspace_root / "sources.toml").write_text(lines, "utf-8")
    store = tmp_path / "store"
    pulled = pull(workspace_root, "rspo", "pl-beskid", store=store, patience=QUICK)
    told = [problem.problem().sentence() for problem in pulled.layers[0].problems]
    assert any("1 institutions have no coordinates" in sentence for sentence in told)
    atlas = prepare(open_workspace(workspace_root), store=store)
    own = atlas.figures[atlas.figures["layer"] == "kindergartens-pl"]
    facilities = own[own["quantity"] == "facilities"].set_index("unit")["value"]
    assert facilities[["241711", "241714", "241709"]].tolist() == [2, 1, 1]
    assert facilities[["241708", "562777"]].isna().all()
    assert own[own["quantity"] == "places"]["value"].isna().all()
    layer = next(found for found in atlas.layers if found.spec.slug == "kindergartens-pl")
    assert layer.geometry is not None
    assert (layer.geometry.kind, layer.geometry.features) == ("point", 4)


@pytest.mark.parametrize("form", ["hydra", "unprefixed", "plain"])
def test_all_pages_are_read_in_every_form(
    form: str,
    register: Callable[..., str],
    server: Any,
    source: Callable[..., RemoteSource],
    tmp_path: Path,
) -> None:
    layer = layer_of(source(register(SCHOOLS, form)), tmp_path, "241711", "241714", "241709")
    assert layer.table["key"].tolist() == ["1", "2", "7", "3"]
    assert layer.table["kind"].tolist() == ["Przedszkole"] * 3 + ["Punkt przedszkolny"]
    assert layer.table.geometry.x.tolist() == pytest.approx([19.05, 19.06, 19.07, 19.15])
    assert layer.table.geometry.y.tolist() == pytest.approx([49.45, 49.46, 49.55, 49.45])
    assert {asked.query["powiat_kod_teryt"] for asked in server.requests} == {"2417"}
    assert {asked.query["zlikwidowana"] for asked in server.requests} == {"false"}


def test_what_cannot_be_placed_is_told(
    register: Callable[..., str], source: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    layer = layer_of(source(register(SCHOOLS)), tmp_path, "241709")
    assert [problem.sentence() for problem in layer.problems] == [
        "1 institutions have no municipality code that can be read, and were left out: "
        "10 Placówka 10.",
        "1 institutions have no coordinates at the source, and were left out: 4 Placówka 4.",
    ]


def test_without_any_coordinates_institutions_are_counted_by_municipality(
    register: Callable[..., str], workspace_root: Path, tmp_path: Path
) -> None:
    schools = [school(1, "2417112"), school(2, "2417112", at("", None)), school(3, "2417142", [])]
    lines = f'[rspo]\naddress = "{register(schools)}"\npause_seconds = 0\n'
    (workspace_root / "sources.toml").write_text(lines, "utf-8")
    store = tmp_path / "store"
    pulled = pull(workspace_root, "rspo", "pl-beskid", store=store, patience=QUICK)
    assert pulled.layers[0].files[0] == "data/themes/kindergartens-pl.csv"
    assert "None of the 3 institutions" in pulled.layers[0].problems[0].problem().sentence()
    figures = prepare(open_workspace(workspace_root), store=store).figures
    own = figures[(figures["layer"] == "kindergartens-pl") & (figures["quantity"] == "facilities")]
    assert own.set_index("unit")["value"].dropna().to_dict() == {"241711": 2, "241714": 1}


def test_where_no_institution_is_nothing_is_written(
    register: Callable[..., str], workspace_root: Path, tmp_path: Path
) -> None:
    lines = f'[rspo]\naddress = "{register([])}"\npause_seconds = 0\n'
    (workspace_root / "sources.toml").write_text(lines, "utf-8")
    store = tmp_path / "store"
    pulled = pull(workspace_root, "rspo", "pl-beskid", store=store, patience=QUICK)
    assert pulled.layers[0].files == ()


def test_codes_that_lost_their_zeros_still_mean_the_same(
    register: Callable[..., str], source: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    schools = [school(1, 201011, at(15.5, 51.2)), school(2, 2417112, at(19.05, 49.45))]
    layer = layer_of(source(register(schools)), tmp_path, whole=True)
    assert layer.table["code"].tolist() == ["020101", "241711"]


def test_a_server_that_ignores_pages_is_found_out(
    server: Any, serving: ModuleType, source: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    body = json.dumps(SCHOOLS[:3]).encode()
    address = server.at("/api/placowki/", serving.Answer(body))
    layer = layer_of(source(address, types=["1"]), tmp_path, "241711")
    assert layer.table["key"].tolist() == ["1", "2"]
    assert len(server.requests) == 2


def test_a_register_that_gives_less_than_it_announces_is_refused(
    register: Callable[..., str], source: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    address = register(SCHOOLS, announced=50)
    with pytest.raises(RefusedError, match="announces 50 entries but gives only 8"):
        layer_of(source(address, types=["1"]), tmp_path, "241711")


@pytest.mark.parametrize(
    "body", [b'{"error": "zly parametr"}', b"", b'"x"', b'{"hydra:member": {"numerRspo": 1}}']
)
def test_what_is_no_answer_of_the_register_is_refused(
    body: bytes,
    server: Any,
    serving: ModuleType,
    source: Callable[..., RemoteSource],
    tmp_path: Path,
) -> None:
    address = server.at("/api/placowki/", serving.Answer(body))
    with pytest.raises(FileRefusedError, match=r"Expected data \(JSON\)"):
        layer_of(source(address), tmp_path, "241711")


def test_a_page_of_maintenance_is_refused(
    server: Any, serving: ModuleType, source: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    page = serving.Answer(b"<html>przerwa", headers={"Content-Type": "text/html"})
    with pytest.raises(RefusedError, match="przerwa"):
        layer_of(source(server.at("/api/placowki/", page)), tmp_path, "241711")


@pytest.mark.parametrize("status", [401, 403])
def test_a_missing_account_is_told_with_the_variable_to_set(
    status: int,
    server: Any,
    serving: ModuleType,
    source: Callable[..., RemoteSource],
    tmp_path: Path,
) -> None:
    address = server.at("/api/placowki/", serving.Answer(b"", status))
    wanting = source(address, headers={"Authorization": "GEOAPP_RSPO_AUTHORIZATION"})
    with pytest.raises(RefusedError, match="Set GEOAPP_RSPO_AUTHORIZATION in the environment"):
        layer_of(wanting, tmp_path, "241711")
    with pytest.raises(RefusedError, match=f"The server refused \\({status}"):
        layer_of(source(address), tmp_path, "241711")


def test_an_account_is_shown_to_the_register(
    register: Callable[..., str],
    server: Any,
    source: Callable[..., RemoteSource],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GEOAPP_RSPO_AUTHORIZATION", "Basic bWU6cHc=")
    headers = {"Authorization": "GEOAPP_RSPO_AUTHORIZATION"}
    layer_of(source(register(SCHOOLS), headers=headers), tmp_path, "241711")
    assert {asked.headers.get("authorization") for asked in server.requests} == {"Basic bWU6cHc="}
