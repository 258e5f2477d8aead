"""The only door to GDAL in this process: pyogrio with its dangerous drivers switched off.

Drivers are left out when GDAL is loaded, so the settings below must be made before pyogrio is
imported for the first time; therefore nothing else may import it.
"""

from __future__ import annotations

import os

from geoapp.dead_ends import DEAD_ENDS

os.environ.update(DEAD_ENDS)
# GDAL complains on stderr about each of these drivers that this build does not have.
os.environ["CPL_LOG"] = os.devnull

import pyogrio  # the settings above must come first
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError

del os.environ["CPL_LOG"]

__all__ = ["GDAL_ERRORS", "pyogrio"]

# A RuntimeError is what GDAL itself raises, a LookupError an encoding Python does not know.
GDAL_ERRORS = (
    DataSourceError,
    DataLayerError,
    FeatureError,
    FieldError,
    LookupError,
    RuntimeError,
    ValueError,
)
