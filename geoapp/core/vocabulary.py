"""Names of the fixed terms: roles, statuses, kinds, countries, certainties, themes, figures.

Slugs are what files and addresses hold; the names here are translated where they are shown.
"""

from __future__ import annotations

from geoapp.core.phrases import Phrases, mark

ROLE_NAMES = {
    "leader": mark("Leader"),
    "at-risk": mark("Member at risk of marginalisation"),
    "functionally-linked": mark("Functionally linked member"),
    "member": mark("Member"),
    "observer": mark("Observer"),
}
STATUS_NAMES = {
    "at-risk": mark("At risk of permanent marginalisation"),
    "losing-functions": mark("Losing social and economic functions"),
    "not-listed": mark("Not listed as at risk"),
    "unknown": mark("Unknown"),
}
COUNTRY_NAMES = {"PL": mark("Poland"), "CZ": mark("Czechia")}
KIND_NAMES = {
    "cwd": mark("CWD advisory pilot"),
    "cwd-plus": mark("CWD Plus"),
    "association": mark("Association of municipalities"),
    "union-of-municipalities": mark("Voluntary union of municipalities"),
    "agreement": mark("Agreement of municipalities"),
    "cross-border": mark("Cross-border partnership"),
}
CERTAINTY_NAMES = {
    "certain": mark("certain"),
    "likely": mark("likely"),
    "uncertain": mark("uncertain"),
    "stand-in": mark("stand-in for an unknown list"),
}
LIST_NAMES = {"ksrr": mark("KSRR (Poland)"), "hsou": mark("HSOÚ (Czechia)")}
GROUPING_NAMES = {
    "partnership": mark("Partnership"),
    "status": mark("Marginalisation status"),
    "role": mark("Role in the partnership"),
    "country": mark("Country"),
}
THEME_NAMES = {
    "boundaries": mark("Municipal boundaries"),
    "cycle-routes": mark("Cycle routes"),
    "local-roads": mark("Local roads"),
    "childcare": mark("Childcare"),
    "protected-nature": mark("Protected nature"),
    "broadband": mark("Digitisation"),
    "senior-care": mark("Senior care"),
}
QUANTITY_NAMES = {
    "length_km": mark("{name} (km)"),
    "facilities": mark("{name} (facilities)"),
    "places": mark("{name} (places)"),
    "share_percent": mark("{name} (% of area)"),
    "value": mark("{name} ({unit})"),
    "places_per_1000": mark("{name} (places per 1,000 residents)"),
    "places_per_100_children": mark("{name} (places per 100 children)"),
}
CONTROL_NAMES = {
    "zoom-in": mark("Zoom in"),
    "zoom-out": mark("Zoom out"),
    "whole-area": mark("Show the whole area"),
    "fullscreen": mark("Full screen"),
    "fullscreen-exit": mark("Leave full screen"),
    "legend": mark("Legend"),
    "sources": mark("Sources"),
    "geometry-failed": mark(
        "The layer “{layer}” could not be loaded. Reload the page to try again."
    ),
    "too-large": mark("{layer}: too large for a page of its own; open it in geoapp."),
    "keyboard-help": mark(
        "Tab goes to the areas of the map, the arrow keys to the next area in that direction, "
        "Page Up and Page Down to another layer. Enter selects, Escape clears the selection."
    ),
}
"""Texts of the controls of a map, by the slug under which a renderer looks for them."""

_GROUP_NAMES = {"role": ROLE_NAMES, "status": STATUS_NAMES, "country": COUNTRY_NAMES}


def group_name(by: str, slug: str, phrases: Phrases) -> str:
    """Return the name of a group of `geoapp.core.grouping`, other than a partnership."""
    return phrases.gettext(_GROUP_NAMES[by].get(slug, slug))


def quantity_name(quantity: str, theme: str, unit: str | None, phrases: Phrases) -> str:
    """Return the heading of a figure, such as "Cycle routes (km)".

    A value without a unit is called by the theme alone.
    """
    if quantity == "value" and not unit:
        return theme
    return phrases.gettext(QUANTITY_NAMES[quantity]).format(name=theme, unit=unit or "")
