"""The base of every value that is read from outside or handed to a renderer."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """An immutable value; unknown fields and numbers that are infinite or none are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
