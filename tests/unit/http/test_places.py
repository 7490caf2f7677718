from __future__ import annotations

import pytest

from api.http.places import Places, TooManyConnections


def test_places_are_counted_by_owner() -> None:
    places = Places(2, status=503)
    with places.taken("a"), places.taken("a"), places.taken("b"):
        with pytest.raises(TooManyConnections) as refused, places.taken("a"):
            pass
        assert refused.value.status == 503
        assert (places.count("a"), places.count("b")) == (2, 1)
    assert places.count("a") == 0


def test_a_place_is_left_after_an_error() -> None:
    places = Places(1)
    for _ in range(2):
        with pytest.raises(ValueError, match="x"), places.taken("a"):
            raise ValueError("x")
