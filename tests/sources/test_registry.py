from collections.abc import Callable
from pathlib import Path

import pytest

from geoapp.core.codes import unit_key
from geoapp.errors import Problem
from geoapp.sources import registry
from geoapp.sources.registry import (
    check_members,
    read_base_maps,
    read_layer_specs,
    read_municipalities,
    read_partnerships,
    read_statuses,
)

REPOSITORY = Path(__file__).parents[2]
PARTNERSHIPS = sorted((REPOSITORY / "data/partnerships").glob("*.toml"))
LAYERS = sorted((REPOSITORY / "layers").glob("*.toml"))

GOOD = {"pl-beskid", "cz-sever", "together", "pl-county"}
BROKEN = [
    ("id = ", "", "expected TOML, found something unreadable: Invalid value"),
    ('id = "bad"\nid = "bad"', "", "Cannot overwrite a value"),
    ("a = " + "[" * 3000 + "]" * 3000, "", "found something unreadable"),
    ("a = " + "9" * 5000, "", "found something unreadable"),
    ("", "id", "Field required"),
    ('colour = "red"', "colour", "Extra inputs are not permitted"),
    ('kind = "club"', "kind", "found 'club'"),
    ('countries = ["SK"]', "countries[0]", "found 'SK'"),
    ("as_of = 2020-13-45", "", "found something unreadable"),
    ('as_of = "in May"', "as_of", "found 'in May'"),
    ("[declared]\npopulation = { value = inf, source = 's' }", "declared.population.value", "inf"),
    ("[names]\nde = 'Bund'", "names.de", "found 'de'"),
    ('[[members]]\ncode = 2417112\nname = "Rajcza"', "members[0].code", "found '2417112'"),
    ('[[members]]\ncode = "241"\nname = "R"', "members[0]", "'241' is no municipality code"),
    ('[[members]]\ncode = "2417112"\nname = ""', "members[0].name", "at least 1 character"),
    (
        '[[members]]\ncode = "2417112"\nname = "R"\nrole = "boss"',
        "members[0].role",
        "found 'boss'",
    ),
]
WHOLE = 'id = "bad"\nkind = "cwd"\ncountries = ["PL"]\nsource = "s"\nas_of = "2020"\nnames = {}\n'


def where(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(problem.file, problem.field) for problem in problems]


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.mark.parametrize("path", PARTNERSHIPS, ids=lambda path: path.stem)
def test_every_partnership_of_the_repository_is_valid(path: Path) -> None:
    found, problems = read_partnerships(REPOSITORY)
    assert path.stem in {partnership.id for partnership in found}
    assert f"data/partnerships/{path.name}" not in {problem.file for problem in problems}
    municipalities, _ = read_municipalities(REPOSITORY)
    own = tuple(partnership for partnership in found if partnership.id == path.stem)
    assert check_members(own, municipalities) == []


@pytest.mark.parametrize("path", LAYERS, ids=lambda path: path.stem)
def test_every_layer_of_the_repository_is_valid(path: Path) -> None:
    found, problems = read_layer_specs(REPOSITORY)
    assert path.stem in {spec.slug for spec in found}
    assert f"layers/{path.name}" not in {problem.file for problem in problems}


def test_every_table_of_the_repository_is_valid() -> None:
    municipalities, problems = read_municipalities(REPOSITORY)
    assert problems == []
    assert municipalities.index.is_unique
    statuses, problems = read_statuses(REPOSITORY)
    assert problems == []
    assert {row.list for row in statuses} == {"ksrr", "hsou"}
    base_maps, problems = read_base_maps(REPOSITORY)
    assert problems == []
    assert len({base.slug for base in base_maps}) == len(base_maps)


def test_municipalities_are_found_by_unit_key(workspace_root: Path) -> None:
    table, problems = read_municipalities(workspace_root)
    assert problems == []
    assert table.index.tolist() == ["241711", "241714", "241709", "241707", "562777", "562858"]
    assert [unit_key(code) for code in table["code"]] == table.index.tolist()
    assert table.loc["241711", ["name", "population", "area_ha"]].tolist() == ["Rajcza", 8000, 8000]
    numbers = ["lon", "lat", "population", "area_ha", "children"]
    assert set(table[numbers].dtypes.astype(str)) == {"float64"}
    assert table.loc["241707", numbers].isna().all()
    assert table.loc["241707", "population_source"] == ""


