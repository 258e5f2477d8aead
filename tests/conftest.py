"""A small workspace of real codes with square borders, and the atlas that is prepared from it."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import geopandas as gpd
import pytest
import shapely
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from geoapp.core.atlas import Atlas
from geoapp.core.layer import LayerSpec
from geoapp.core.partnership import Partnership
from geoapp.text import Text
from geoapp.workspace.opening import open_workspace
from geoapp.workspace.preparing import prepare

# a busy machine is slow, not wrong
settings.register_profile("geoapp", deadline=None)
settings.load_profile("geoapp")

REPOSITORY = Path(__file__).parents[1]

MUNICIPALITIES = """\
country,code,name,lon,lat,population,population_date,population_source,area_ha,area_date,\
area_source,orp,children,children_age,children_date,children_source
PL,2417112,Rajcza,19.05,49.45,8000,2024-12-31,GUS,8000,2025,GUGiK,,200,3-5,2024,GUS
PL,2417142,Ujsoły,19.15,49.45,4000,2024-12-31,GUS,8000.5,2025,GUGiK,,,,,
PL,2417092,Milówka,19.05,49.55,9000,2024-12-31,GUS,,,,,,,,
PL,2417072,Łodygowice,,,,,,,,,,,,,
CZ,562777,Rumburk,14.55,50.95,11000,2024-12-31,ČSÚ,2500,2025,ČSÚ,Rumburk,,,,
CZ,562858,Šluknov,14.45,50.95,5000,2024-12-31,ČSÚ,4700,2025,ČSÚ,Rumburk,,,,
"""

STATUSES = """\
list,year,unit_kind,unit,name,status,certainty,source,date,note
ksrr,2020,municipality,2417112,Rajcza,at-risk,certain,news page,2020-11-30,Named.
ksrr,2020,municipality,2417092,Milówka,not-listed,certain,news page,2020-11-30,
hsou,2019,orp,Rumburk,Rumburk,at-risk,likely,regional page,2019,
"""

BESKID = """\
id = "pl-beskid"
kind = "cwd"
countries = ["PL"]
source = "news page"
as_of = 2020-11-30
names = { pl = "Partnerstwo Beskidu", en = "Partnership of the Beskid" }
short_names = { pl = "Beskid" }

[declared]
members = { value = 5, source = "its own page", date = "2020" }
population = { value = 30000, source = "its own page" }
area_ha = { value = 30000.5, source = "its own page" }

[[members]]
code = "2417"
name = "Powiat żywiecki"
kind = "county"
role = "leader"

[[members]]
code = "2417112"
name = "Rajcza"
role = "at-risk"

[[members]]
code = "2417142"
name = "Ujsoły"
certainty = "uncertain"
note = "Named once."

[[members]]
code = "2417092"
name = "Milówka"
role = "functionally-linked"
source = "resolution of the council"

[[members]]
code = "2417072"
name = "Łodygowice"
role = "observer"
"""

SEVER = """\
id = "cz-sever"
kind = "union-of-municipalities"
countries = ["CZ"]
source = "svazekobcisever.cz"
as_of = "2004~/2010~"
names = { cs = "Svazek obcí Sever" }

[[members]]
code = "562777"
name = "Rumburk"
certainty = "likely"

[[members]]
code = "562858"
name = "Šluknov"
"""

TOGETHER = """\
id = "together"
kind = "cross-border"
countries = ["PL", "CZ"]
source = "project page"
as_of = "2018"
names = { en = "Together" }

[[groups]]
slug = "beskid"
country = "PL"
partnership = "pl-beskid"
names = { en = "Beskid" }

[[groups]]
slug = "north"
country = "CZ"
names = { en = "North" }

[[members]]
code = "562858"
name = "Šluknov"
group = "north"
role = "leader"
"""

COUNTY_ONLY = """\
id = "pl-county"
kind = "agreement"
countries = ["PL"]
source = "county page"
as_of = "2021"
names = { pl = "Powiat" }

[[members]]
code = "2417"
name = "Powiat żywiecki"
kind = "county"
"""

LAYERS = {
    "borders-pl": """\
slug = "borders-pl"
theme = "boundaries"
names = { en = "Polish borders" }
kind = "polygon"
file = "data/boundaries/pl.geojson"
source = "GUGiK"
licence = "free"
date = "2025"
precedence = 10
""",
    "borders-cz": """\
