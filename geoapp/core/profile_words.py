"""The profile of a partnership in words: declared figures beside computed ones, and remarks."""

from __future__ import annotations

from geoapp.core.dates import date_text
from geoapp.core.partnership import Figure
from geoapp.core.phrases import Phrases
from geoapp.core.profile import Profile


def key_figures(profile: Profile, phrases: Phrases) -> tuple[tuple[str, str], ...]:
    """Return the figures that stand first: members, those at risk, residents and area (ha)."""
    return (
        (phrases.gettext("Known members"), phrases.number(profile.members_known)),
        (
            phrases.gettext("Members at risk of marginalisation"),
            phrases.number(profile.statuses.get("at-risk", 0)),
        ),
        (phrases.gettext("Residents"), phrases.number(profile.population.value)),
        (phrases.gettext("Official area (ha)"), phrases.number(profile.area_official_ha.value)),
    )


def profile_headings(phrases: Phrases) -> tuple[str, str, str, str]:
    """Return the headings of `profile_rows`."""
    return (
        phrases.gettext("Figure"),
        phrases.gettext("Declared"),
        phrases.gettext("From official figures"),
        phrases.gettext("Measured on real borders"),
    )


def profile_rows(profile: Profile, phrases: Phrases) -> list[tuple[str, str, str, str]]:
    """Return members, residents and area (ha): declared, official, measured; a dash is unknown."""
    unknown = phrases.number(None)
    return [
        (
            phrases.gettext("Member municipalities"),
            _declared(profile.declared.members, phrases),
            phrases.number(profile.members_known),
            unknown,
        ),
        (
            phrases.gettext("Residents"),
            _declared(profile.declared.population, phrases),
            phrases.number(profile.population.value),
            unknown,
        ),
        (
            phrases.gettext("Area (ha)"),
            _declared(profile.declared.area_ha, phrases),
            phrases.number(profile.area_official_ha.value),
            phrases.number(profile.area_computed_ha.value),
        ),
    ]


def profile_remarks(profile: Profile, phrases: Phrases) -> list[str]:
    """Return what the figures leave out, and who declared what."""
    return [
        *_missing_members(profile, phrases),
        *_missing_values(profile, phrases),
        *_sources(profile, phrases),
    ]


def _missing_members(profile: Profile, phrases: Phrases) -> list[str]:
    if not profile.members_missing:
        return []
    return [
        phrases.ngettext(
            "{n} declared member is not known by name.",
            "{n} declared members are not known by name.",
            profile.members_missing,
        )
    ]


def _missing_values(profile: Profile, phrases: Phrases) -> list[str]:
    told = []
    for total, label in (
        (profile.population, phrases.gettext("Residents")),
        (profile.area_official_ha, phrases.gettext("Official area (ha)")),
        (profile.area_computed_ha, phrases.gettext("Area measured on the borders (ha)")),
    ):
        if total.missing:
            counted = phrases.ngettext(
                "unknown for {n} municipality, which is not in the sum",
                "unknown for {n} municipalities, which are not in the sum",
                total.missing,
            )
            told.append(f"{label}: {counted}")
    return told


def _sources(profile: Profile, phrases: Phrases) -> list[str]:
    declared = profile.declared
    told = []
    for figure, label in (
        (declared.members, phrases.gettext("Member municipalities")),
        (declared.population, phrases.gettext("Residents")),
        (declared.area_ha, phrases.gettext("Area (ha)")),
    ):
        if figure is not None:
            date = date_text(figure.date, phrases)
            note = f"; {figure.note}" if figure.note else ""
            told.append(
                phrases.gettext("{name}, declared: {source}").format(
                    name=label, source=f"{figure.source}, {date}{note}"
                )
            )
    return told


def _declared(figure: Figure | None, phrases: Phrases) -> str:
    return phrases.number(None if figure is None else figure.value)
