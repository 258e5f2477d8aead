"""Adapters that read: registry files, vector files, tables, and the gate for untrusted files."""