slug = "borders-cz"
theme = "boundaries"
names = { en = "Czech borders" }
kind = "polygon"
file = "data/boundaries/cz.geojson"
source = "geoapp"
licence = "CC0"
schematic = true
""",
    "trails": """\
slug = "trails"
theme = "cycle-routes"
names = { pl = "Szlaki", en = "Trails" }
kind = "line"
file = "data/themes/trails.geojson"
source = "OpenStreetMap"
attribution = "© OpenStreetMap contributors"
licence = "ODbL"
measure = "length"
style = { colour = "#117733", width = 3, dash = [6, 3] }
""",
    "nurseries": """\
slug = "nurseries"
theme = "childcare"
names = { en = "Nurseries" }
kind = "point"
file = "data/themes/nurseries.geojson"
source = "register"
licence = "free"
date = "2024"
complete = true
style = { colour = "#aa4499", shape = "square" }
""",
    "reserve": """\
slug = "reserve"
theme = "protected-nature"
names = { en = "Reserve" }
kind = "polygon"
file = "data/themes/reserve.geojson"
source = "geoapp"
licence = "CC0"
illustrative = true
complete = true
style = { colour = "#225522", pattern = "dots" }
""",
    "broadband": """\
slug = "broadband"
theme = "broadband"
names = { en = "Broadband" }
kind = "table"
file = "data/themes/broadband.csv"
columns = { code = "code", value = "share" }
measure = "value"
unit = "%"
countries = ["PL"]
source = "UKE"
licence = "free"
date = "2023"
""",
    "care": """\