@pytest.mark.parametrize(("text", "field", "message"), BROKEN)
def test_a_broken_partnership_is_named_and_the_others_load(
    workspace_root: Path, text: str, field: str, message: str
) -> None:
    path = workspace_root / "data/partnerships/bad.toml"
    path.write_text(text, "utf-8")
    found, problems = read_partnerships(workspace_root)
    assert {partnership.id for partnership in found} == GOOD
    told = [problem for problem in problems if problem.field.startswith(field)]
    assert {problem.file for problem in problems} == {"data/partnerships/bad.toml"}
    assert any(message in str(problem) for problem in told), [str(found) for found in problems]
    assert all(problem.severity == "error" for problem in problems)


def test_all_problems_of_all_files_are_told_at_once(workspace_root: Path) -> None:
    folder = workspace_root / "data/partnerships"
    (folder / "bad.toml").write_text('id = "Bad One"\nkind = "club"\ncolour = "red"\n', "utf-8")
    (folder / "worse.toml").write_bytes(b"\xff\xfe\x00")
    found, problems = read_partnerships(workspace_root)
    assert {partnership.id for partnership in found} == GOOD
    fields = {problem.field for problem in problems if problem.file.endswith("bad.toml")}
    assert fields >= {"id", "kind", "colour", "countries", "names", "source", "as_of"}
    assert [problem.field for problem in problems if problem.file.endswith("worse.toml")] == [""]


def test_a_file_in_another_encoding_is_refused(workspace_root: Path) -> None:
    path = workspace_root / "data/partnerships/bad.toml"
    path.write_bytes('id = "bad"\nsource = "Šluknov"\n'.encode("cp1250"))
    _, problems = read_partnerships(workspace_root)
    assert where(problems) == [("data/partnerships/bad.toml", "")]
    assert "utf-8" in str(problems[0])


def test_a_byte_order_mark_does_no_harm(workspace_root: Path) -> None:
    for name in ("data/partnerships/cz-sever.toml", "data/municipalities.csv"):
        path = workspace_root / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_partnerships(workspace_root)[1] == []
    table, problems = read_municipalities(workspace_root)
    assert (len(table), problems) == (6, [])


def test_a_huge_file_is_not_read(workspace_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "MAX_REGISTRY_BYTES", 2000)
    for name in ("data/partnerships/bad.toml", "data/status/bad.csv"):
        (workspace_root / name).write_text("#" * 2001, "utf-8")
    found, problems = read_partnerships(workspace_root)
    assert {partnership.id for partnership in found} == GOOD
    assert where(problems) == [("data/partnerships/bad.toml", "")]
    assert "2001 bytes, more than the 2000 a registry file may have" in str(problems[0])
    statuses, problems = read_statuses(workspace_root)
    assert (len(statuses), where(problems)) == (3, [("data/status/bad.csv", "")])


def test_a_member_listed_twice_is_told(workspace_root: Path) -> None:
    member = '[[members]]\ncode = "{}"\nname = "Rajcza"\n'
    text = WHOLE + member.format("2417112") + member.format("241711")
    (workspace_root / "data/partnerships/bad.toml").write_text(text, "utf-8")
    _, problems = read_partnerships(workspace_root)
    assert where(problems) == [("data/partnerships/bad.toml", "")]
    assert "members listed twice: 241711" in str(problems[0])


def test_a_copy_that_keeps_its_id_is_not_counted_twice(workspace_root: Path) -> None:
    folder = workspace_root / "data/partnerships"
    (folder / "my-own.toml").write_bytes((folder / "cz-sever.toml").read_bytes())
    found, problems = read_partnerships(workspace_root)
    assert sorted(partnership.id for partnership in found) == sorted(GOOD)
    assert where(problems) == [("data/partnerships/my-own.toml", "slug")]
    assert "to be called cz-sever.toml" in str(problems[0])


def test_a_group_leads_to_another_partnership(workspace_root: Path) -> None:
    path = workspace_root / "data/partnerships/together.toml"
    for wrong in ("pl-nobody", "together"):
        text = path.read_text("utf-8")
        path.write_text(text.replace('"pl-beskid"', f'"{wrong}"'), "utf-8")
        found, problems = read_partnerships(workspace_root)
        assert {partnership.id for partnership in found} == GOOD
        assert where(problems) == [("data/partnerships/together.toml", "groups[0].partnership")]
        assert f"found '{wrong}'" in str(problems[0])
        path.write_text(text, "utf-8")


