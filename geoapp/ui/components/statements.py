"""The statements of the About page: heading and paragraphs, translated where they are shown."""

from __future__ import annotations

from geoapp.core.phrases import mark

Statement = tuple[str, tuple[str, ...]]

PURPOSE: Statement = (
    mark("What this is for"),
    (
        mark(
            "Municipalities in Poland and Czechia form partnerships and plan together: cycle "
            "routes, local roads, childcare, nature, digitisation, care for the elderly. This app "
            "shows the partnerships on a map, grouped by partnership, marginalisation status, role "
            "or country, with themes and figures for each municipality."
        ),
        mark(
            "It works without any foreign request: nothing is loaded from other hosts unless you "
            "choose a background map."
        ),
    ),
)
METHOD: Statement = (
    mark("Method"),
    (
        mark(
            "Schematic borders are drawn by the app itself from the seat and the official area of "
            "each municipality: the areas are true, the shapes and the course of the borders are "
            "invented. Real borders replace them as soon as they are added."
        ),
        mark(
            "Figures of residents and area are official ones, with source and date. Areas measured "
            "on real borders stand beside them and are never taken from schematic borders."
        ),
        mark(
            "Lengths inside a municipality are measured along the ellipsoid after cutting lines at "
            "the border. A facility on a common border counts once. Shares of area count land that "
            "several polygons cover once."
        ),
        mark(
            "Unknown stays unknown: it is shown as a dash, left out of sums, and the sum says how "
            "many municipalities it leaves out. Illustrative themes are made up to show what the "
            "map can do; they are labelled wherever they appear."
        ),
        mark(
            "Marginalisation status joins the Polish list (areas at risk of permanent "
            "marginalisation, KSRR) and the Czech one (economically and socially endangered areas, "
            "HSOÚ, by administrative district) in one vocabulary, as far as they are published."
        ),
    ),
)
ACCESSIBILITY: Statement = (
    mark("Accessibility statement"),
    (
        mark(
            "This app aims at WCAG 2.1 level AA. The areas of the map can be reached and selected "
            "with the keyboard, groups differ in pattern as well as in colour, and a table with "
            "the same figures stands beside every map."
        ),
        mark(
            "Known limits: parts of the framework the app is built with (menus and lists of "
            "choices) speak English; large context layers are drawn as a picture and are reached "
            "through search and table instead of the keyboard."
        ),
        mark(
            "Tell the office that runs this app if you cannot use a part of it; it can give you "
            "the same data as a table."
        ),
    ),
)
LICENCES: Statement = (
    mark("Licences"),
    (
        mark(
            "The app is free software under the MIT licence. It contains Leaflet 1.9.4 "
            "(BSD 2-Clause). The licence of each layer stands on the page Data."
        ),
    ),
)
