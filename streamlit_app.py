"""The app in the browser. Run it with ``geoapp serve``; see `geoapp.server`."""

from geoapp.ui.app import run

run()
