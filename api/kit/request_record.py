"""The one record of each request, written without the walls of the log: none of its values can hold what somebody sent.

The rule: every value is from a closed set, a number, or made by us. What is not is sent through the walls.
"""

from __future__ import annotations

import logging
from typing import Final

import structlog

from api.kit.addresses import truncate_address
from api.kit.logging import CLOSED, log_time
from governance.clock import Clock

_NAME: Final = "api.http"
_EVENT: Final = "request"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_logger: Final = logging.getLogger(_NAME)
_walled: Final = structlog.get_logger(_NAME)


class RequestRecords:
    """Writes the records of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def write(
        self, *, method: str, route: str, status: int, milliseconds: float, address: str, request_id: str
    ) -> None:
        """Write one; `route` is a pattern of ours, `address` a whole address, which is cut to its network (1.4-a)."""
        fields = {
            "event": _EVENT,
            "method": method,
            "route": route,
            "status": status,
            "milliseconds": milliseconds,
            "address": truncate_address(address),
            "request_id": request_id,
            "logger": _NAME,
            "level": "info",
        }
        if method not in _METHODS:
            _walled.info(
                _EVENT,
                method=method,
                route=route,
                status=status,
                milliseconds=milliseconds,
                address=address,
                request_id=request_id,
            )
        elif _logger.isEnabledFor(logging.INFO):
            fields["at"] = log_time(self._clock)
            record = logging.LogRecord(_NAME, logging.INFO, __file__, 0, _EVENT, None, None)
            record.__dict__[CLOSED] = fields
            _logger.handle(record)
