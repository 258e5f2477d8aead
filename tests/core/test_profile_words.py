from __future__ import annotations

from geoapp.core.atlas import Atlas
from geoapp.core.profile import profile_partnership
from geoapp.core.profile_words import key_figures, profile_headings, profile_remarks, profile_rows
from geoapp.text import Text


def test_declared_official_and_measured_figures_stand_side_by_side(
    atlas: Atlas, english: Text
) -> None:
    beskid = atlas.partnership("pl-beskid")
    profile = profile_partnership(beskid, atlas.municipalities, atlas.statuses)
    rows = profile_rows(profile, english)
    assert {len(row) for row in rows} == {len(profile_headings(english))}
    assert rows[0] == ("Member municipalities", "5", "4", "–")
    assert rows[1] == ("Residents", "30,000", "21,000", "–")
    assert rows[2][:3] == ("Area (ha)", "30,001", "16,001")
    assert key_figures(profile, english)[:2] == (
        ("Known members", "4"),
        ("Members at risk of marginalisation", "1"),
    )


def test_remarks_tell_what_is_missing_and_who_declared_what(atlas: Atlas, english: Text) -> None:
    beskid = atlas.partnership("pl-beskid")
    profile = profile_partnership(beskid, atlas.municipalities, atlas.statuses)
    told = profile_remarks(profile, english)
    assert told[0] == "1 declared member is not known by name."
    assert "Residents: unknown for 1 municipality, which is not in the sum" in told
    assert "Member municipalities, declared: its own page, 2020" in told
    sever = profile_partnership(atlas.partnership("cz-sever"), atlas.municipalities, atlas.statuses)
    assert not [line for line in profile_remarks(sever, english) if "declared" in line]
