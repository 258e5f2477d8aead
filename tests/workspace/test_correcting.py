from __future__ import annotations

import csv
import io
import threading
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geoapp.core.checked import check_layer
from geoapp.core.joining import unjoined
from geoapp.errors import FileRefusedError
from geoapp.sources.gdal import write_flatgeobuf
from geoapp.sources.layer_file import read_file
from geoapp.sources.registry import read_layer_specs
from geoapp.workspace.add import add_boundaries, add_theme
from geoapp.workspace.correcting import (
    corrections_for_reader,
    kept_corrections,
    known_municipalities,
    layer_corrections,
)
from geoapp.workspace.uploading import Said, add_upload

CARE = """\
kod;nazwa;miejsca
2417112;Rajcza;dużo
2417812;Ujsoły;3
2417142;=1+1;-
2417092;a;1
2417072;b;2
"""


@pytest.fixture
def care(tmp_path: Path) -> Path:
    path = tmp_path / "care.csv"
    path.write_text(CARE, encoding="utf-8")
    return path


def rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def test_corrections_lie_beside_the_layer_and_go_with_it(
    workspace_root: Path, care: Path, tmp_path: Path
) -> None:
    added = add_theme(workspace_root, "homes", care)
    assert added.files == (
        "data/themes/homes.csv",
        "data/themes/homes.corrections.csv",
        "layers/homes.toml",
    )
    kept = kept_corrections(workspace_root, added.spec)
    assert kept[["feature", "kind", "before"]].astype(object).to_numpy().tolist() == [
        [1, "number", "dużo"],
        [2, "code-unknown", ""],
        [3, "number", "-"],
    ]
    assert kept["name"].tolist() == ["Rajcza", "Ujsoły", "=1+1"]
    clean = tmp_path / "clean.csv"
    clean.write_text("kod;nazwa;miejsca\n2417112;Rajcza;4\n", encoding="utf-8")
    again = add_theme(workspace_root, "homes", clean, replace=True)
    assert again.removed == ("data/themes/homes.corrections.csv",)
    assert kept_corrections(workspace_root, again.spec).empty


def test_every_mended_feature_is_named(workspace_root: Path, tmp_path: Path) -> None:
    bow = shapely.Polygon([(19, 49.4), (19.1, 49.5), (19.1, 49.4), (19, 49.5), (19, 49.4)])
    good = [shapely.box(19.1 + n / 100, 49.4, 19.11 + n / 100, 49.5) for n in range(25)]
    frame = gpd.GeoDataFrame(
        {"kod": ["2417112", *[f"2418{n:02d}2" for n in range(1, 26)]], "nazwa": "x\x1b"},
        geometry=[bow, *good],
        crs="EPSG:4326",
    )
    write_flatgeobuf(frame, tmp_path / "a.fgb")
    added = add_boundaries(workspace_root, tmp_path / "a.fgb")
    kept = kept_corrections(workspace_root, added.spec)
    assert kept["kind"].value_counts().to_dict() == {"control": 26, "invalid": 1}
    bowtie = kept[kept["kind"] == "invalid"].iloc[0]
    assert (bowtie["code"], bowtie["before"]) == ("2417112", "Self-intersection")
    assert (bowtie["lon"], bowtie["lat"]) == pytest.approx((19.05, 49.45))
    # the message names twenty of them, the file all
    assert "(+" not in kept.to_csv()


def test_layers_put_there_by_hand_have_corrections_too(workspace_root: Path) -> None:
    (workspace_root / "data/themes/care.csv").write_text(
        "code,name,places\n2417112,Dom A,many\nabc,Dom B,3\n", encoding="utf-8"
    )
    spec = next(spec for spec in read_layer_specs(workspace_root)[0] if spec.slug == "care")
    assert kept_corrections(workspace_root, spec).empty
    assert layer_corrections(workspace_root, spec)["kind"].tolist() == ["number", "code-left-out"]
    told = rows(corrections_for_reader(workspace_root, spec, "en"))
    assert told[0][:5] == ["Feature", "Code", "Name", "Found", "Done"]
    assert told[1][3:5] == ["no number", "counts as unknown"]


def test_what_was_told_when_adding_is_told_once(workspace_root: Path, care: Path) -> None:
    spec = add_theme(workspace_root, "homes", care).spec
    assert len(layer_corrections(workspace_root, spec)) == 3


def test_a_file_of_other_content_beside_a_layer_is_no_report(
    workspace_root: Path, care: Path
) -> None:
    spec = add_theme(workspace_root, "homes", care).spec
    beside = workspace_root / "data/themes/homes.corrections.csv"
    for content in (b"\xff\xfe\x00", b"a,b\n1,2\n", b"", b"feature\nx\n"):
        beside.write_bytes(content)
        assert kept_corrections(workspace_root, spec).empty


def test_codes_that_are_no_longer_in_use_lead_to_the_present_one(
    workspace_root: Path, tmp_path: Path
) -> None:
    registry = workspace_root / "data/municipalities.csv"
    head, first, *others = registry.read_text("utf-8").splitlines()
    lines = [f"{head},former_codes", f"{first},2417992 2417982", *(f"{line}," for line in others)]
    registry.write_text("\n".join(lines) + "\n", encoding="utf-8")
    known = known_municipalities(workspace_root)
    assert known.former == {"241799": "241711", "241798": "241711"}
    assert "241708" in known.table.index  # from the borders alone
    (tmp_path / "a.csv").write_text("kod,udzial\n2417992,1\n2417142,2\n", encoding="utf-8")
    added = add_theme(workspace_root, "share", tmp_path / "a.csv")
    told = [problem.problem().sentence() for problem in added.report.problems]
    assert told == ["1 codes are no longer in use; what they became: 2417992 → 2417112 Rajcza."]
    checked = check_layer(read_file(workspace_root, added.spec), added.spec)
    assert [problem.values["count"] for problem in unjoined(checked, known)] == [1]


def test_uploads_of_one_moment_do_not_meet(workspace_root: Path) -> None:
    ends: list[object] = []

    def upload() -> None:
        try:
            said = Said(source="me")
            added = add_upload(workspace_root, "a.csv", CARE.encode(), theme="homes", said=said)
            ends.append(added.spec.source)
        except FileRefusedError as error:
            ends.append(error.problem.text[:26])

    threads = [threading.Thread(target=upload) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, ends)) == ["me", *["there is such a layer or i"] * 2]
    assert not [path for path in workspace_root.iterdir() if path.name.startswith(".")]


def test_a_workspace_that_cannot_be_written_is_told(
    workspace_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_path: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(FileRefusedError, match=r"cannot be written \(No space left on device\)"):
        add_upload(workspace_root, "a.csv", CARE.encode(), theme="homes")
    assert not list(workspace_root.rglob("homes*"))
