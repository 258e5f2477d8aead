"""Made-up themes for any municipalities, to show what the map can do where no data is at hand.

Every function is pure and takes a table of municipalities (columns code, name, lon, lat in
EPSG:4326 and population) and boundaries (columns unit and geometry, any CRS). It gives the same
result on every run. Features carry a ``key`` that is unique within the layer and a ``name`` in the
language of the country that says that it is made up. Coordinates have five decimals (about 1 m).
"""

from geoapp.core.illustration.nature import protected_nature
from geoapp.core.illustration.routes import cycle_routes, local_roads
from geoapp.core.illustration.services import broadband, childcare, senior_care

__all__ = [
    "broadband",
    "childcare",
    "cycle_routes",
    "local_roads",
    "protected_nature",
    "senior_care",
]
