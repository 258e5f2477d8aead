import pytest

from geoapp.errors import FileRefusedError, GeoappError, Problem, RefusedError, RegistryError


def test_a_problem_tells_file_field_and_what_was_found() -> None:
    problem = Problem(
        "a.toml", "expected {n} digits, found {found!r}", "code", {"n": 7, "found": 3}
    )
    assert str(problem) == "a.toml: code: expected 7 digits, found 3"
    assert str(Problem("a.toml", "expected text")) == "a.toml: expected text"


def test_a_translation_takes_the_same_values() -> None:
    problem = Problem("a.csv", "found {count} rows", values={"count": 3})
    assert problem.sentence("nalezeno řádků: {count}") == "nalezeno řádků: 3"


def test_values_are_data_and_never_a_template() -> None:
    problem = Problem("a.toml", "found {found}", values={"found": "{file.__class__} {{7*7}}"})
    assert problem.sentence() == "found {file.__class__} {{7*7}}"


def test_refusing_a_file_carries_its_problem() -> None:
    problem = Problem("a.gpkg", "the file is empty")
    with pytest.raises(RefusedError, match=r"a\.gpkg: the file is empty") as caught:
        raise FileRefusedError(problem)
    assert isinstance(caught.value, GeoappError)
    assert isinstance(caught.value, FileRefusedError)
    assert caught.value.problem is problem


def test_a_registry_error_lists_every_problem() -> None:
    problems = [Problem("a.toml", "first"), Problem("b.toml", "second", "id")]
    with pytest.raises(GeoappError, match=r"^a\.toml: first\nb\.toml: id: second$") as caught:
        raise RegistryError(problems)
    assert isinstance(caught.value, RegistryError)
    assert caught.value.problems == tuple(problems)
