"""Maps of partnerships of municipalities."""

__version__ = "0.1.0"
