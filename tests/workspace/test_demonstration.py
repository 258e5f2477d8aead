"""What geoapp makes itself is in the repository, up to date, and the same on every run."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pandas as pd
import pytest
import shapely

from geoapp.core.layer import LayerSpec
from geoapp.errors import FileRefusedError
from geoapp.workspace.demonstration import write_illustration, write_schematic

REPOSITORY = Path(__file__).parents[2]
REGISTER = Path("data/municipalities.csv")
BESKIDS = ("2417112", "2417142", "2403092", "2417092", "2417152", "2417102")
THEMES = (
    "cycle-routes",
    "local-roads",
    "childcare",
    "protected-nature",
    "broadband",
    "senior-care",
)
SLUGS = ("boundaries-schematic", *THEMES)


def workspace(root: Path, *, codes: tuple[str, ...] = ()) -> Path:
    register = pd.read_csv(REPOSITORY / REGISTER, dtype=str)
    chosen = register[register["code"].isin(codes)] if codes else register
    (root / "data").mkdir(parents=True)
    chosen.to_csv(root / REGISTER, index=False)
    return root


@pytest.fixture(scope="module")
def remade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = workspace(tmp_path_factory.mktemp("remade") / "workspace")
    write_schematic(root)
    write_illustration(root)
    return root


def described(root: Path, slug: str) -> LayerSpec:
    with (root / "layers" / f"{slug}.toml").open("rb") as stream:
        return LayerSpec.model_validate(tomllib.load(stream))


def features(path: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(path.read_text(encoding="utf-8"))["features"]
    return found


@pytest.mark.parametrize("slug", SLUGS)
def test_the_description_in_the_repository_is_up_to_date(slug: str, remade: Path) -> None:
    spec = described(remade, slug)
    assert spec == described(REPOSITORY, slug)
    assert spec.slug == slug
    assert spec.schematic == (slug == "boundaries-schematic")
    assert spec.illustrative == (slug in THEMES)
    assert set(spec.names) == {"pl", "cs", "en"}


@pytest.mark.parametrize("slug", [slug for slug in SLUGS if slug != "broadband"])
def test_the_map_in_the_repository_is_up_to_date(slug: str, remade: Path) -> None:
    file = described(remade, slug).file
    made, kept = features(remade / file), features(REPOSITORY / file)
    assert [one["properties"] for one in made] == [one["properties"] for one in kept]
    shapes = [
        shapely.from_geojson([json.dumps(one["geometry"]) for one in layer])
        for layer in (made, kept)
    ]
    # Other versions of the libraries below may round otherwise: 0.0005 degrees are about 50 m.
    assert shapely.hausdorff_distance(*shapes).max() < 5e-4


def test_the_table_in_the_repository_is_up_to_date(remade: Path) -> None:
    file = described(remade, "broadband").file
    made, kept = (pd.read_csv(root / file, dtype={"code": str}) for root in (remade, REPOSITORY))
    pd.testing.assert_frame_equal(made, kept, atol=0.11)


def test_a_rerun_gives_the_same_bytes(tmp_path: Path) -> None:
    root = workspace(tmp_path / "beskids", codes=BESKIDS)
    files = write_schematic(root) + write_illustration(root)
    before = [file.read_bytes() for file in files]
    assert write_schematic(root) + write_illustration(root) == files
    assert [file.read_bytes() for file in files] == before
    assert sorted(root.glob("**/.*")) == []


def test_a_part_of_the_register_is_drawn_as_in_the_whole(tmp_path: Path, remade: Path) -> None:
    root = workspace(tmp_path / "beskids", codes=BESKIDS)
    boundaries, _ = write_schematic(root)
    whole = {
        one["properties"]["code"]: one
        for one in features(remade / "data/boundaries/schematic.geojson")
    }
    assert features(boundaries) == [whole[code] for code in sorted(BESKIDS)]


def test_files_are_listed_as_they_are_written(tmp_path: Path) -> None:
    root = workspace(tmp_path / "beskids", codes=BESKIDS)
    written = [path.relative_to(root).as_posix() for path in write_schematic(root)]
    assert written == ["data/boundaries/schematic.geojson", "layers/boundaries-schematic.toml"]
    written = [path.relative_to(root).as_posix() for path in write_illustration(root)]
    assert written[:2] == ["data/themes/cycle-routes.geojson", "layers/cycle-routes.toml"]
    assert [Path(path).stem for path in written[1::2]] == list(THEMES)


def test_geojson_is_a_line_a_feature_with_codes_as_text(remade: Path) -> None:
    lines = (remade / "data/boundaries/schematic.geojson").read_text(encoding="utf-8").splitlines()
    register = pd.read_csv(REPOSITORY / REGISTER, dtype=str)
    assert len(lines) == len(register) + 2
    codes = {json.loads(line.rstrip(","))["properties"]["code"] for line in lines[1:-1]}
    assert codes == set(register["code"])


def test_sizes_are_fit_for_a_repository(remade: Path) -> None:
    assert (remade / "data/boundaries/schematic.geojson").stat().st_size < 400_000
    assert sum(file.stat().st_size for file in (remade / "data/themes").iterdir()) < 1_500_000


def test_real_kindergartens_stand_where_none_are_made_up() -> None:
    spec = described(REPOSITORY, "kindergartens-cz")
    table = pd.read_csv(REPOSITORY / spec.file, dtype={"code": str})
    register = pd.read_csv(REPOSITORY / REGISTER, dtype={"code": str}).set_index("code")
    assert list(table.columns) == ["code", "name", "facilities", "places"]
    assert (register.loc[table["code"], "name"].to_numpy() == table["name"]).all()
    assert (table["facilities"].eq(0) == table["places"].eq(0)).all()
    assert (spec.countries, spec.complete, spec.illustrative) == (("CZ",), False, False)
    assert described(REPOSITORY, "childcare").countries == ("PL",)


def test_progress_counts_municipalities_and_themes(tmp_path: Path) -> None:
    root = workspace(tmp_path / "beskids", codes=BESKIDS)
    calls: list[tuple[int, int]] = []
    write_schematic(root, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (6, 6)
    calls.clear()
    write_illustration(root, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(done, 6) for done in range(1, 7)]


def test_a_missing_register_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match=r"data/municipalities.csv: the file is missing"):
        write_schematic(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_register_without_the_columns_is_refused(tmp_path: Path) -> None:
    root = workspace(tmp_path / "beskids", codes=BESKIDS)
    table = pd.read_csv(root / REGISTER, dtype=str).drop(columns=["population", "lat"])
    table.to_csv(root / REGISTER, index=False)
    with pytest.raises(FileRefusedError, match=r"expected column\(s\) lat, population"):
        write_illustration(root)


def test_a_register_that_is_no_text_is_refused(tmp_path: Path) -> None:
    root = workspace(tmp_path / "beskids", codes=BESKIDS)
    (root / REGISTER).write_bytes(b"code,name\n\xff\xfe\x00")
    with pytest.raises(FileRefusedError, match="expected a table in UTF-8"):
        write_schematic(root)


def test_a_file_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = workspace(tmp_path / "beskids", codes=BESKIDS)
    boundaries, _ = write_schematic(root)
    before = boundaries.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_schematic(root)
    assert boundaries.read_bytes() == before
    assert sorted(root.glob("**/.*")) == []
