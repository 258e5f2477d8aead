import datetime as dt
import io
import zipfile

from hypothesis import given
from hypothesis import strategies as st
from pptx.oxml import parse_xml

from geoapp.maps.office_package import dated_package, written_text

CORE = (
    b'<x xmlns:dcterms="http://purl.org/dc/terms/"><dcterms:created a="b">2026-01-02T03:04:05Z'
    b"</dcterms:created><dcterms:modified>now</dcterms:modified></x>"
)


def package(moment: tuple[int, int, int, int, int, int]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as written:
        written.writestr(zipfile.ZipInfo("docProps/core.xml", moment), CORE)
        written.writestr(zipfile.ZipInfo("a.bin", moment), b"\x00modified")
    return content.getvalue()


def test_only_the_given_date_is_in_the_file() -> None:
    dated = dated_package(package((2020, 1, 1, 1, 1, 2)), dt.date(2026, 11, 22))
    assert dated == dated_package(package((2024, 5, 6, 7, 8, 10)), dt.date(2026, 11, 22))
    with zipfile.ZipFile(io.BytesIO(dated)) as opened:
        assert opened.namelist() == ["docProps/core.xml", "a.bin"]
        assert {part.date_time for part in opened.infolist()} == {(2026, 11, 22, 0, 0, 0)}
        assert opened.read("docProps/core.xml").count(b">2026-11-22T00:00:00Z<") == 2
        assert opened.read("a.bin") == b"\x00modified"


def test_a_date_before_zip_files_is_kept_inside() -> None:
    dated = dated_package(package((2020, 1, 1, 1, 1, 2)), dt.date(1939, 9, 1))
    with zipfile.ZipFile(io.BytesIO(dated)) as opened:
        assert b"1939-09-01" in opened.read("docProps/core.xml")


@given(st.text(max_size=40), st.integers(2, 30))
def test_any_text_becomes_one_line_that_xml_holds(text: str, most: int) -> None:
    line = written_text(text, most)
    assert len(line) <= most
    escaped = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert (parse_xml(f"<x>{escaped}</x>").text or "") == line
    assert "\n" not in line
    assert "\u202e" not in line