slug = "care"
theme = "senior-care"
names = { en = "Care homes" }
kind = "table"
file = "data/themes/care.csv"
columns = { code = "code", places = "places" }
measure = "count"
source = "register"
licence = "free"
countries = ["PL"]
""",
}

# west, south, east, north; neighbours share whole sides
SQUARES = {
    "2417112": ("Rajcza", 19.0, 49.4, 19.1, 49.5),
    "2417142": ("Ujsoły", 19.1, 49.4, 19.2, 49.5),
    "2417092": ("Milówka", 19.0, 49.5, 19.1, 49.6),
    "2417082": ("Łękawica", 19.1, 49.5, 19.2, 49.6),
    "562858": ("Šluknov", 14.4, 50.9, 14.5, 51.0),
    "562777": ("Rumburk", 14.5, 50.9, 14.6, 51.0),
}

BROADBAND = "code,name,share\n2417112,Rajcza,41.5\n2417142,Ujsoły,73\n2417092,Milówka,\n"
CARE = "code,name,places\n2417112,Dom A,20\n2417112,Dom B,31\n2417142,Dom C,\n"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium where it is installed, else the one that Playwright brought."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def repository() -> Path:
    """The workspace that comes with geoapp."""
    return REPOSITORY


@pytest.fixture(scope="session")
def write_workspace() -> Callable[[Path], Path]:
    """A function that writes the small workspace into a folder and returns it."""
    return _write_workspace


@pytest.fixture
def workspace_root(tmp_path: Path) -> Path:
    """A copy of the small workspace that a test may change."""
    return _write_workspace(tmp_path / "workspace")


@pytest.fixture(scope="session")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    """The small workspace, prepared; shared, so it must not be changed."""
    folder = tmp_path_factory.mktemp("atlas")
    return prepare(open_workspace(_write_workspace(folder / "workspace")), store=folder / "store")


@pytest.fixture
def english() -> Text:
    """The language of the source, in which no catalogue stands between text and test."""
    return Text("en")


@pytest.fixture(scope="session")
def squares() -> gpd.GeoDataFrame:
    """Four squares of 10 km, EPSG:3035, indexed by unit key, that share their sides."""
    corners = [(0, 0), (10_000, 0), (0, 10_000), (10_000, 10_000)]
    boxes = [
        shapely.box(4_900_000 + x, 2_900_000 + y, 4_910_000 + x, 2_910_000 + y) for x, y in corners
    ]
    units = ["241711", "241714", "562777", "562858"]
    return gpd.GeoDataFrame(
        {"schematic": False}, geometry=boxes, index=units, crs="EPSG:3035"
    ).rename_axis("unit")


@pytest.fixture(scope="session")
def make_partnership() -> Callable[..., Partnership]:
    """A function that makes a Polish partnership of one member; keywords replace its fields."""

    def make(**fields: object) -> Partnership:
        plain = {
            "id": "p",
            "kind": "cwd",
            "countries": ["PL"],
            "names": {"pl": "P"},
            "source": "a source",
            "as_of": "2020",
            "members": [{"code": "2417112", "name": "Rajcza"}],
        }
        return Partnership.model_validate(plain | fields)

    return make


@pytest.fixture(scope="session")
def make_layer() -> Callable[..., LayerSpec]:
    """A function that makes the description of a line layer; keywords replace its fields."""

    def make(**fields: object) -> LayerSpec:
        plain = {
            "slug": "trails",
            "theme": "cycle-routes",
            "names": {"en": "Trails"},
            "kind": "line",
            "file": "data/themes/trails.geojson",
            "source": "a source",
            "licence": "CC0",
        }
        return LayerSpec.model_validate(plain | fields)

    return make


def _write_workspace(root: Path) -> Path:
    partnerships = {
        "pl-beskid": BESKID,
        "cz-sever": SEVER,
        "together": TOGETHER,
        "pl-county": COUNTY_ONLY,
    }
    texts = {
        "data/municipalities.csv": MUNICIPALITIES,
        "data/status/lists.csv": STATUSES,
        "data/themes/broadband.csv": BROADBAND,
        "data/themes/care.csv": CARE,
        "data/boundaries/pl.geojson": _borders("PL"),
        "data/boundaries/cz.geojson": _borders("CZ"),
        "data/themes/trails.geojson": _trails(),
        "data/themes/nurseries.geojson": _nurseries(),
        "data/themes/reserve.geojson": _reserve(),
        "data/base_maps.toml": (
            '[[base_map]]\nslug = "osm"\nname = "OpenStreetMap"\n'
            'url = "https://tile.example/{z}/{x}/{y}.png"\nattribution = "© OSM"\n'
        ),
    }
    texts |= {f"data/partnerships/{slug}.toml": text for slug, text in partnerships.items()}
    texts |= {f"layers/{slug}.toml": text for slug, text in LAYERS.items()}
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    return root


def _borders(country: str) -> str:
    polish = country == "PL"
    return _geojson(
        ({"code": code, "name": name}, shapely.box(*box))
        for code, (name, *box) in SQUARES.items()
        if code.startswith("24") == polish
    )


def _trails() -> str:
    """One line through Rajcza into Ujsoły, one within Rumburk."""
    lines = {"Soła": [(19.05, 49.45), (19.15, 49.45)], "Sever": [(14.52, 50.95), (14.58, 50.95)]}
    return _geojson(({"name": name}, shapely.LineString(line)) for name, line in lines.items())


def _nurseries() -> str:
    """Two in Rajcza, of which one does not tell its places, and one on its border with Ujsoły."""
    places = [("A", 25, 19.02, 49.42), ("B", None, 19.03, 49.43), ("C", 40, 19.1, 49.44)]
    return _geojson(
        ({"name": name, "places": count}, shapely.Point(lon, lat))
        for name, count, lon, lat in places
    )


def _reserve() -> str:
    """The western half of Rajcza, and the whole of Rumburk."""
    return _geojson(
        [
            ({"name": "West"}, shapely.box(19.0, 49.4, 19.05, 49.5)),
            ({"name": "Sever"}, shapely.box(14.5, 50.9, 14.6, 51.0)),
        ]
    )


def _geojson(features: Iterable[tuple[Mapping[str, object], shapely.Geometry]]) -> str:
    collection = [
        {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(shape)}
        for properties, shape in features
    ]
    return json.dumps({"type": "FeatureCollection", "features": collection}, ensure_ascii=False)


@pytest.fixture(scope="session")
def serving(repository: Path) -> ModuleType:
    """The module of a server of sources: it speaks the protocols of publishers on this machine."""
    path = repository / "tests/sources/remote/server.py"
    spec = importlib.util.spec_from_file_location("geoapp_tests_server", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def server(serving: ModuleType) -> Iterator[Any]:
    """A server of sources that answers nothing yet."""
    with serving.running() as served:
        yield served
