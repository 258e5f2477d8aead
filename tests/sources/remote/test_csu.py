"""Open data of the Czech Statistical Office, from its files to the map."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from geoapp.errors import FileRefusedError, RefusedError
from geoapp.sources.remote.csu import pull_csu
from geoapp.sources.remote.fetching import Patience, fetching
from geoapp.sources.remote.pulled import Area, PulledLayer
from geoapp.sources.remote.registry import RemoteSource
from geoapp.workspace.opening import open_workspace
from geoapp.workspace.preparing import prepare
from geoapp.workspace.pulling import pull

QUICK = Patience(first_wait_seconds=0.01, longest_wait_seconds=0.1, attempts=2, read_seconds=10)
MOVEMENT = ("idhod", "hodnota", "vuk", "vuzemi_cis", "vuzemi_kod", "rok", "vuk_text", "vuzemi_txt")
AGES = ("hodnota", "stapro_kod", "pohlavi_cis", "pohlavi_kod", "vek_cis", "vek_kod")
AGES += ("uzemi_cis", "uzemi_kod", "obdobi", "pohlavi_txt", "vek_txt", "uzemi_txt")
LINES = [
    ("1", "110", "DEM0002", "43", "562777", "2024", "Živě  narození", "Rumburk"),
    ("2", "105", "DEM0002", "43", "562777", "2023", "Živě  narození", "Rumburk"),
    ("3", "11023", "DEM0004", "43", "562777", "2024", "Střední stav obyvatel", "Rumburk"),
    ("4", "", "DEM0002", "43", "562858", "2024", "Živě  narození", "Šluknov"),
    ("5", "51", "DEM0002", "43", "562858", "2023", "Živě  narození", "Šluknov"),
    ("6", "1200", "DEM0002", "101", "562777", "2024", "Živě  narození", "okres"),
    ("7", "80000", "DEM0002", "97", "19", "2024", "Živě  narození", "Česká republika"),
]


def table(columns: Iterable[str], lines: Iterable[Iterable[str]], sep: str = ",") -> str:
    return "".join(
        sep.join(f'"{cell}"' for cell in line) + "\r\n" for line in (tuple(columns), *lines)
    )


BIRTHS = table(MOVEMENT, LINES)


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name.replace("_csv", ".csv").replace("_txt", ".txt"), body)
    return packed.getvalue()


@pytest.fixture
def source(
    make_source: Callable[..., RemoteSource], server: Any, serving: ModuleType
) -> Callable[..., RemoteSource]:
    """A maker of a source whose address is that of a table."""

    def make(body: bytes | str, **parameters: str) -> RemoteSource:
        data = body.encode() if isinstance(body, str) else body
        return make_source(
            server.at("/data.csv", serving.file_answer(data, content_type="text/csv")),
            protocol="csu",
            theme=None,
            layer="births-cz",
            kind="table",
            parameters={"table": "births"} | parameters,
            countries=["CZ"],
        )

    return make


def layer_of(source: RemoteSource, tmp_path: Path, *units: str, whole: bool = False) -> PulledLayer:
    area = Area(frozenset(units or {"562777", "562858"}), (14, 50, 15, 51), ("CZ",), whole)
    with fetching(source, tmp_path / "kept", patience=QUICK) as fetch:
        (layer,) = pull_csu(source, area, fetch)
    return layer


def values(layer: PulledLayer) -> dict[str, float]:
    return layer.table.set_index("code")["value"].fillna(-1).to_dict()


@pytest.mark.parametrize("kind", ["csv", "zip"])
def test_figures_come_from_the_catalogue_to_the_map(
    kind: str, server: Any, serving: ModuleType, workspace_root: Path, tmp_path: Path
) -> None:
    body = BIRTHS.encode() if kind == "csv" else zipped(data_csv=BIRTHS.encode(), read_me_txt=b"x")
    data = server.at(f"/docs/130141-25data.{kind}", serving.file_answer(body))
    schema = {"url": f"{server.address}/docs/schema.json", "format": "application/json"}
    entry = {"result": {"resources": [schema, {"url": f"{data}?version=1.0", "format": kind}]}}
    catalogue = server.at("/package_show", serving.Answer(json.dumps(entry).encode()))
    (workspace_root / "sources.toml").write_text(
        f'[csu-births]\naddress = "{catalogue}"\n', "utf-8"
    )
    store = tmp_path / "store"
    pulled = pull(workspace_root, "csu-births", "cz-sever", store=store, patience=QUICK)
    assert server.asked("/package_show")[0].query == {"id": "130141r25"}
    assert "562858 Šluknov" in pulled.layers[0].problems[0].problem().sentence()
    atlas = prepare(open_workspace(workspace_root), store=store)
    own = atlas.figures[atlas.figures["layer"] == "births-cz"].set_index("unit")["value"]
    assert own["562777"] == 110
    assert own[["562858", "241711"]].isna().all()
    spec = next(layer.spec for layer in atlas.layers if layer.spec.slug == "births-cz")
    assert (spec.theme, spec.date) == ("births", "2024")


def test_one_figure_of_municipalities_alone_is_taken(
    source: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    layer = layer_of(source(BIRTHS, vuk_text="Živě narození"), tmp_path, whole=True)
    assert (layer.date, values(layer)) == ("2024", {"562777": 110, "562858": -1})
    assert layer.unit is None


def test_a_period_can_be_named(source: Callable[..., RemoteSource], tmp_path: Path) -> None:
    layer = layer_of(source(BIRTHS, vuk_text="Živě narození", period="2023"), tmp_path)
    assert (layer.date, values(layer)) == ("2023", {"562777": 105, "562858": 51})


@pytest.mark.parametrize(
    ("encoding", "sep"), [("cp1250", ";"), ("utf-8-sig", ","), ("utf-8", "\t")]
)
def test_every_encoding_and_separator_reads_the_same(
    encoding: str, sep: str, source: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    body = table(MOVEMENT, LINES, sep).encode(encoding)
    layer = layer_of(source(body, vuk_text="Živě narození", period="2023"), tmp_path)
    assert dict(zip(layer.table["name"], layer.table["value"], strict=True)) == {
        "Rumburk": 105,
        "Šluknov": 51,
    }


def test_of_a_breakdown_the_total_is_taken_or_what_is_named(
    source: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    def line(value: str, sex: str, age: str) -> tuple[str, ...]:
        place = ("43", "562777", "2024-12-31", sex and "muž", age, "Rumburk")
        return (value, "2406", "102", sex, "7700", age, *place)

    lines = [
        line("11000", "", ""),
        line("5400", "1", ""),
        line("350", "", "0-2"),
        line("9", "1", "0-2"),
    ]
    total = layer_of(source(table(AGES, lines)), tmp_path)
    assert (total.date, values(total)) == ("2024-12-31", {"562777": 11000})
    young = layer_of(source(table(AGES, lines), vek_kod="0-2"), tmp_path)
    assert values(young) == {"562777": 350}


def test_months_tell_the_period(source: Callable[..., RemoteSource], tmp_path: Path) -> None:
    columns = ("hodnota", "uzemi_cis", "uzemi_kod", "rok", "mesic", "vuk_text")
    lines = [
        (value, "43", "562777", "2025", month, "Podíl nezaměstnaných osob (%)")
        for value, month in (("4,9", "9"), ("5.1", "10"), ("4.7", "2"))
    ]
    made = source(table(columns, lines), vuk_text="Podíl nezaměstnaných osob", unit="%")
    layer = layer_of(made, tmp_path, "562777")
    assert (layer.date, layer.unit, values(layer)) == ("2025-10", "%", {"562777": 5.1})


def test_several_figures_of_one_municipality_are_refused(
    source: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    with pytest.raises(RefusedError, match=r"several figures for one .*562777 2024.*parameters"):
        layer_of(source(BIRTHS), tmp_path)


def test_a_text_that_no_line_holds_is_refused_with_those_there_are(
    source: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    with pytest.raises(RefusedError, match=r"vuk_text = Narozeni; there are .*Střední stav"):
        layer_of(source(BIRTHS, vuk_text="Narozeni"), tmp_path)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"error": "gone"}', "Expected the columns vuzemi_kod"),
        (b"", "cannot be read"),
        (b"a,b\n1,2,3,4\n1,2,3,4,5,6\n", "cannot be read|Expected the columns"),
        (b"PK\x03\x04 no archive", "archive is damaged"),
        (zipped(read_me_txt=b"x"), "holds no file that can be read"),
        (zipped(a_csv=b"x", b_csv=b"y"), "several data files"),
    ],
)
def test_what_is_no_table_is_refused(
    body: bytes, told: str, source: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    with pytest.raises(FileRefusedError, match=told):
        layer_of(source(body, vuk_text="Živě narození"), tmp_path)


@pytest.mark.parametrize(
    "entry",
    [
        {"success": False, "error": "Not found"},
        {"result": {"resources": [{"url": "https://x.example/a.json", "format": "json"}]}},
        {"result": {"resources": "none"}},
        [],
    ],
)
def test_an_entry_without_a_table_is_refused(
    entry: object,
    server: Any,
    serving: ModuleType,
    source: Callable[..., RemoteSource],
    tmp_path: Path,
) -> None:
    made = source(json.dumps(entry), dataset="130141r99")
    with pytest.raises(FileRefusedError, match=r"Expected data \(JSON\) in the form"):
        layer_of(made, tmp_path)


def test_the_catalogue_cannot_lead_to_a_host_that_is_not_named(
    source: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    entry = {"result": {"resources": [{"url": "http://169.254.169.254/a.csv", "format": "csv"}]}}
    made = source(json.dumps(entry), dataset="130141r25")
    with pytest.raises(FileRefusedError, match="not an address of this source"):
        layer_of(made, tmp_path)
