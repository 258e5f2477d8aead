import math

import pytest
from pydantic import ValidationError

from geoapp.core.value import Value


class Place(Value):
    height: float


@pytest.mark.parametrize("height", [math.inf, -math.inf, math.nan])
def test_a_number_that_is_none_is_refused(height: float) -> None:
    with pytest.raises(ValidationError, match="finite number"):
        Place(height=height)


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="width"):
        Place.model_validate({"height": 1, "width": 2})
