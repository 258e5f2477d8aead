"""Partnerships: who works together, in which role, since when, and who says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from geoapp.core.codes import Country, county_key, unit_key
from geoapp.core.value import Value

Role = Literal["leader", "member", "at-risk", "functionally-linked", "observer"]
Kind = Literal[
    "cwd", "cwd-plus", "association", "union-of-municipalities", "agreement", "cross-border"
]
Certainty = Literal["certain", "likely", "uncertain", "stand-in"]
Language = Literal["pl", "cs", "en"]

ROLES: tuple[Role, ...] = ("leader", "at-risk", "functionally-linked", "member", "observer")

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_EDTF = r"^\d{4}(-\d{2}){0,2}~?(/\d{4}(-\d{2}){0,2}~?)?$"


def _date_text(value: object) -> object:
    """TOML has its own dates; one that is known only in part is text."""
    return value.isoformat() if isinstance(value, dt.date) else value


FuzzyDate = Annotated[str, BeforeValidator(_date_text), Field(pattern=_EDTF)]
"""A date as far as it is known (EDTF): ``2020-11-30``, ``2015``, ``2004~/2010~``."""

Names = dict[Language, str]


def name_in(names: Names, language: str) -> str:
    """Return the name in a language, else in English, else in any.

    >>> name_in({"pl": "Trasy", "en": "Routes"}, "cs")
    'Routes'
    """
    by_language: Mapping[str, str] = {str(tag): name for tag, name in names.items()}
    return by_language.get(language) or by_language.get("en") or next(iter(names.values()))


Wording = Annotated[str, Field(min_length=1)] | Annotated[Names, Field(min_length=1)]
"""A text that is told as it is in every language, or one text for each."""


def told_in(wording: Wording, language: str) -> str:
    """Return a text in a language, as `name_in` would choose it.

    >>> told_in("GUGiK", "cs"), told_in({"cs": "ČÚZK", "en": "COSMC"}, "pl")
    ('GUGiK', 'COSMC')
    """
    return wording if isinstance(wording, str) else name_in(wording, language)


class Figure(Value):
    """A number that somebody declared, with where and when."""

    value: float = Field(ge=0)
    source: str = Field(min_length=1)
    date: FuzzyDate | None = None
    note: str = ""


class Declared(Value):
    """What a partnership says of itself; area in hectares."""

    members: Figure | None = None
    population: Figure | None = None
    area_ha: Figure | None = None


class Member(Value):
    """One member: a municipality, or a body that has no municipal territory of its own.

    ``code`` is the municipality's official code; a county (powiat) has four digits. ``group``
    names the part of the partnership it belongs to, where a partnership joins whole groups.
    """

    code: str
    name: str = Field(min_length=1)
    kind: Literal["municipality", "county", "other"] = "municipality"
    role: Role = "member"
    group: str | None = Field(default=None, pattern=SLUG)
    since: FuzzyDate | None = None
    until: FuzzyDate | None = None
    certainty: Certainty = "certain"
    source: str | None = None
    note: str = ""

    @model_validator(mode="after")
    def _code_fits_kind(self) -> Self:
        if self.kind == "municipality" and unit_key(self.code) is None:
            raise ValueError(
                f"{self.code!r} is no municipality code; expected seven or six digits of TERYT "
                "or the six digits of a Czech municipality"
            )
        if self.kind == "county" and county_key(self.code) is None:
            raise ValueError(f"{self.code!r} is no county code; expected four digits")
        return self

    @property
    def unit(self) -> str | None:
        """The unit key, or None for a member that is no municipality."""
        return unit_key(self.code) if self.kind == "municipality" else None


class Group(Value):
    """A part of a partnership that joins whole agglomerations.

    ``partnership`` takes the members over from another partnership of the registry. ``note``
    says what the reader must know, such as that a published functional area stands in for a
    member list that does not exist.
    """

    slug: str = Field(pattern=SLUG)
    names: Names
    country: Country
    partnership: str | None = Field(default=None, pattern=SLUG)
    note: Names = Field(default_factory=dict)


class Partnership(Value):
    """A partnership of the registry.

    ``source`` and ``as_of`` hold for every member that does not name its own.
    """

    id: str = Field(pattern=SLUG)
    kind: Kind
    countries: tuple[Country, ...] = Field(min_length=1)
    names: Names
    short_names: Names = Field(default_factory=dict)
    description: Names = Field(default_factory=dict)
    source: str = Field(min_length=1)
    as_of: FuzzyDate
    declared: Declared = Declared()
    groups: tuple[Group, ...] = ()
    members: tuple[Member, ...] = ()

    @model_validator(mode="after")
    def _members_are_distinct(self) -> Self:
        keys = [member.unit or member.code for member in self.members]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"members listed twice: {', '.join(twice)}")
        known = {group.slug for group in self.groups}
        if lost := sorted({member.group for member in self.members if member.group} - known):
            raise ValueError(f"members belong to groups that are not listed: {', '.join(lost)}")
        if not self.members and not any(group.partnership for group in self.groups):
            raise ValueError("a partnership needs at least one member")
        return self

    def name(self, language: str, *, short: bool = False) -> str:
        """Return the name in a language, else in the partnership's own, else in any."""
        own = "cs" if self.countries[0] == "CZ" else "pl"
        chosen = self.short_names if short and self.short_names else self.names
        return chosen.get(language) or chosen.get(own) or next(iter(chosen.values()), self.id)  # type: ignore[call-overload]


def resolve_groups(partnerships: tuple[Partnership, ...]) -> tuple[Partnership, ...]:
    """Fill each group that names another partnership with that one's municipalities.

    Roles are not carried over: who leads an agglomeration does not lead the partnership it joined.
    A municipality that is already listed keeps its own entry; one that several groups bring
    comes with the first of them.
    """
    by_id = {partnership.id: partnership for partnership in partnerships}
    return tuple(_with_groups(partnership, by_id) for partnership in partnerships)


def _with_groups(partnership: Partnership, by_id: dict[str, Partnership]) -> Partnership:
    members = {member.unit or member.code: member for member in partnership.members}
    for group in partnership.groups:
        if group.partnership not in by_id:
            continue
        whole = by_id[group.partnership]
        for member in whole.members:
            if member.unit and member.unit not in members:
                source = member.source or whole.source
                members[member.unit] = member.model_copy(
                    update={"group": group.slug, "role": "member", "source": source}
                )
    return partnership.model_copy(update={"members": tuple(members.values())})
