"""Renderers of a map specification."""
