"""What GDAL may never do here: follow files to other places, or use the network.

The settings work only when they are in the environment before GDAL is loaded.
"""

from __future__ import annotations

SKIPPED_DRIVERS = (
    *("OGR_VRT", "VRT", "GDALG", "GTI", "HTTP", "WFS", "OAPIF", "OGCAPI", "CSW", "GMLAS"),
    *("ADBC", "AIVector", "AmigoCloud", "Carto", "EEDA", "EEDAI", "Elasticsearch", "NGW"),
    *("PLSCENES", "LVBAG", "GPSBabel", "MongoDBv3", "MSSQLSpatial", "MySQL", "OCI", "ODBC"),
    *("PostgreSQL", "PGDUMP", "HANA", "SOSI", "PDF", "PDS4", "VICAR", "PCIDSK", "MiraMonVector"),
    *("WMS", "WMTS", "WCS", "DAAS", "PLMOSAIC", "STACIT", "STACTA", "Zarr", "TileDB", "DERIVED"),
)

DEAD_ENDS = {
    "OGR_SKIP": ",".join(SKIPPED_DRIVERS),
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_HTTP_MAX_RETRY": "0",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "GDAL_PAM_ENABLED": "NO",
    "GML_DOWNLOAD_WFS_SCHEMA": "NO",
    "GML_SKIP_RESOLVE_ELEMS": "ALL",
    # A municipality code must not lose its leading zero.
    "GML_FIELDTYPES": "ALWAYS_STRING",
}