def test_a_member_that_no_table_knows_is_told_and_stays(workspace_root: Path) -> None:
    replaced(workspace_root / "data/municipalities.csv", "PL,2417092,Milówka", "PL,2417042,Lipowa")
    municipalities, _ = read_municipalities(workspace_root)
    found, _ = read_partnerships(workspace_root)
    problems = check_members(found, municipalities)
    assert where(problems) == [("data/partnerships/pl-beskid.toml", "members[3].code")]
    assert "Milówka (2417092) is not in data/municipalities.csv" in str(problems[0])


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        ("PL,2417112,", "PL,24,", "code", "expected a municipality code of PL, found '24'"),
        ("PL,2417112,", "PL,562858,", "code", "expected a municipality code of PL, found '562858'"),
        ("PL,2417112,", "DE,2417112,", "line 2, country", "found 'DE'"),
        ("PL,2417112,Rajcza", "PL,2417112,", "line 2, name", "Field required"),
        (",8000,2024", ",eight,2024", "line 2, population", "found 'eight'"),
        (",8000,2024", ",nan,2024", "line 2, population", "finite number"),
        (",8000,2024", ",-1,2024", "line 2, population", "greater than or equal to 0"),
        ("19.05,49.45", "190.5,49.45", "line 2, lon", "less than or equal to 180"),
        (",2024-12-31,GUS,8000,", ",31.12.2024,GUS,8000,", "line 2, population_date", "31.12.2024"),
        (",200,3-5,2024,GUS", ",200,3-5,2024,GUS,x", "line 2", "expected 16 cells, found 17"),
    ],
)
def test_a_wrong_row_is_told_and_the_others_load(
    workspace_root: Path, old: str, new: str, field: str, message: str
) -> None:
    replaced(workspace_root / "data/municipalities.csv", old, new)
    table, problems = read_municipalities(workspace_root)
    assert len(table) == 5
    assert where(problems) == [("data/municipalities.csv", field)]
    assert message in str(problems[0])


def test_a_municipality_listed_twice_is_told(workspace_root: Path) -> None:
    replaced(workspace_root / "data/municipalities.csv", "PL,2417142,", "PL,241711,")
    table, problems = read_municipalities(workspace_root)
    assert table.loc["241711", "name"] == "Rajcza"
    assert "241711 is listed twice: Rajcza and Ujsoły" in str(problems[0])


def test_a_wrong_header_is_told_once_for_all_rows(workspace_root: Path) -> None:
    path = workspace_root / "data/municipalities.csv"
    replaced(path, "country,code,name,lon,lat,", "kraj,code,name,lon,lon,")
    table, problems = read_municipalities(workspace_root)
    assert table.empty
    assert where(problems) == [
        ("data/municipalities.csv", "country"),
        ("data/municipalities.csv", "line 1"),
        ("data/municipalities.csv", "line 1"),
    ]
    assert "found the unknown column 'kraj'; the columns are country, code" in str(problems[1])
    assert "found the column lon 2 times" in str(problems[2])


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_table_lacks_its_columns(workspace_root: Path, content: str) -> None:
    (workspace_root / "data/municipalities.csv").write_text(content, "utf-8")
    table, problems = read_municipalities(workspace_root)
    assert table.empty
    assert [problem.field for problem in problems] == ["country", "code", "name"]


def test_a_quote_that_is_never_closed_is_told(workspace_root: Path) -> None:
    replaced(workspace_root / "data/municipalities.csv", "2417092,Milówka", '2417092,"Milówka')
    table, problems = read_municipalities(workspace_root)
    assert table.empty
    assert where(problems) == [("data/municipalities.csv", "")]
    assert "expected CSV (UTF-8, comma)" in str(problems[0])


def test_a_table_that_is_not_there_is_told(workspace_root: Path) -> None:
    (workspace_root / "data/municipalities.csv").unlink()
    table, problems = read_municipalities(workspace_root)
    assert table.empty
    assert "expected a CSV (UTF-8, comma) file here, found none" in str(problems[0])


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        ("ksrr,2020,municipality,2417112,Rajcza,at-risk", "{}oecd", "line 2, list", "found"),
        (",at-risk,certain", ",poor,certain", "line 2, status", "found 'poor'"),
        ("municipality,2417112", "municipality,Rajcza", "line 2", "'Rajcza' is no municipality"),
        ("ksrr,2020,municipality,2417112", "ksrr,20,municipality,2417112", "line 2, year", "1990"),
    ],
)
def test_a_wrong_status_is_told_and_the_others_load(
    workspace_root: Path, old: str, new: str, field: str, message: str
) -> None:
    new = old.replace("ksrr", "oecd") if new == "{}oecd" else new
    replaced(workspace_root / "data/status/lists.csv", old, new)
    rows, problems = read_statuses(workspace_root)
    assert [row.unit for row in rows] == ["2417092", "Rumburk"]
    assert where(problems) == [("data/status/lists.csv", field)]
    assert message in str(problems[0])


