from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geoapp.errors import FileRefusedError
from geoapp.sources import flows as flows_module
from geoapp.sources.flows import read_employed, read_flows
from geoapp.sources.gate import GateLimits

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A function that writes bytes or text into a new file and returns its path."""

    def put(content: str | bytes, name: str = "flows.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return put


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_recognised(write: Write, separator: str) -> None:
    rows = ["origin,destination,flow", "0201,0202,12", "0202,0201,7"]
    flows = read_flows(write("\n".join(rows).replace(",", separator)))
    assert flows.codes == ("0201", "0202")
    assert flows.matrix.toarray().tolist() == [[0, 12], [7, 0]]
    assert flows.source == "flows.csv"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250", "iso-8859-2", "utf-16"])
def test_names_are_read_in_any_usual_encoding(write: Write, encoding: str) -> None:
    text = "origin;destination;flow\nŻywiec;Węgierska Górka;12\nŻywiec;Łodygowice;7\n"
    flows = read_flows(write(text.encode(encoding)))
    assert flows.codes == ("Węgierska Górka", "Łodygowice", "Żywiec")


def test_other_columns_may_be_named(write: Write) -> None:
    path = write("RES,name,POW,TotalFlow\n1,x,2,30\n")
    flows = read_flows(path, columns={"origin": "res", "destination": "POW", "flow": "TotalFlow"})
    assert flows.matrix[0, 1] == 30


def test_quoted_cells_and_windows_lines(write: Write) -> None:
    flows = read_flows(write('"origin","destination","flow"\r\n"A, upper","B","3"\r\n'))
    assert flows.codes == ("A, upper", "B")


def test_workbooks_keep_codes_that_are_text(tmp_path: Path) -> None:
    path = tmp_path / "flows.xlsx"
    rows = {"origin": ["0201", "0202"], "destination": ["0202", "0201"], "flow": [3, None]}
    pd.DataFrame(rows).to_excel(path, index=False)
    flows = read_flows(path)
    assert flows.codes == ("0201", "0202")
    assert flows.suppressed == 1


def test_parquet_keeps_numbers(tmp_path: Path) -> None:
    path = tmp_path / "flows.parquet"
    rows = {"origin": [10, 9], "destination": [9.0, 10.0], "flow": [3.5, np.nan]}
    pd.DataFrame(rows).to_parquet(path, index=False)
    flows = read_flows(path)
    assert flows.codes == ("9", "10")
    assert flows.matrix[1, 0] == 3.5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty"),
        ("a,b,c\n1,2,3\n", "expected the columns origin, destination and flow, found a, b, c"),
        ("origin,destination\n1,2\n", "found origin, destination"),
        ("origin,destination,flow\n", "no rows"),
        ("origin,destination,flow,flow\n1,2,3,4\n", "more than once"),
        ("origin,destination,flow\n1,2\n", "Expected 3 columns, got 2"),
        ("origin,destination,flow\n1,2,-3\n", "negative flow in row 2"),
        (b"origin,destination,flow\n1,2,3\n1,\x00\x01,4\n", "no usable code|no known format"),
        ('{"type": "FeatureCollection", "features": []}', "found geojson"),
        (b"PK\x03\x04nothing", "zip archive that is broken"),
        ("<html></html>", "a web page"),
        ("x" * 50_000 + "\n1,2,3\n", "names of the columns in the first line"),
    ],
)
def test_what_is_no_flow_table_is_refused(write: Write, content: str | bytes, message: str) -> None:
    with pytest.raises(FileRefusedError, match=message):
        read_flows(write(content))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match=r"none\.csv: There is no such file"):
        read_flows(tmp_path / "none.csv")


def test_large_files_are_refused_before_they_are_read(write: Write) -> None:
    path = write("origin,destination,flow\n" + "1,2,3\n" * 1000)
    with pytest.raises(FileRefusedError, match="at most 0 MB"):
        read_flows(path, limits=GateLimits(file_bytes=1000))


def test_many_rows_are_refused_before_they_are_read(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows_module, "MOST_ROWS", 10)
    with pytest.raises(FileRefusedError, match="has 12 rows; at most 10"):
        read_flows(write("origin,destination,flow\n" + "1,2,3\n" * 11))


def test_a_packed_workbook_is_not_unpacked(tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    with pytest.raises(FileRefusedError, match="not opened"):
        read_flows(path)


def test_one_endless_line_is_refused_at_once(write: Write) -> None:
    with pytest.raises(FileRefusedError, match="names of the columns in the first line"):
        read_flows(write("x" * 3_000_000 + "ż\n1,2,3\n"))


def test_known_codes_and_employed_residents_are_passed_on(write: Write) -> None:
    flows = read_flows(
        write("origin,destination,flow\n1,2,30\n1,9,5\n2,1,5\n"),
        known={"1", "2"},
        employed={"1": 100.0, "2": 50.0},
    )
    assert flows.internal.tolist() == [70, 45]


def test_employed_residents_by_code(write: Write) -> None:
    path = write("Code;Residents;name\n01;100;A\n02;;B\n03;7.5;C\n", "residents.csv")
    assert read_employed(path) == {"01": 100.0, "03": 7.5}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("code,people\n1,2\n", "residents is missing"),
        ("code,residents\n1,2\n1,3\n", "code 1 is listed twice"),
        ("code,residents\n1,2\n2,many\n", "Row 3 has 'many' residents"),
        ("code,residents\n1,-2\n", "Row 2 has '-2' residents"),
    ],
)
def test_bad_residents_are_refused(write: Write, content: str, message: str) -> None:
    with pytest.raises(FileRefusedError, match=message):
        read_employed(write(content, "residents.csv"))
