from collections.abc import Callable

import pytest
from pydantic import ValidationError

from geoapp.core.layer import LayerSpec
from geoapp.core.partnership import told_in
from geoapp.core.theming import source_line
from geoapp.text import Text

MakeLayer = Callable[..., LayerSpec]


@pytest.mark.parametrize(
    "file",
    [
        "",
        ".",
        "/etc/passwd",
        "../secret.gpkg",
        "data/../../secret.gpkg",
        "C:/data/a.gpkg",
        "data\\a.gpkg",
        "https://host/a.gpkg",
    ],
)
def test_a_file_lies_inside_the_workspace(make_layer: MakeLayer, file: str) -> None:
    with pytest.raises(ValidationError, match="inside the workspace"):
        make_layer(file=file)


@pytest.mark.parametrize("file", ["a.gpkg", "data/themes/ścieżki rowerowe.geojson", "./a.csv"])
def test_a_file_may_have_any_name(make_layer: MakeLayer, file: str) -> None:
    assert make_layer(file=file).file == file


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"theme": "boundaries"}, "boundaries need kind = 'polygon'"),
        ({"schematic": True}, "use illustrative for a theme"),
        ({"measure": "value"}, "measure = 'value' needs kind = 'table'"),
        ({"measure": "share"}, "measure = 'share' needs kind = 'polygon'"),
        ({"measure": "count"}, "measure = 'count' needs kind = 'point' or 'table'"),
        ({"kind": "table", "measure": "length"}, "measure = 'length' needs kind = 'line'"),
    ],
)
def test_fields_fit_together(
    make_layer: MakeLayer, fields: dict[str, object], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        make_layer(**fields)


@pytest.mark.parametrize(
    ("kind", "measure"),
    [
        ("line", "length"),
        ("point", "count"),
        ("table", "count"),
        ("polygon", "share"),
        ("table", "value"),
        ("polygon", None),
    ],
)
def test_every_kind_can_be_measured(make_layer: MakeLayer, kind: str, measure: str | None) -> None:
    assert make_layer(kind=kind, measure=measure).measure == measure


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "Szlaki"),
        ("theme", "cycle routes"),
        ("names", {}),
        ("names", {"de": "Wege"}),
        ("crs", "2180"),
        ("countries", ["SK"]),
        ("source", ""),
        ("licence", ""),
        ("date", "May 2024"),
        ("columns", {"kod": "JPT_KOD_JE"}),
        ("style", {"colour": "green"}),
        ("colour", "#117733"),
    ],
)
def test_a_wrong_field_is_named(make_layer: MakeLayer, field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        make_layer(**{field: value})


@pytest.mark.parametrize(
    ("names", "language", "name"),
    [
        ({"pl": "Szlaki", "en": "Trails"}, "pl", "Szlaki"),
        ({"pl": "Szlaki", "en": "Trails"}, "cs", "Trails"),
        ({"pl": "Szlaki"}, "en", "Szlaki"),
    ],
)
def test_a_name_falls_back_to_english_then_to_any(
    make_layer: MakeLayer, names: dict[str, str], language: str, name: str
) -> None:
    assert make_layer(names=names).name(language) == name


def test_a_source_is_told_in_the_language_of_the_reader_where_it_is_known(
    make_layer: MakeLayer,
) -> None:
    spec = make_layer(source={"pl": "zliczone w urzędzie", "en": "counted by the office"})
    assert [told_in(spec.source, language) for language in ("pl", "cs")] == [
        "zliczone w urzędzie",
        "counted by the office",
    ]
    assert told_in(make_layer(source="GUGiK").source, "cs") == "GUGiK"
    assert "zliczone w urzędzie" in source_line(spec, Text("pl"))


@pytest.mark.parametrize("source", ["", {}, {"de": "Quelle"}])
def test_a_source_is_told_somehow(make_layer: MakeLayer, source: object) -> None:
    with pytest.raises(ValidationError, match="source"):
        make_layer(source=source)
