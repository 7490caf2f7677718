"""What the log of this process would hold, as text: every record through the real pipeline."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog


@contextmanager
def captured_log() -> Iterator[io.StringIO]:
    """Collect what is logged in the block, in the form in which operators get it."""
    root = logging.getLogger()
    (formatter,) = {
        one.formatter for one in root.handlers if isinstance(one.formatter, structlog.stdlib.ProcessorFormatter)
    }
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(formatter)
    root.addHandler(handler)
    try:
        yield text
    finally:
        root.removeHandler(handler)
