"""The record of a request says what the long way through the walls says; what is not ours goes the long way."""

from __future__ import annotations

import ipaddress

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from api.kit.addresses import is_plain_ipv4, truncate_address
from api.kit.log_fields import LOG_FIELD_NAMES
from api.kit.request_record import RequestRecords
from governance.clock import ManualClock
from tests.unit.kit.test_logging import MARKER, NOON, pipeline, undone

__all__ = ["undone"]
REQUEST = {"route": "/graphql", "status": 200, "milliseconds": 1.5, "request_id": "01a20855"}


@pytest.mark.clause("1.4-a")
@pytest.mark.parametrize("address", ["203.0.113.77", "2001:db8:1:2::3", "::ffff:203.0.113.77", "", "no address"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_the_short_way_says_what_the_long_way_says(method: str, address: str) -> None:
    sink = pipeline(strict=True)
    RequestRecords(ManualClock(NOON)).write(method=method, address=address, **REQUEST)  # type: ignore[arg-type]
    structlog.get_logger("api.http").info("request", method=method, address=address, **REQUEST)
    short, long = sink.records()
    assert short == long
    assert short.keys() <= LOG_FIELD_NAMES
    assert address == "" or address not in sink.text


def test_a_console_gets_it_too() -> None:
    sink = pipeline(console=True)
    RequestRecords(ManualClock(NOON)).write(method="POST", address="203.0.113.77", **REQUEST)  # type: ignore[arg-type]
    assert all(part in sink.text for part in ("request", "203.0.113.0/24", "/graphql"))
    assert len(sink.text.splitlines()) == 1


def test_a_method_that_somebody_made_up_meets_the_walls() -> None:
    sink = pipeline()
    RequestRecords(ManualClock(NOON)).write(method=MARKER, address="", **REQUEST)  # type: ignore[arg-type]
    (record,) = sink.records()
    assert record["event"] == "request"
    assert MARKER not in sink.text


@given(
    st.ip_addresses().map(str)
    | st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){3}", fullmatch=True)
    | st.text("0123456789.:f %/\n٣", max_size=18)
)
def test_an_address_known_at_a_glance_is_one_in_its_only_spelling(text: str) -> None:
    try:
        parsed: ipaddress.IPv4Address | ipaddress.IPv6Address | None = ipaddress.ip_address(text)
    except ValueError:
        parsed = None
    assert is_plain_ipv4(text) is (isinstance(parsed, ipaddress.IPv4Address) and str(parsed) == text)
    if is_plain_ipv4(text):
        assert truncate_address(text) == str(ipaddress.ip_network(f"{text}/24", strict=False))
