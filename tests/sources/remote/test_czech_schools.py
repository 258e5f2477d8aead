"""The Czech register of schools, from its file to the map."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import ValidationError

from geoapp.errors import FileRefusedError
from geoapp.sources.remote.czech_schools import pull_czech_schools, read_schools
from geoapp.sources.remote.czech_territory import municipality_of, read_territory
from geoapp.sources.remote.fetching import Patience, fetching
from geoapp.sources.remote.pulled import Area, PulledLayer
from geoapp.sources.remote.registry import RemoteSource
from geoapp.workspace.opening import open_workspace
from geoapp.workspace.preparing import prepare
from geoapp.workspace.pulling import pull

QUICK = Patience(first_wait_seconds=0.01, longest_wait_seconds=0.1, attempts=2, read_seconds=10)
REFERENCE = Path(__file__).parents[3] / "../shared/reference"
COLUMNS = (
    "platnost_datum,obec_text,obec_kod,orp_text,orp_csu_cis65_kod,okres_text,"
    "okres_csu_cis101_lau_kod,okres_csu_cis109_nuts_kod,kraj_text"
)
TERRITORY = f"""{COLUMNS}
2025-01-01,Rumburk,562777,Rumburk,4213,Děčín,CZ0421,CZ0421,Ústecký kraj
2025-01-01,Šluknov,562858,Rumburk,4213,Děčín,CZ0421,CZ0421,Ústecký kraj
2025-01-01,Děčín,562335,Děčín,4202,Děčín,CZ0421,CZ0421,Ústecký kraj
2025-01-01,Lipová,562661,Rumburk,4213,Děčín,CZ0421,CZ0421,Ústecký kraj
2025-01-01,Lipová,554677,Cheb,4102,Cheb,CZ0411,CZ0411,Karlovarský kraj
2025-01-01,Dolní Lhota,552402,Děčín,4202,Děčín,CZ0421,CZ0421,Ústecký kraj
2025-01-01,Dolní Lhota,569682,Děčín,4202,Děčín,CZ0421,CZ0421,Ústecký kraj
2025-01-01,Praha,554782,,1000,Praha,CZ0100,CZ0100,Hlavní město Praha
2025-01-01,Bílina,567451,Bílina,4201,Teplice,CZ0426,CZ0426,Ústecký kraj
"""


def school(
    number: int,
    *addresses: tuple[str, str, str],
    kind: str = "A00",
    capacity: str = "50",
    district: str = "CZ0421",
    orp: str = "4213",
) -> str:
    places = "".join(
        f"<SkolaMistoVykonuCinnosti><IDMista>{number}{place}</IDMista>"
        "<MistoDruhTyp>A00</MistoDruhTyp><MistoRUAINKod>562777</MistoRUAINKod>"
        + "".join(
            f"<MistoAdresa{line}>{text}</MistoAdresa{line}>" for line, text in enumerate(lines, 1)
        )
        + "</SkolaMistoVykonuCinnosti>"
        for place, lines in enumerate(addresses)
    )
    return (
        f"<PravniSubjekt><RedIzo>6000{number}</RedIzo><ICO>1</ICO><Reditelstvi>"
        f"<RedZkracenyNazev>MŠ {number}</RedZkracenyNazev><RedRUAINKod>1</RedRUAINKod>"
        "<RedAdresa1>č.p. 1</RedAdresa1><RedAdresa2>407 77 Šluknov</RedAdresa2><RedAdresa3/>"
        f"<Okres>{district}</Okres><ORP>{orp}</ORP></Reditelstvi><SkolyZarizeni><SkolaZarizeni>"
        f"<IZO>1000{number}</IZO><SkolaDruhTyp>{kind}</SkolaDruhTyp>"
        f"<SkolaKapacita>{capacity}</SkolaKapacita><SkolaKapacitaJednotka>D</SkolaKapacitaJednotka>"
        f"<SkolaMistaVykonuCinnosti>{places}</SkolaMistaVykonuCinnosti>"
        "</SkolaZarizeni></SkolyZarizeni></PravniSubjekt>"
    )


def register(schools: Iterable[str]) -> bytes:
    beginning = '<?xml version="1.0" encoding="windows-1250"?><ExportDat>'
    text = f"{beginning}<DatumExportu>2025-09-30</DatumExportu>{''.join(schools)}</ExportDat>"
    return text.encode("cp1250")


RUMBURK = ("Krátká 1/2", "Rumburk 1", "408 01 Rumburk 1")
SLUKNOV = ("č.p. 5", "407 77 Šluknov", "")
LIPOVA = ("č.p. 9", "407 81 Lipová - Liščí", "")
NOWHERE = ("č.p. 1", "400 00 Zapadlá", "")
SCHOOLS = (
    school(1, RUMBURK, capacity="100"),
    school(2, RUMBURK, capacity="025"),
    school(3, SLUKNOV, capacity="neuvedeno"),
    school(4, RUMBURK, kind="B00", capacity="400"),
    school(5, LIPOVA, capacity="30"),
)


@pytest.fixture
def source(
    make_source: Callable[..., RemoteSource], server: Any, serving: ModuleType
) -> Callable[..., RemoteSource]:
    def make(body: bytes, territory: str = TERRITORY) -> RemoteSource:
        address = server.at("/vrejcelk.xml", serving.file_answer(body, content_type="text/xml"))
        table = server.at("/struktura.csv", serving.file_answer(territory.encode("utf-8-sig")))
        return make_source(
            address,
            addresses={"territory": table},
            protocol="czech-schools",
            theme="childcare",
            layer="kindergartens-cz",
            kind="table",
            types=["A00"],
            countries=["CZ"],
            complete=True,
        )

    return make


def layer_of(source: RemoteSource, tmp_path: Path, *units: str, whole: bool = False) -> PulledLayer:
    area = Area(frozenset(units), (14.4, 50.9, 14.6, 51.0), ("CZ",), whole)
    with fetching(source, tmp_path / "kept", patience=QUICK) as fetch:
        (layer,) = pull_czech_schools(source, area, fetch)
    return layer


def test_kindergartens_come_from_the_register_to_the_map(
    server: Any, serving: ModuleType, workspace_root: Path, tmp_path: Path
) -> None:
    address = server.at("/r.xml", serving.file_answer(register(SCHOOLS)))
    table = server.at("/t.csv", serving.file_answer(TERRITORY.encode()))
    lines = f'[msmt-kindergartens]\naddress = "{address}"\naddresses.territory = "{table}"\n'
    (workspace_root / "sources.toml").write_text(lines, "utf-8")
    store = tmp_path / "store"
    pulled = pull(workspace_root, "msmt-kindergartens", "cz-sever", store=store, patience=QUICK)
    assert pulled.documents == 2
    atlas = prepare(open_workspace(workspace_root), store=store)
    own = atlas.figures[atlas.figures["layer"] == "kindergartens-cz"]
    known = own.pivot_table(index="unit", columns="quantity", values="value", dropna=False)
    assert known.loc["562777", ["facilities", "places"]].tolist() == [2, 125]
    assert known.loc["562858", "facilities"] == 1
    assert known["places"].isna()["562858"]
    spec = next(layer.spec for layer in atlas.layers if layer.spec.slug == "kindergartens-cz")
    assert (spec.date, spec.complete, spec.units) == ("2025-09-30", True, ("562777", "562858"))


def test_a_municipality_without_a_kindergarten_has_none(
    source: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    layer = layer_of(source(register(SCHOOLS)), tmp_path, "562777", "562335")
    assert layer.table.to_dict("records") == [
        {"code": "562777", "facilities": 2, "places": 125, "name": "Rumburk"}
    ]
    assert layer.complete
    assert layer.problems == ()


def test_a_capacity_that_is_no_number_is_unknown(
    source: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    layer = layer_of(source(register(SCHOOLS)), tmp_path, "562858")
    assert layer.table["places"].isna().all()
    assert "capacity of 1 schools is no plain number" in layer.problems[0].sentence()


def test_a_school_that_cannot_be_placed_near_the_area_takes_away_the_zeros(
    source: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    lost = school(6, NOWHERE)
    layer = layer_of(source(register([*SCHOOLS, lost])), tmp_path, "562777")
    assert not layer.complete
    assert "1 schools in or near the area names no municipality" in layer.problems[0].sentence()
    far = school(7, NOWHERE, district="CZ0100", orp="1000")
    assert layer_of(source(register([*SCHOOLS, far])), tmp_path, "562777").complete


def test_a_school_in_several_municipalities_counts_in_each_but_its_places_in_none(
    source: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    shared = school(6, RUMBURK, SLUKNOV, capacity="60")
    layer = layer_of(source(register([shared])), tmp_path, "562777", "562858")
    assert layer.table["facilities"].tolist() == [1, 1]
    assert layer.table["places"].isna().all()
    assert "1 schools teach in several municipalities" in layer.problems[0].sentence()


def test_a_school_without_places_of_its_own_is_where_its_seat_is(
    source: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    layer = layer_of(source(register([school(6)])), tmp_path, whole=True)
    assert layer.table["code"].tolist() == ["562858"]


@pytest.mark.parametrize(
    ("town", "district", "orp", "unit"),
    [
        ("408 01 Rumburk 1", "CZ0421", "4213", "562777"),
        ("40777 Šluknov", "Děčín", None, "562858"),
        ("407 81 LIPOVÁ", "CZ0421", "Rumburk", "562661"),
        ("350 02 Lipová", "cz0411", None, "554677"),
        ("350 02 Lipová", None, None, None),
        ("142 00 Praha 4 - Písnice", "CZ0100", "1000", "554782"),
        ("405 02 Dolní Lhota", "CZ0421", None, None),
        ("418 01 Bílina", "CZ0421", "4213", "567451"),
        ("418 01 Bílina", "CZ0411", "4102", None),
        ("Rumburk", "CZ0421", "4213", None),
        ("408 01 Zapadlá", "CZ0421", "4213", None),
    ],
)
def test_a_name_is_looked_for_where_the_school_is(
    town: str, district: str | None, orp: str | None, unit: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "territory.csv"
    path.write_text(TERRITORY, "utf-8")
    territory = read_territory(path, file="test")
    lines = ("Krátká 1/2", town, None)
    assert municipality_of(lines, territory, district=district, orp=orp) == unit


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'<!DOCTYPE x [<!ENTITY a "aaaa">]><ExportDat>&a;</ExportDat>', "document type"),
        (
            '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x><x/>'.encode("utf-16"),
            "document type",
        ),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><ExportDat/>', "document type"),
        (register(SCHOOLS)[:2000], "no element found|unclosed|mismatched"),
        (b"<ExportDat/>", "no PravniSubjekt"),
        (b'{"error": "x"}', "syntax error|not well-formed"),
        (b"", "no element found"),
        (b'<?xml version="1.0" encoding="hex"?><a/>', "encoding"),
    ],
)
def test_what_is_no_register_is_refused_and_forgotten(
    body: bytes, told: str, source: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    made = source(register(SCHOOLS))
    path = tmp_path / "r.xml"
    path.write_bytes(body)
    with pytest.raises(FileRefusedError, match=told):
        read_schools(path, made)
    assert not path.exists()


def test_a_list_of_municipalities_without_its_columns_is_refused(
    source: Callable[..., RemoteSource], tmp_path: Path
) -> None:
    for territory in ("a;b\n1;2\n", "", '"unclosed'):
        with pytest.raises(FileRefusedError, match=r"lacks the columns .*addresses\.territory"):
            layer_of(source(register(SCHOOLS), territory), tmp_path, "562777")


def test_a_source_without_a_list_of_municipalities_is_refused_in_the_registry(
    make_source: Callable[..., RemoteSource],
) -> None:
    fields = {"protocol": "czech-schools", "theme": "childcare"}
    with pytest.raises(ValidationError, match=r"needs addresses\.territory"):
        make_source("https://example.org/r.xml", types=["A00"], **fields)
    with pytest.raises(ValidationError, match="needs types"):
        make_source("https://example.org/r.xml", **fields)


def test_most_kindergartens_of_the_country_find_their_municipality(tmp_path: Path) -> None:
    """By name alone, without any district: what remains are names that repeat."""
    known = REFERENCE / "attributes/lau_2019_pl_cz.csv"
    listed = REFERENCE / "themes/cz_kindergartens_msmt_2023.csv"
    if not (known.is_file() and listed.is_file()):
        pytest.skip("no reference data here")
    with known.open(encoding="utf-8") as file:
        towns = [row for row in csv.DictReader(file) if row["country"] == "CZ"]
    with (tmp_path / "t.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["obec_kod", "obec_text", "okres_text", "kraj_text"])
        writer.writerows([row["lau_code"], row["lau_name_national"], "", ""] for row in towns)
    territory = read_territory(tmp_path / "t.csv", file="test")
    with listed.open(encoding="utf-8") as file:
        schools = list(csv.DictReader(file))
    lines = [("", f"{row['psc']} {row['obec']}") for row in schools]
    found = [municipality_of(pair, territory, district=None, orp=None) for pair in lines]
    names = {row["obec"] for row, unit in zip(schools, found, strict=True) if unit is None}
    repeated = {name for name in names if len(territory.named.get(name.casefold(), ())) > 1}
    assert len(found) > 5000
    assert len(names - repeated) <= 5, sorted(names - repeated)
