"""Prepared data: immutable files named by their content."""
