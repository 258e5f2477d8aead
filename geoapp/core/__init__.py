"""Values and pure functions: no files, no network, no user interface."""
