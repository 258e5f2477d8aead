import pytest

from geoapp.core.dates import date_text
from geoapp.text import Text


@pytest.mark.parametrize(
    ("date", "written"),
    [
        ("2015", "2015"),
        ("2020-11-30", "2020-11-30"),
        ("2018-02/2020-12", "2018-02–2020-12"),
        ("2004~/2010~", "about 2004–2010"),
        ("2015~", "about 2015"),
        ("", "date not known"),
        (None, "date not known"),
    ],
)
def test_a_date_is_told_as_far_as_it_is_known(
    english: Text, date: str | None, written: str
) -> None:
    assert date_text(date, english) == written