def test_a_line_number_is_that_of_the_file(workspace_root: Path) -> None:
    path = workspace_root / "data/status/lists.csv"
    replaced(path, "Named.\n", '"Named\nin two lines."\n\n')
    replaced(path, "orp,Rumburk,Rumburk,at-risk", "orp,Rumburk,Rumburk,poor")
    _, problems = read_statuses(workspace_root)
    lines = path.read_text("utf-8").splitlines()
    assert lines[5].startswith("hsou")
    assert [problem.field for problem in problems] == ["line 6, status"]


def test_a_short_line_leaves_its_end_empty(workspace_root: Path) -> None:
    path = workspace_root / "data/status/lists.csv"
    path.write_text(
        "list,year,unit_kind,unit,status,source,note\n"
        "ksrr,2020,municipality,2417112,at-risk,page\n",
        "utf-8",
    )
    rows, problems = read_statuses(workspace_root)
    assert (len(rows), problems) == (1, [])


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        ('kind = "line"', 'kind = "route"', "kind", "found 'route'"),
        ('measure = "length"', 'measure = "share"', "", "needs kind = 'polygon'"),
        ("width = 3", 'width = "wide"', "style.width", "valid number"),
        ("data/themes/trails", "../trails", "file", "inside the workspace"),
        ('licence = "ODbL"\n', "", "licence", "Field required"),
    ],
)
def test_a_wrong_layer_is_told_and_the_others_load(
    workspace_root: Path, old: str, new: str, field: str, message: str
) -> None:
    replaced(workspace_root / "layers/trails.toml", old, new)
    found, problems = read_layer_specs(workspace_root)
    assert "trails" not in {spec.slug for spec in found}
    assert len(found) == 6
    assert where(problems) == [("layers/trails.toml", field)]
    assert message in str(problems[0])


def test_a_layer_without_its_file_is_told_and_stays_known(workspace_root: Path) -> None:
    (workspace_root / "data/themes/trails.geojson").unlink()
    found, problems = read_layer_specs(workspace_root)
    assert len(found) == 7
    assert where(problems) == [("layers/trails.toml", "file")]
    assert "data/themes/trails.geojson does not exist" in str(problems[0])


def test_a_layer_is_called_like_its_file(workspace_root: Path) -> None:
    (workspace_root / "layers/trails.toml").rename(workspace_root / "layers/paths.toml")
    found, problems = read_layer_specs(workspace_root)
    assert len(found) == 6
    assert where(problems) == [("layers/paths.toml", "slug")]


def test_base_maps_are_optional(workspace_root: Path) -> None:
    base_maps, problems = read_base_maps(workspace_root)
    assert ([base.slug for base in base_maps], problems) == (["osm"], [])
    path = workspace_root / "data/base_maps.toml"
    replaced(path, "https://", "http://")
    base_maps, problems = read_base_maps(workspace_root)
    assert base_maps == ()
    assert where(problems) == [("data/base_maps.toml", "base_map[0].url")]
    path.unlink()
    assert read_base_maps(workspace_root) == ((), [])


@pytest.mark.parametrize("read", [read_partnerships, read_statuses, read_layer_specs])
def test_an_empty_folder_is_no_problem(
    tmp_path: Path, read: Callable[[Path], tuple[tuple[object, ...], list[Problem]]]
) -> None:
    assert read(tmp_path) == ((), [])


def test_what_a_file_holds_is_never_a_template(workspace_root: Path) -> None:
    text = WHOLE.replace('source = "s"', 'source = "{0.__class__}"') + 'x = "{oops} {{7*7}}"\n'
    (workspace_root / "data/partnerships/bad.toml").write_text(text, "utf-8")
    _, problems = read_partnerships(workspace_root)
    assert any("found '{oops} {{7*7}}'" in problem.sentence() for problem in problems)
