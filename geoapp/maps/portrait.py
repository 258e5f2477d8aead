"""The portrait of a partnership: what a report of a few pages tells of it, whatever its format."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Mapping, Sequence

import pandas as pd

from geoapp.core.atlas import Atlas
from geoapp.core.building import build_map, group_choice, notices
from geoapp.core.choice import Choice
from geoapp.core.dates import date_text
from geoapp.core.functional_words import LinkLine
from geoapp.core.partnership import Member, Partnership, name_in
from geoapp.core.partnership_table import partnership_rows
from geoapp.core.phrases import Phrases
from geoapp.core.profile import Profile, profile_partnership
from geoapp.core.profile_words import (
    key_figures,
    profile_headings,
    profile_remarks,
    profile_rows,
)
from geoapp.core.table import Column, Table, municipality_rows
from geoapp.core.vocabulary import CERTAINTY_NAMES, KIND_NAMES, ROLE_NAMES, STATUS_NAMES, group_name
from geoapp.core.words import map_in_words
from geoapp.maps.portrait_parts import (
    Bar,
    Facts,
    Grid,
    Heading,
    MapPage,
    Panel,
    Panels,
    Paragraph,
    Part,
    Report,
)
from geoapp.maps.portrait_sources import source_parts, theme_layers

_DRAWN_TOGETHER = (("line", "polygon"), ("point", "table"))
_MOST_COLUMNS = 5
_MOST_DENSE_COLUMNS = 9
_DENSE_FROM = 20
_MOST_PANELS = 6
_MEMBER_WEIGHTS = (2.2, 1, 1.9, 2.2, 1.1, 1.2, 1.8)
_MOST_BARS = 26
_ENDS = (16, 8)
_COMPARED = ("length_km", "share_percent", "value", "places_per_1000", "places_per_100_children")


def portrait(
    atlas: Atlas,
    partnership: Partnership,
    phrases: Phrases,
    *,
    date: dt.date,
    links: Mapping[str, Sequence[LinkLine]] | None = None,
    assurances: Sequence[str] = (),
) -> Report:
    """Return the report of a partnership.

    Parameters
    ----------
    date
        The day that stands in the report.
    links
        Links of members to stronger municipalities, strongest first, by unit key; without them
        there is no such section.
    assurances
        Sentences on what the links rest on.
    """
    overview = Choice(partnerships=(partnership.id,), group_by="role")
    profile = profile_partnership(partnership, atlas.municipalities, atlas.statuses)
    table = municipality_rows(atlas, group_choice(atlas, overview), phrases)
    kind = phrases.gettext(KIND_NAMES[partnership.kind])
    as_of = phrases.gettext("as of {date}").format(date=date_text(partnership.as_of, phrases))
    told = _notices(atlas, table, phrases)
    parts = [
        *_opening(atlas, partnership, profile, overview, phrases),
        *_members(atlas, partnership, table, profile, phrases),
        _map_page(
            atlas,
            overview,
            phrases.gettext("Members and roles"),
            phrases,
            key_figures(profile, phrases),
        ),
        *_themes(atlas, partnership, table, phrases),
        *_links(links or {}, assurances, table, phrases),
        *source_parts(atlas, partnership, table, phrases),
    ]
    return Report(
        title=partnership.name(phrases.language),
        subtitle=" · ".join([phrases.gettext("Portrait of the partnership"), kind, as_of]),
        language=phrases.language,
        date=date,
        parts=tuple(parts),
        notices=told,
    )


def _map_page(
    atlas: Atlas,
    choice: Choice,
    shows: str,
    phrases: Phrases,
    figures: tuple[tuple[str, str], ...] = (),
) -> MapPage:
    """Return a map whose title says what it shows."""
    spec = build_map(atlas, choice, phrases)
    return MapPage(spec.model_copy(update={"title": f"{spec.title}: {shows}"}), figures)


def _notices(atlas: Atlas, table: Table, phrases: Phrases) -> tuple[str, ...]:
    return notices(atlas, table.rows.index, theme_layers(atlas, table), phrases)


def _opening(
    atlas: Atlas, partnership: Partnership, profile: Profile, overview: Choice, phrases: Phrases
) -> list[Part]:
    """Return who they are, key figures, the map in words, and declared against computed."""
    about = name_in(partnership.description, phrases.language) if partnership.description else ""
    groups = [
        f"{name_in(group.names, phrases.language)}: {name_in(group.note, phrases.language)}"
        for group in partnership.groups
        if group.note
    ]
    headings, rows = profile_headings(phrases), profile_rows(profile, phrases)
    return [
        *([Paragraph(about)] if about else []),
        Facts(key_figures(profile, phrases)),
        *(Paragraph(told, warns=True) for told in groups),
        Heading(phrases.gettext("At a glance")),
        *(Paragraph(told) for told in map_in_words(atlas, overview, phrases)),
        Heading(phrases.gettext("Declared against computed")),
        Grid(
            phrases.gettext("Declared against computed"),
            headings,
            tuple(rows),
            (2, 1, 1.4, 1.4),
            frozenset({1, 2, 3}),
        ),
        *(Paragraph(told, quiet=True) for told in profile_remarks(profile, phrases)),
    ]


def _members(
    atlas: Atlas, partnership: Partnership, table: Table, profile: Profile, phrases: Phrases
) -> list[Part]:
    """Return the members with role and status, and who else belongs to the partnership."""
    by_unit = {member.unit: member for member in partnership.members if member.unit}
    statuses = atlas.statuses["status"].astype(str).to_dict()
    rows = tuple(
        _member_row(by_unit[str(unit)], row, statuses.get(unit, "unknown"), partnership, phrases)
        for unit, row in table.rows.iterrows()
    )
    headings = (
        phrases.gettext("Municipality"),
        phrases.gettext("Code"),
        phrases.gettext("Role in the partnership"),
        phrases.gettext("Marginalisation status"),
        phrases.gettext("Residents"),
        phrases.gettext("Official area (ha)"),
        phrases.gettext("Remarks"),
    )
    kept = _telling_columns(rows)
    grid = Grid(
        phrases.gettext("Members by role and status"),
        tuple(headings[place] for place in kept),
        tuple(tuple(row[place] for place in kept) for row in rows),
        tuple(_MEMBER_WEIGHTS[place] + 2 * (place == 6 and len(kept) < 6) for place in kept),
        frozenset(place for place, column in enumerate(kept) if column in (4, 5)),
    )
    return [
        Heading(phrases.gettext("Members and roles")),
        Paragraph(f"{headings[2]} – {_counted(profile.roles, ROLE_NAMES, phrases)}"),
        Paragraph(f"{headings[3]} – {_counted(profile.statuses, STATUS_NAMES, phrases)}"),
        grid,
        *(Paragraph(_other(member, phrases)) for member in profile.other_members),
    ]


def _telling_columns(rows: Sequence[tuple[str, ...]]) -> list[int]:
    """Return the columns to show: of many members, none that says the same of each."""
    kept = [place for place in range(7) if place < 6 or any(row[6] for row in rows)]
    if len(rows) < _DENSE_FROM:
        return kept
    return [place for place in kept if len({row[place] for row in rows}) > 1]


def _member_row(
    member: Member, row: pd.Series, status: str, partnership: Partnership, phrases: Phrases
) -> tuple[str, ...]:
    groups = {group.slug: name_in(group.names, phrases.language) for group in partnership.groups}
    remarks = [
        groups.get(member.group or "", ""),
        "" if member.certainty == "certain" else phrases.gettext(CERTAINTY_NAMES[member.certainty]),
        "–".join(date_text(day, phrases) for day in (member.since, member.until) if day),
        member.note,
    ]
    return (
        str(row["name"]),
        str(row["code"]),
        phrases.gettext(ROLE_NAMES[member.role]),
        group_name("status", status, phrases),
        phrases.number(_float(row["population"])),
        phrases.number(_float(row["area_ha"])),
        "; ".join(filter(None, remarks)),
    )


def _counted(counts: Mapping[str, int], names: Mapping[str, str], phrases: Phrases) -> str:
    told = [
        f"{phrases.gettext(name)}: {phrases.number(counts[slug])}"
        for slug, name in names.items()
        if slug in counts
    ]
    return "; ".join(told)


def _other(member: Member, phrases: Phrases) -> str:
    told = phrases.gettext("Also a member, without municipal territory: {name} ({role})")
    return told.format(name=member.name, role=phrases.gettext(ROLE_NAMES[member.role]))


def _themes(atlas: Atlas, partnership: Partnership, table: Table, phrases: Phrases) -> list[Part]:
    """Return maps of the themes, what they amount to in each member, and charts to compare."""
    figures = [column for column in table.columns if ":" in column.slug]
    if not figures:
        return []
    parts: list[Part] = []
    for kinds in _DRAWN_TOGETHER:
        layers = [layer for layer in theme_layers(atlas, table) if layer.spec.kind in kinds]
        if layers:
            slugs = tuple(layer.spec.slug for layer in layers)
            choice = Choice(partnerships=(partnership.id,), group_by="status", layers=slugs)
            names = ", ".join(layer.spec.name(phrases.language) for layer in layers)
            parts.append(_map_page(atlas, choice, names, phrases))
    told = phrases.gettext("A dash stands for unknown, which is never counted as zero.")
    return [
        *parts,
        Heading(phrases.gettext("Themes in each member")),
        Paragraph(told, quiet=True),
        *_theme_grids(atlas, partnership, table, figures, phrases),
        Heading(phrases.gettext("Comparison of members")),
        Paragraph(
            phrases.gettext("Hatched bars show illustrative figures, which are made up."),
            quiet=True,
        ),
        Panels(
            tuple(compared(table, column, atlas, phrases) for column in _compared_columns(figures))
        ),
    ]


def _theme_grids(
    atlas: Atlas,
    partnership: Partnership,
    table: Table,
    figures: Sequence[Column],
    phrases: Phrases,
) -> list[Part]:
    """Return tables of a few columns each, with the sums of the partnership below."""
    own = Choice(partnerships=(partnership.id,))
    sums = partnership_rows(atlas, own, phrases).rows.iloc[0]
    slugs = {column.slug for column in figures}
    shown = [
        column
        for column in figures
        # where places are known, the number of facilities says less
        if column.slug.replace(":facilities", ":places") not in slugs - {column.slug}
    ]
    parts: list[Part] = []
    most = _MOST_COLUMNS if len(table.rows) < _DENSE_FROM else _MOST_DENSE_COLUMNS
    for start, end in _shares(len(shown), most):
        parts.append(_theme_grid(table, shown[start:end], sums, phrases))
    if left_out := str(sums["incomplete"]):
        told = phrases.gettext("Sums that leave out members whose figure is unknown")
        parts.append(Paragraph(f"{told}: {left_out}", quiet=True))
    return parts


def _shares(count: int, most: int) -> list[tuple[int, int]]:
    """Return where to cut columns into as few tables of about the same width as can be."""
    tables = math.ceil(count / most)
    cuts = [round(count * place / tables) for place in range(tables + 1)]
    return list(itertools.pairwise(cuts))


def _theme_grid(table: Table, columns: Sequence[Column], sums: pd.Series, phrases: Phrases) -> Grid:
    rows = [
        (
            str(row["name"]),
            *(phrases.number(_float(row[column.slug]), column.decimals) for column in columns),
        )
        for _, row in table.rows.iterrows()
    ]
    together = tuple(
        phrases.number(_float(sums.get(column.slug)), column.decimals) for column in columns
    )
    return Grid(
        phrases.gettext("Themes in each member"),
        (phrases.gettext("Municipality"), *(column.heading for column in columns)),
        (*rows, (phrases.gettext("Partnership together"), *together)),
        (2.0, *(1.2 for _ in columns)),
        frozenset(range(1, len(columns) + 1)),
        total=True,
    )


def _compared_columns(figures: Sequence[Column]) -> list[Column]:
    fit = [column for column in figures if column.slug.split(":")[1] in _COMPARED]
    return (fit or list(figures))[:_MOST_PANELS]


def compared(table: Table, column: Column, atlas: Atlas, phrases: Phrases) -> Panel:
    """Return the bars of one figure; of many members only the highest and the lowest."""
    values = table.rows[column.slug].astype("float64")
    units = list(values.index)
    note = ""
    if len(units) > _MOST_BARS:
        ranked = values.dropna().sort_values(ascending=False, kind="stable").index
        high, low = _ENDS
        units = list(dict.fromkeys([*ranked[:high], *ranked[-low:]]))
        note = phrases.ngettext(
            "The highest and the lowest; {n} other is in the table.",
            "The highest and the lowest; {n} others are in the table.",
            len(values) - len(units),
        )
    invented = _illustrative(atlas, column.slug)
    names = table.rows["name"].astype(str).to_dict()
    bars = tuple(
        Bar(
            names[unit],
            _float(values[unit]),
            phrases.number(_float(values[unit]), column.decimals),
            hatched=str(unit) in invented,
        )
        for unit in units
    )
    return Panel(column.heading, bars, note)


def _illustrative(atlas: Atlas, slug: str) -> frozenset[str]:
    """Return the unit keys where a figure rests on made-up data."""
    what, quantity = slug.split(":")
    own = atlas.figures[
        (atlas.figures["theme"].eq(what) | atlas.figures["layer"].eq(what))
        & atlas.figures["quantity"].eq(quantity)
        & atlas.figures["value"].notna()
        & atlas.figures["illustrative"].astype(bool)
    ]
    return frozenset(own["unit"].astype(str))


def _links(
    links: Mapping[str, Sequence[LinkLine]],
    assurances: Sequence[str],
    table: Table,
    phrases: Phrases,
) -> list[Part]:
    """Return to which stronger municipalities the members are linked."""
    names = table.rows["name"].astype(str).to_dict()
    rows = tuple(
        (names[unit], " · ".join(_link(line, phrases) for line in lines) or phrases.number(None))
        for unit, lines in links.items()
        if unit in names
    )
    if not any(links.values()):
        return []
    heading = phrases.gettext("Functional links to stronger municipalities")
    return [
        Heading(heading),
        Grid(
            heading,
            (
                phrases.gettext("Municipality"),
                phrases.gettext("Strongest links, with their strength (0 to 1)"),
            ),
            rows,
            (1, 3.4),
        ),
        *(Paragraph(told, quiet=True) for told in assurances),
    ]


def _link(line: LinkLine, phrases: Phrases) -> str:
    return f"{line.name} {phrases.number(line.score, 2)}"


def _float(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and value == value else None
